/** The passages that an answer rests on. */
import type { Citation } from './answer';
import { position } from './position';
import look from './Sources.module.css';

export function Sources({ citations, open, onOpen }: { citations: Citation[]; open: number | null; onOpen: (n: number) => void }) {
  return (
    <ul className={look.sources} aria-label="Sources">
      {citations.map((citation) => (
        <li key={citation.n}>
          <button type="button" className={look.source} aria-pressed={open === citation.n} onClick={() => onOpen(citation.n)}>
            <span className={look.n}>{citation.n}</span>
            <span className={look.title}>{citation.title}</span>
            <span className={look.where}>{[citation.heading_path.at(-1), position(citation)].filter(Boolean).join(' · ')}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
