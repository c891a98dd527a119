/** A short word with a colour of its own meaning. */
import type { ReactNode } from 'react';
import look from './Tag.module.css';

export type Tone = 'plain' | 'ok' | 'warn' | 'err' | 'accent';

export function Tag({ tone = 'plain', children, title }: { tone?: Tone; children: ReactNode; title?: string }) {
  return (
    <span className={look.tag} data-tone={tone} title={title}>
      {children}
    </span>
  );
}
