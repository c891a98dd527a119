/** The passage behind a citation: its document, its place, its words, and what stands around them. */
import { ActionIcon, Tooltip } from '@mantine/core';
import { IconChevronLeft, IconChevronRight, IconFileText } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { chunk } from '../api/queries';
import { Loaded } from '../parts/Loaded';
import { SidePanel } from '../parts/SidePanel';
import { sources } from './answer';
import type { Turn } from './conversation';
import { highlighted } from './highlight';
import { position } from './position';
import look from './Passage.module.css';

interface Props {
  id: string;
  /** The answer that cites it, and by which number. */
  opener: Turn | undefined;
  n: number | null;
  onTurn: (n: number) => void;
  onClose: () => void;
}

export function Passage({ id, opener, n, onTurn, onClose }: Props) {
  const found = useQuery(chunk(id));
  const cited = opener && n !== null ? sources(opener.answer).get(n) : undefined;
  const numbers = opener ? opener.answer.citations.map((citation) => citation.n) : [];
  const place = numbers.indexOf(n ?? -1);
  return (
    <SidePanel
      label="Passage"
      onClose={onClose}
      head={
        <>
          {n !== null && <span className={look.n}>{n}</span>}
          <span className={look.head}>Passage</span>
          {numbers.length > 1 && place >= 0 && (
            <span className={look.walk}>
              <Tooltip label="Previous source">
                <ActionIcon aria-label="Previous source" disabled={place === 0} onClick={() => onTurn(numbers[place - 1]!)}>
                  <IconChevronLeft size={16} stroke={1.7} />
                </ActionIcon>
              </Tooltip>
              <span className="num">
                {place + 1} of {numbers.length}
              </span>
              <Tooltip label="Next source">
                <ActionIcon aria-label="Next source" disabled={place === numbers.length - 1} onClick={() => onTurn(numbers[place + 1]!)}>
                  <IconChevronRight size={16} stroke={1.7} />
                </ActionIcon>
              </Tooltip>
            </span>
          )}
        </>
      }
    >
      <Loaded from={found}>
        {(passage) => (
          <div className={look.passage}>
            <div className={look.document}>
              <IconFileText size={16} stroke={1.6} aria-hidden />
              <div>
                <h2 className={look.title}>{passage.document.title}</h2>
                <p className={look.path}>{passage.document.path}</p>
              </div>
            </div>
            <dl className={look.places}>
              {passage.heading_path.length > 0 && (
                <div>
                  <dt>Section</dt>
                  <dd>{passage.heading_path.join(' › ')}</dd>
                </div>
              )}
              <div>
                <dt>Position</dt>
                <dd>
                  {position(passage)}, passage {passage.ordinal + 1} of {passage.document.chunks}
                </dd>
              </div>
            </dl>
            {passage.before && <p className={look.around}>{passage.before.text}</p>}
            <p className={look.text}>
              {highlighted(passage.text, cited?.quote).map((part) => (part.lit ? <mark key={part.text}>{part.text}</mark> : part.text))}
            </p>
            {passage.after && <p className={look.around}>{passage.after.text}</p>}
            {cited && (
              <Link to="/knowledge/$name/documents/$documentId" params={{ name: cited.knowledge, documentId: passage.document.id }} hash={passage.id} className={look.whole}>
                Open the whole document
              </Link>
            )}
          </div>
        )}
      </Loaded>
    </SidePanel>
  );
}
