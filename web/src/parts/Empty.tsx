/** A place where nothing is yet, and how to change that. */
import type { Icon } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import look from './Empty.module.css';

export function Empty({ icon: Sign, title, children, action }: { icon: Icon; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <section className={look.empty}>
      <span className={look.sign}>
        <Sign size={20} stroke={1.6} aria-hidden />
      </span>
      <h2 className={look.title}>{title}</h2>
      {children && <div className={look.words}>{children}</div>}
      {action && <div className={look.action}>{action}</div>}
    </section>
  );
}
