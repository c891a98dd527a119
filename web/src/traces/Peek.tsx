/** A look at one trace beside the list: what was asked, what was said, and what it took. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { TraceDetail } from '../api/types';
import { trace } from '../api/queries';
import { KindTile } from '../parts/KindTile';
import { kindOf } from '../parts/kinds';
import { Loaded } from '../parts/Loaded';
import { SidePanel } from '../parts/SidePanel';
import { Tag } from '../parts/Tag';
import { count, dollars, milliseconds, NONE } from '../text/numbers';
import { full } from '../text/time';
import { messages, pretty } from '../trace/messages';
import { rows, tree } from '../trace/tree';
import look from './Peek.module.css';

const SHOWN_SPANS = 12;

export function Peek({ id, onClose }: { id: string; onClose: () => void }) {
  const found = useQuery(trace(id));
  const navigate = useNavigate();
  return (
    <SidePanel
      label="Trace"
      takesFocus={false}
      onClose={onClose}
      head={
        <>
          <span className={look.name}>{found.data?.trace.name ?? 'Trace'}</span>
          <Button size="xs" className={look.open} onClick={() => void navigate({ to: '/traces/$traceId', params: { traceId: id } })}>
            Open <kbd className={look.kbd}>Enter</kbd>
          </Button>
        </>
      }
    >
      <Loaded from={found}>{(detail) => <Look detail={detail} />}</Loaded>
    </SidePanel>
  );
}

function Look({ detail: { trace, spans } }: { detail: TraceDetail }) {
  const shown = rows(tree(spans), new Set());
  const top = shown[0]?.span;
  const whole = Math.max(0.001, ...spans.map((span) => span.offset_ms + span.latency_ms));
  const failed = spans.findLast((span) => span.status === 'error' && span.status_message);
  return (
    <div className={look.look}>
      <div className={look.tags}>
        <Tag tone={trace.status === 'ok' ? 'ok' : 'err'}>{trace.status}</Tag>
        {trace.cached && <Tag tone="accent">cache</Tag>}
        {trace.declined && <Tag tone="warn">declined</Tag>}
        <span className={look.when}>{full(trace.started_at)}</span>
      </div>
      <dl className={look.facts}>
        <div>
          <dt>Latency</dt>
          <dd>{milliseconds(trace.latency_ms)}</dd>
        </div>
        <div>
          <dt>First token</dt>
          <dd>{milliseconds(trace.ttft_ms)}</dd>
        </div>
        <div>
          <dt>Tokens</dt>
          <dd>{count(trace.input_tokens + trace.output_tokens)}</dd>
        </div>
        <div>
          <dt>Cost</dt>
          <dd>{trace.unpriced && trace.cost_usd == null ? 'no price' : dollars(trace.cost_usd, { unknown: NONE })}</dd>
        </div>
      </dl>
      <Words title="Asked" text={last(top?.input, 'user') || trace.input_preview} />
      {failed ? <Words title="Failed" text={failed.status_message!} tone="err" /> : <Words title="Answered" text={last(top?.output, 'assistant') || trace.output_preview} />}
      <section>
        <h2 className={look.label}>Spans</h2>
        <ul className={look.spans}>
          {shown.slice(0, SHOWN_SPANS).map(({ span, level }) => (
            <li key={span.span_id} className={look.span}>
              <span className={look.spanName} style={{ paddingInlineStart: (level - 1) * 12 }}>
                <KindTile kind={span.kind} />
                <span>{span.name}</span>
              </span>
              <span className={look.track}>
                <span
                  data-status={span.status}
                  style={{ left: `${(span.offset_ms / whole) * 100}%`, width: `max(2px, ${(span.latency_ms / whole) * 100}%)`, background: span.status === 'error' ? 'var(--err)' : `color-mix(in srgb, ${kindOf(span.kind).color} 52%, var(--surface))` }}
                />
              </span>
              <span className={look.ms}>{milliseconds(span.latency_ms)}</span>
            </li>
          ))}
        </ul>
        {shown.length > SHOWN_SPANS && <p className={look.more}>and {count(shown.length - SHOWN_SPANS)} more</p>}
      </section>
    </div>
  );
}

function Words({ title, text, tone }: { title: string; text: string; tone?: 'err' }) {
  return (
    <section>
      <h2 className={look.label}>{title}</h2>
      <p className={look.words} data-tone={tone}>
        {text || 'Not recorded.'}
      </p>
    </section>
  );
}

/** The last words of a role; without roles the value itself. */
function last(value: unknown, role: string): string {
  if (value === null || value === undefined) return '';
  const spoken = messages(value);
  if (!spoken) return typeof value === 'string' ? value : pretty(value);
  return (spoken.findLast((message) => message.role === role) ?? spoken.at(-1))?.text ?? '';
}
