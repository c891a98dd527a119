/** The parts of one page: a strip of links, each part with its own address, and the part that is open. */
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import look from './Sections.module.css';

interface Props {
  to: '/gateway/$section' | '/usage/$section';
  label: string;
  sections: readonly { name: string; label: string }[];
  children: ReactNode;
}

export function Sections({ to, label, sections, children }: Props) {
  return (
    <div className={look.page}>
      <nav className={look.strip} aria-label={label}>
        {sections.map((one) => (
          <Link key={one.name} to={to} params={{ section: one.name }} search={{}} className={look.entry} activeProps={{ className: look.on, 'aria-current': 'page' }} activeOptions={{ includeSearch: false }}>
            {one.label}
          </Link>
        ))}
      </nav>
      <div className={look.content}>{children}</div>
    </div>
  );
}
