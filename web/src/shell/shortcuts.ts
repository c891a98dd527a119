/** Keys that work on a page. One listener; the newest page that knows a key gets it; nothing is taken from somebody who types. */
import { useEffect, useRef } from 'react';

type Act = (event: KeyboardEvent) => void;
/** A key (`j`, `Enter`, `?`), a pair (`g t`) or a chord (`mod+k`). */
export type Keys = Record<string, Act>;

const pages: { current: Keys }[] = [];
const PAIR_MS = 1200;
let first: { key: string; at: number } | null = null;

export function useShortcuts(keys: Keys): void {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    if (pages.length === 0) window.addEventListener('keydown', hear);
    pages.push(latest);
    return () => {
      pages.splice(pages.indexOf(latest), 1);
      if (pages.length === 0) window.removeEventListener('keydown', hear);
    };
  }, []);
}

function hear(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const chord = (event.ctrlKey || event.metaKey) && !event.altKey;
  if (!chord && (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey)) return;
  if (!chord && document.querySelector('[aria-modal="true"]')) return;
  if ((event.key === 'Enter' || event.key === ' ') && event.target instanceof Element && event.target.closest('a, button, summary')) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const pair = first && event.timeStamp - first.at < PAIR_MS ? `${first.key} ${key}` : null;
  first = chord ? null : { key, at: event.timeStamp };
  const act = (pair && find(pair)) || find(chord ? `mod+${key}` : key);
  if (!act) return;
  if (pair && find(pair)) first = null;
  event.preventDefault();
  act(event);
}

function find(keys: string): Act | undefined {
  return pages.findLast((page) => keys in page.current)?.current[keys];
}

/** Whether a key pressed there already has a meaning of its own. */
function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches('input, textarea, select, [role="textbox"], [role="combobox"], [role="menu"] *, [role="listbox"] *');
}
