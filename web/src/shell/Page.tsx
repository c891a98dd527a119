/** One page: where it stands, what one can do here, and its content. */
import { useEffect, type ReactNode } from 'react';
import look from './Page.module.css';

interface Props {
  /** The words of the browser's tab, and the heading unless `heading` says it better. */
  title: string;
  heading?: ReactNode;
  /** One line that says what the page is for. */
  purpose?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  /** The content scrolls by itself and fills the window. */
  filled?: boolean;
}

export function Page({ title, heading, purpose, actions, children, filled = false }: Props) {
  useEffect(() => {
    document.title = `${title} · Quarterdeck`;
  }, [title]);
  return (
    <main className={look.page}>
      <header className={look.bar}>
        <h1 className={look.heading}>{heading ?? title}</h1>
        {purpose && <p className={look.purpose}>{purpose}</p>}
        {actions && <div className={look.actions}>{actions}</div>}
      </header>
      <div id="content" tabIndex={-1} className={filled ? look.filled : look.scrolled}>
        {children}
      </div>
    </main>
  );
}
