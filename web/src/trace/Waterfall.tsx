/** The spans of a trace as an indented tree over time. Arrow keys walk, fold and unfold it. */
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useId, useMemo, useRef, useState } from 'react';
import type { Span } from '../api/types';
import { KindTile } from '../parts/KindTile';
import { kindOf } from '../parts/kinds';
import { Tag } from '../parts/Tag';
import { dollars, milliseconds } from '../text/numbers';
import { axis } from './axis';
import { rows as openRows, tree, type Row } from './tree';
import look from './Waterfall.module.css';

interface Props {
  spans: Span[];
  chosen: string;
  onChoose: (span_id: string) => void;
}

const ROW = 30;

export function Waterfall({ spans, chosen, onChoose }: Props) {
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const tops = useMemo(() => tree(spans), [spans]);
  const rows = useMemo(() => openRows(tops, folded), [tops, folded]);
  const whole = Math.max(0.001, ...spans.map((span) => span.offset_ms + span.latency_ms));
  const scroll = useRef<HTMLDivElement>(null);
  const id = useId();
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroll.current, estimateSize: () => ROW, overscan: 16 });
  const at = rows.findIndex((row) => row.span.span_id === chosen);

  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: 'auto' });
  }, [at, virtual]);

  function fold(span_id: string, shut: boolean) {
    const next = new Set(folded);
    if (shut) next.add(span_id);
    else next.delete(span_id);
    setFolded(next);
  }

  function walk(event: React.KeyboardEvent) {
    const row = rows[at];
    const to = (n: number) => rows[n] && onChoose(rows[n].span.span_id);
    switch (event.key) {
      case 'ArrowDown':
        to(Math.min(at + 1, rows.length - 1));
        break;
      case 'ArrowUp':
        to(Math.max(at - 1, 0));
        break;
      case 'Home':
        to(0);
        break;
      case 'End':
        to(rows.length - 1);
        break;
      case 'ArrowRight':
        if (row?.folds && !row.open) fold(chosen, false);
        else if (row?.open) to(at + 1);
        break;
      case 'ArrowLeft':
        if (row?.open) fold(chosen, true);
        else if (row) to(rows.findLastIndex((one, n) => n < at && one.level < row.level));
        break;
      default:
        return;
    }
    event.preventDefault();
  }

  return (
    <div className={look.waterfall}>
      <div
        ref={scroll}
        className={look.scroll}
        role="treegrid"
        aria-label="Spans"
        aria-rowcount={rows.length + 1}
        aria-colcount={4}
        aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined}
        tabIndex={0}
        onKeyDown={walk}
      >
        <div role="rowgroup" className={look.headGroup}>
          <div role="row" aria-rowindex={1} className={look.head}>
            <div role="columnheader">Span</div>
            <div role="columnheader" className={look.times}>
              <span className="visually-hidden">Time</span>
              {axis(whole).map((ms) => (
                <span key={ms} className={look.time} style={{ left: `${(ms / whole) * 100}%` }} aria-hidden>
                  {ms === 0 ? '0' : milliseconds(ms)}
                </span>
              ))}
            </div>
            <div role="columnheader" className={look.number}>
              Latency
            </div>
            <div role="columnheader" className={look.number}>
              Cost
            </div>
          </div>
        </div>
        <div role="rowgroup" className={look.body} style={{ height: virtual.getTotalSize() }}>
          <div className={look.lines} aria-hidden>
            {axis(whole).map((ms) => (
              <span key={ms} style={{ left: `${(ms / whole) * 100}%` }} />
            ))}
          </div>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index]!;
            return (
              <SpanRow
                key={row.span.span_id}
                id={`${id}-${item.index}`}
                row={row}
                n={item.index}
                top={item.start}
                whole={whole}
                chosen={row.span.span_id === chosen}
                onChoose={() => onChoose(row.span.span_id)}
                onFold={() => fold(row.span.span_id, row.open)}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

interface RowProps {
  id: string;
  row: Row;
  n: number;
  top: number;
  whole: number;
  chosen: boolean;
  onChoose: () => void;
  onFold: () => void;
}

function SpanRow({ id, row, n, top, whole, chosen, onChoose, onFold }: RowProps) {
  const { span, level } = row;
  const Chevron = row.open ? IconChevronDown : IconChevronRight;
  return (
    <div
      id={id}
      role="row"
      aria-rowindex={n + 2}
      aria-level={level}
      aria-posinset={row.place}
      aria-setsize={row.siblings}
      aria-expanded={row.folds ? row.open : undefined}
      aria-selected={chosen}
      className={look.row}
      data-status={span.status}
      style={{ transform: `translateY(${top}px)` }}
      onClick={onChoose}
      onKeyDown={() => {}}
    >
      <div role="gridcell" className={look.name} style={{ paddingInlineStart: 10 + (level - 1) * 18 }}>
        <span
          className={look.chevron}
          data-folds={row.folds}
          onClick={(event) => {
            if (!row.folds) return;
            event.stopPropagation();
            onFold();
          }}
          onKeyDown={() => {}}
          role="presentation"
        >
          {row.folds && <Chevron size={13} stroke={1.8} aria-hidden />}
        </span>
        <KindTile kind={span.kind} />
        <span className={look.label}>{span.name}</span>
        {calls(span) && <span className={look.model}>{span.model}</span>}
        {span.cached && <Tag tone="accent">cache</Tag>}
        {span.status === 'error' && <Tag tone="err">error</Tag>}
      </div>
      <div role="gridcell" className={look.track} aria-label={`from ${milliseconds(span.offset_ms)}`}>
        <Bar span={span} whole={whole} />
      </div>
      <div role="gridcell" className={look.number}>
        {milliseconds(span.latency_ms)}
      </div>
      <div role="gridcell" className={look.number}>
        {span.cost_usd == null ? <span className={look.none}>–</span> : dollars(span.cost_usd)}
      </div>
    </div>
  );
}

/** Only what calls a model shows its name; the spans above it would repeat it. */
function calls(span: Span): boolean {
  return span.model !== null && (span.kind === 'llm' || span.kind === 'embedding');
}

/** A model waits darker for its first token and streams lighter after it. What failed is hatched, so that shape says it too. */
function Bar({ span, whole }: { span: Span; whole: number }) {
  const style = {
    '--kind': kindOf(span.kind).color,
    left: `${(span.offset_ms / whole) * 100}%`,
    width: `max(3px, ${(span.latency_ms / whole) * 100}%)`,
  } as React.CSSProperties;
  const waited = span.ttft_ms != null && span.latency_ms > 0 ? Math.min(1, span.ttft_ms / span.latency_ms) : 0;
  return (
    <span className={look.bar} style={style} title={span.ttft_ms == null ? undefined : `First token after ${milliseconds(span.ttft_ms)}`}>
      {waited > 0 && <span className={look.waited} style={{ width: `${waited * 100}%` }} />}
    </span>
  );
}
