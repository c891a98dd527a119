/** The rows of the trace list; only those in view exist. */
import { IconAlertTriangle, IconBan, IconBolt, IconCheck } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import type { Trace } from '../api/types';
import { Tag } from '../parts/Tag';
import { compact, count, dollars, milliseconds } from '../text/numbers';
import { full, moment } from '../text/time';
import look from './TraceRows.module.css';

interface Props {
  rows: Trace[];
  peek: string | undefined;
  more: boolean;
  loadingMore: boolean;
  onMore: () => void;
  onPeek: (trace_id: string) => void;
  onOpen: (trace_id: string) => void;
}

const ROW = 34;
const columns = [
  { name: 'Status', className: look.status, hidden: true },
  { name: 'Time', className: look.time },
  { name: 'Request', className: look.request },
  { name: 'App', className: look.app },
  { name: 'Model', className: look.model },
  { name: 'Latency', className: look.latency },
  { name: 'Tokens', className: look.tokens },
  { name: 'Cost', className: look.cost },
];

export function TraceRows({ rows, peek, more, loadingMore, onMore, onPeek, onOpen }: Props) {
  const scroll = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroll.current, estimateSize: () => ROW, overscan: 12 });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const at = rows.findIndex((row) => row.trace_id === peek);
  const slowest = Math.max(1, ...rows.slice(0, 200).map((row) => row.latency_ms));

  useEffect(() => {
    if (more && !loadingMore && last >= rows.length - 20) onMore();
  }, [more, loadingMore, last, rows.length, onMore]);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: 'auto' });
    // Only when another row is chosen: new rows on top must not move the reader.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [peek]);

  return (
    <div ref={scroll} className={look.scroll} tabIndex={0} role="region" aria-label="Traces">
      <div role="table" aria-label="Traces" aria-rowcount={rows.length + 1} className={look.table}>
        <div role="rowgroup" className={look.headGroup}>
          <div role="row" aria-rowindex={1} className={look.head}>
            {columns.map((column) => (
              <div key={column.name} role="columnheader" className={column.className}>
                {column.hidden ? <span className="visually-hidden">{column.name}</span> : column.name}
              </div>
            ))}
          </div>
        </div>
        <div role="rowgroup" className={look.body} style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const row = rows[item.index]!;
            return (
              <Row key={row.trace_id} row={row} n={item.index} top={item.start} peeked={row.trace_id === peek} share={row.latency_ms / slowest} onPeek={() => onPeek(row.trace_id)} onOpen={() => onOpen(row.trace_id)} />
            );
          })}
        </div>
      </div>
      {loadingMore && <p className={look.more}>Loading more…</p>}
    </div>
  );
}

function Row({ row, n, top, peeked, share, onPeek, onOpen }: { row: Trace; n: number; top: number; peeked: boolean; share: number; onPeek: () => void; onOpen: () => void }) {
  return (
    <div
      role="row"
      aria-rowindex={n + 2}
      className={look.row}
      data-peeked={peeked}
      data-status={row.status}
      style={{ transform: `translateY(${top}px)` }}
      onClick={(event) => {
        // The link in the row keeps its own meaning; the rest of the row opens the look beside.
        if (!(event.target as HTMLElement).closest('a')) onPeek();
      }}
      onDoubleClick={onOpen}
      onKeyDown={() => {}}
    >
      <div role="cell" className={look.status}>
        <Status row={row} />
      </div>
      <div role="cell" className={look.time} title={full(row.started_at)}>
        {moment(row.started_at)}
      </div>
      <div role="cell" className={look.request}>
        <Link
          to="/traces/$traceId"
          params={{ traceId: row.trace_id }}
          className={look.link}
          onClick={(event) => {
            // First a look, then the page: a second click on the same row opens it.
            if (peeked || event.metaKey || event.ctrlKey || event.shiftKey) return;
            event.preventDefault();
            onPeek();
          }}
        >
          {row.input_preview || row.name}
        </Link>
        {row.cached && (
          <Tag tone="accent">
            <IconBolt size={10} stroke={2} aria-hidden />
            cache
          </Tag>
        )}
        {row.declined && <Tag tone="warn">declined</Tag>}
      </div>
      <div role="cell" className={look.app}>
        {row.app ?? row.service ?? row.name}
      </div>
      <div role="cell" className={look.model}>
        {row.model ?? '–'}
      </div>
      <div role="cell" className={look.latency}>
        <span className={look.bar} style={{ width: `${Math.max(2, share * 44)}px` }} aria-hidden />
        {milliseconds(row.latency_ms)}
      </div>
      <div role="cell" className={look.tokens} title={`${count(row.input_tokens)} in, ${count(row.output_tokens)} out`}>
        {compact(row.input_tokens + row.output_tokens)}
      </div>
      <div role="cell" className={look.cost}>
        {row.unpriced && row.cost_usd == null ? <span className={look.unpriced}>no price</span> : dollars(row.cost_usd, { unknown: '–' })}
      </div>
    </div>
  );
}

function Status({ row }: { row: Trace }) {
  if (row.status === 'error') return <IconAlertTriangle size={14} stroke={1.8} className={look.error} aria-label="Error" role="img" />;
  if (row.declined) return <IconBan size={14} stroke={1.8} className={look.declined} aria-label="Declined" role="img" />;
  return <IconCheck size={14} stroke={1.9} className={look.ok} aria-label="OK" role="img" />;
}
