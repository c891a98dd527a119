/** Tries the search that apps use: which passages come, in which order, and why. */
import { SegmentedControl, TextInput } from '@mantine/core';
import { IconSearch, IconSearchOff } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { searches } from '../api/queries';
import type { Hit } from '../api/types';
import { position } from '../ask/position';
import { Empty } from '../parts/Empty';
import { Loaded } from '../parts/Loaded';
import { useShortcuts } from '../shell/shortcuts';
import { milliseconds, plural } from '../text/numbers';
import { modes } from './address';
import { marked } from './marked';
import look from './SearchTester.module.css';

const route = getRouteApi('/house/knowledge/$name');

export function SearchTester({ name }: { name: string }) {
  const { q = '', mode = 'fused' } = route.useSearch();
  const navigate = route.useNavigate();
  const [words, setWords] = useState(q);
  const field = useRef<HTMLInputElement>(null);
  const found = useQuery({ ...searches(name, q, mode), enabled: q !== '' });
  useShortcuts({ '/': () => field.current?.focus() });
  return (
    <div className={look.tester}>
      <form
        role="search"
        className={look.bar}
        onSubmit={(event) => {
          event.preventDefault();
          void navigate({ search: (now) => ({ ...now, q: words.trim() || undefined }) });
        }}
      >
        <TextInput ref={field} className={look.field} aria-label="Search the passages" placeholder="Ask as your users would, then press Enter" leftSection={<IconSearch size={15} stroke={1.7} />} value={words} onChange={(event) => setWords(event.currentTarget.value)} autoFocus />
        <SegmentedControl
          aria-label="Search by"
          data={modes.map(({ value, label }) => ({ value, label }))}
          value={mode}
          onChange={(value) => void navigate({ search: (now) => ({ ...now, mode: value === 'fused' ? undefined : (value as typeof mode) }), replace: true })}
        />
      </form>
      {q === '' ? (
        <p className={look.hint}>The search finds passages by {modes.find((one) => one.value === mode)!.says}. An app reads the best ones and answers from nothing else.</p>
      ) : (
        <Loaded from={found} isEmpty={(data) => data.hits.length === 0} empty={<Empty icon={IconSearchOff} title="No passage found">Try other words, or search by meaning.</Empty>}>
          {(data) => (
            <>
              <p className={look.took} role="status">
                {plural(data.hits.length, 'passage')} in {milliseconds(data.took_ms)}
              </p>
              <ol className={look.hits}>
                {data.hits.map((hit, n) => (
                  <HitCard key={hit.chunk_id} name={name} hit={hit} n={n + 1} best={data.hits[0]!.score} query={q} />
                ))}
              </ol>
            </>
          )}
        </Loaded>
      )}
    </div>
  );
}

function HitCard({ name, hit, n, best, query }: { name: string; hit: Hit; n: number; best: number; query: string }) {
  return (
    <li className={look.hit}>
      <div className={look.head}>
        <span className={look.n}>{n}</span>
        <Link to="/knowledge/$name/documents/$documentId" params={{ name, documentId: hit.document_id }} hash={hit.chunk_id} className={look.title}>
          {hit.title}
        </Link>
        <span className={look.where}>{[...hit.heading_path.slice(-2), position(hit)].filter(Boolean).join(' › ')}</span>
        <span className={look.score} title="Score">
          <span className={look.bar1} aria-hidden>
            <span style={{ width: `${Math.max(4, (hit.score / (best || 1)) * 100)}%` }} />
          </span>
          {hit.score.toFixed(3)}
        </span>
      </div>
      <p className={look.text}>{marked(hit.text, query).map((part, at) => (part.hit ? <mark key={`${at}${part.text}`}>{part.text}</mark> : part.text))}</p>
      <p className={look.why}>
        {hit.text_rank != null && <span>words: rank {hit.text_rank}</span>}
        {hit.vector_rank != null && <span>meaning: rank {hit.vector_rank}</span>}
        {hit.similarity != null && <span>similarity {hit.similarity.toFixed(3)}</span>}
      </p>
    </li>
  );
}
