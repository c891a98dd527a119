/** The facts of a trace in one strip, and in plain words what it waited for. */
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { TraceDetail } from '../api/types';
import { CopyButton } from '../parts/CopyButton';
import { Tag } from '../parts/Tag';
import { When } from '../parts/When';
import { count, dollars, milliseconds, NONE } from '../text/numbers';
import { criticalPath } from './breakdown';
import look from './Facts.module.css';

export function Facts({ detail: { trace, spans } }: { detail: TraceDetail }) {
  const path = criticalPath(spans);
  return (
    <div className={look.strip}>
      <dl className={look.facts}>
        <Fact label="Latency">{milliseconds(trace.latency_ms)}</Fact>
        <Fact label="First token">{milliseconds(trace.ttft_ms)}</Fact>
        <Fact label="Cost">{trace.unpriced && trace.cost_usd == null ? <Tag tone="warn">no price</Tag> : dollars(trace.cost_usd, { unknown: NONE })}</Fact>
        <Fact label="Tokens">
          {count(trace.input_tokens)} <small>in</small> {count(trace.output_tokens)} <small>out</small>
        </Fact>
        <Fact label="Spans">{count(trace.spans)}</Fact>
        {trace.app && (
          <Fact label="App">
            <Link to="/traces" search={{ app: trace.app }}>
              {trace.app}
            </Link>
          </Fact>
        )}
        {trace.model && <Fact label="Model">{trace.model}</Fact>}
        {trace.service && !trace.app && <Fact label="Service">{trace.service}</Fact>}
        {trace.user_id && (
          <Fact label="User">
            <Link to="/traces" search={{ user: trace.user_id }}>
              {trace.user_id}
            </Link>
          </Fact>
        )}
        {trace.session_id && (
          <Fact label="Session">
            <Link to="/traces" search={{ session: trace.session_id }}>
              {trace.session_id}
            </Link>
          </Fact>
        )}
        {trace.release_id && (
          <Fact label="Release">
            <Link to="/traces" search={{ release: trace.release_id }} className="mono">
              {short(trace.release_id)}
            </Link>
            <CopyButton text={trace.release_id} label="Copy the release id" size={20} />
          </Fact>
        )}
        <Fact label="Started">
          <When at={trace.started_at} />
        </Fact>
      </dl>
      {path && (
        <p className={look.path}>
          <span>Waited for</span> {path}
        </p>
      )}
    </div>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className={look.fact}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** The first letters of a long id, as many as one can compare at a glance. */
export function short(id: string): string {
  return id.length > 16 ? `${id.slice(0, 12)}…` : id;
}
