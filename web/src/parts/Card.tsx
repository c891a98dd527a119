/** A quiet frame with a title. */
import type { ReactNode } from 'react';
import look from './Card.module.css';

export function Card({ title, note, actions, children, flush = false }: { title?: ReactNode; note?: ReactNode; actions?: ReactNode; children: ReactNode; flush?: boolean }) {
  return (
    <section className={look.card}>
      {title && (
        <header className={look.head}>
          <h2 className={look.title}>{title}</h2>
          {note && <span className={look.note}>{note}</span>}
          {actions && <div className={look.actions}>{actions}</div>}
        </header>
      )}
      <div className={flush ? undefined : look.body}>{children}</div>
    </section>
  );
}
