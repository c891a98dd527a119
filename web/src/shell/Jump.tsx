/** Ctrl K: a few letters to any page, app, knowledge base or trace. */
import { Modal } from '@mantine/core';
import { IconActivity, IconBooks, IconMessageCircle, IconMoon, IconSearch, type Icon } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useId, useRef, useState } from 'react';
import { apps, knowledgeBases } from '../api/queries';
import { sections } from '../settings/sections';
import { themes, useTheme } from '../theme/useTheme';
import { everywhere, settings } from './destinations';
import { matching } from './matching';
import look from './Jump.module.css';

interface Offer {
  label: string;
  detail: string;
  icon: Icon;
  go: () => void;
}

export default function Jump({ onClose }: { onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} withCloseButton={false} size={560} padding={0} attributes={{ content: { 'aria-label': 'Jump to' } }} classNames={{ body: look.body! }}>
      <Finder onDone={onClose} />
    </Modal>
  );
}

function Finder({ onDone }: { onDone: () => void }) {
  const [words, setWords] = useState('');
  const [chosen, setChosen] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const id = useId();
  const offers = useOffers(words.trim());
  const place = Math.min(chosen, offers.length - 1);

  useEffect(() => {
    list.current?.children[place]?.scrollIntoView({ block: 'nearest' });
  }, [place]);

  function take(offer: Offer | undefined) {
    if (!offer) return;
    onDone();
    offer.go();
  }

  function steer(event: React.KeyboardEvent) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setChosen((place + step + offers.length) % offers.length);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      take(offers[place]);
    }
  }

  return (
    <>
      <div className={look.field}>
        <IconSearch size={16} stroke={1.7} aria-hidden />
        <input
          data-autofocus
          className={look.input}
          role="combobox"
          aria-label="Jump to a page, an app, a knowledge base or a trace"
          aria-expanded
          aria-controls={`${id}-list`}
          aria-activedescendant={offers[place] ? `${id}-${place}` : undefined}
          autoComplete="off"
          spellCheck={false}
          placeholder="Jump to a page, an app or a trace id…"
          value={words}
          onChange={(event) => {
            setWords(event.currentTarget.value);
            setChosen(0);
          }}
          onKeyDown={steer}
        />
        <kbd className={look.kbd}>Esc</kbd>
      </div>
      <ul ref={list} id={`${id}-list`} className={look.list} role="listbox" aria-label="Results">
        {offers.map((offer, n) => (
          <li
            key={offer.label + offer.detail}
            id={`${id}-${n}`}
            role="option"
            aria-selected={n === place}
            className={look.offer}
            onClick={() => take(offer)}
            onKeyDown={() => {}}
            onMouseMove={() => setChosen(n)}
          >
            <offer.icon size={15} stroke={1.7} aria-hidden />
            <span>{offer.label}</span>
            <span className={look.detail}>{offer.detail}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

function useOffers(words: string): Offer[] {
  const navigate = useNavigate();
  const { set } = useTheme();
  const known = { apps: useQuery(apps()).data?.items ?? [], bases: useQuery(knowledgeBases()).data?.items ?? [] };

  const all: Offer[] = [
    ...everywhere.map((place) => ({ label: place.label, detail: place.purpose, icon: place.icon, go: () => void navigate({ to: place.to }) })),
    ...known.apps.map((app) => ({ label: `Ask ${app.name}`, detail: app.description, icon: IconMessageCircle, go: () => void navigate({ to: '/ask', search: { app: app.name } }) })),
    ...known.bases.map((base) => ({ label: base.name, detail: 'Knowledge base', icon: IconBooks, go: () => void navigate({ to: '/knowledge/$name', params: { name: base.name } }) })),
    { label: 'Failed traces', detail: 'Requests that ended in an error', icon: IconActivity, go: () => void navigate({ to: '/traces', search: { status: 'error' } }) },
    ...sections.map((section) => ({ label: section.label, detail: 'Settings', icon: settings.icon, go: () => void navigate({ to: '/settings/$section', params: { section: section.name } }) })),
    ...themes.map((theme) => ({ label: `Theme: ${theme.label}`, detail: 'Appearance', icon: IconMoon, go: () => set(theme.value) })),
  ];
  const found = matching(all, words, (offer) => `${offer.label} ${offer.detail}`);
  if (/^[0-9a-f]{16,32}$/i.test(words)) {
    found.unshift({ label: `Open trace ${words.slice(0, 8)}…`, detail: 'By its id', icon: IconActivity, go: () => void navigate({ to: '/traces/$traceId', params: { traceId: words.toLowerCase() } }) });
  } else if (words) {
    found.push({ label: `Find “${words}” in traces`, detail: 'Questions, answers and names', icon: IconSearch, go: () => void navigate({ to: '/traces', search: { q: words } }) });
  }
  return found;
}
