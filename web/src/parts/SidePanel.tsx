/** A panel at the right, as wide as the reader likes; on a phone it covers the page. `Esc` closes it and the focus goes back. */
import { ActionIcon } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useShortcuts } from '../shell/shortcuts';
import look from './SidePanel.module.css';

interface Props {
  label: string;
  head: ReactNode;
  children: ReactNode;
  onClose?: () => void;
  /** Takes the focus when it opens. A panel that follows a selection leaves it where it is. */
  takesFocus?: boolean;
}

const STORED = 'quarterdeck-panel';
const LEAST = 320;
const MOST = 760;
const USUAL = 440;

export function SidePanel({ label, head, children, onClose, takesFocus = true }: Props) {
  const [width, setWidth] = useState(() => within(Number(localStorage.getItem(STORED)) || USUAL));
  const panel = useRef<HTMLElement>(null);
  useShortcuts(onClose ? { Escape: onClose } : {});
  useEffect(() => {
    if (!takesFocus) return;
    const before = document.activeElement;
    panel.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [takesFocus]);

  function resize(to: number) {
    const wide = within(to);
    setWidth(wide);
    localStorage.setItem(STORED, String(wide));
  }

  return (
    <aside ref={panel} className={look.panel} style={{ '--wide': `${width}px` } as React.CSSProperties} aria-label={label} tabIndex={-1}>
      <div
        className={look.edge}
        role="separator"
        aria-label="Width of the panel"
        aria-orientation="vertical"
        aria-valuenow={width}
        aria-valuemin={LEAST}
        aria-valuemax={MOST}
        tabIndex={0}
        onKeyDown={(event) => {
          const step = { ArrowLeft: 24, ArrowRight: -24 }[event.key];
          if (!step) return;
          event.preventDefault();
          event.stopPropagation();
          resize(width + step);
        }}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={(event) => {
          if (event.currentTarget.hasPointerCapture(event.pointerId)) resize(panel.current!.getBoundingClientRect().right - event.clientX);
        }}
      />
      <div className={look.head}>
        <div className={look.heading}>{head}</div>
        {onClose && (
          <ActionIcon aria-label={`Close: ${label}`} onClick={onClose}>
            <IconX size={16} stroke={1.7} />
          </ActionIcon>
        )}
      </div>
      <div className={look.body} tabIndex={0} role="region" aria-label={`${label}, content`}>
        {children}
      </div>
    </aside>
  );
}

function within(width: number): number {
  return Math.round(Math.min(Math.max(width, LEAST), MOST));
}
