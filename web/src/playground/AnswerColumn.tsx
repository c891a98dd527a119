/** One column: a model, its answer as it comes, and under it what that took and cost. */
import { ActionIcon, Autocomplete, Modal, Textarea } from '@mantine/core';
import { IconCode, IconX } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { origin } from '../api/client';
import { Failure } from '../parts/Failure';
import { Snippet } from '../parts/Snippet';
import { Tag } from '../parts/Tag';
import { Told } from '../parts/Told';
import { count, dollars, milliseconds, NONE } from '../text/numbers';
import { codeOf } from './code';
import type { Run } from './answer';
import type { Best } from './best';
import { bodyOf, type Column, type Setup } from './setup';
import look from './Playground.module.css';

interface Props {
  place: number;
  setup: Setup;
  column: Column;
  offered: string[];
  run: Run | undefined;
  problem: string | undefined;
  best: Best;
  onChange: (news: Partial<Column>) => void;
  onRemove: (() => void) | undefined;
}

export function AnswerColumn({ place, setup, column, offered, run, problem, best, onChange, onRemove }: Props) {
  const [showingCode, setShowingCode] = useState(false);
  const body = bodyOf(setup, column);
  return (
    <section className={look.column} aria-label={`Column ${place}`}>
      <div className={look.head}>
        <Autocomplete aria-label={`Model of column ${place}`} placeholder="Model, alias, app or prompt:NAME" data={offered} limit={40} value={column.model} onChange={(model) => onChange({ model })} />
        <ActionIcon aria-label={`Code of column ${place}`} title="Copy as code" disabled={typeof body === 'string'} onClick={() => setShowingCode(true)}>
          <IconCode size={15} stroke={1.7} />
        </ActionIcon>
        {onRemove && (
          <ActionIcon aria-label={`Remove column ${place}`} onClick={onRemove}>
            <IconX size={15} stroke={1.7} />
          </ActionIcon>
        )}
      </div>
      {setup.separate && (
        <div className={look.head}>
          <Textarea aria-label={`Question of column ${place}`} rows={3} styles={{ input: { height: 'auto', lineHeight: 1.5, paddingBlock: 6 } }} placeholder="Ask this one…" value={column.ask} onChange={(event) => onChange({ ask: event.currentTarget.value })} />
        </div>
      )}
      <div className={look.answer} tabIndex={0} role="region" aria-label={`Answer of column ${place}`} aria-busy={run?.state === 'streaming' || run?.state === 'waiting'}>
        {problem && !run && (
          <p className={look.quiet} role="alert">
            <Told text={problem} />
          </p>
        )}
        {run ? <Answer run={run} /> : !problem && <p className={look.quiet}>Its answer will be here.</p>}
      </div>
      {run && <Foot run={run} asked={column.model} best={best} />}
      <Modal opened={showingCode} onClose={() => setShowingCode(false)} title={`Ask ${column.model} from a program`} size={680}>
        {typeof body !== 'string' && <Snippet label="The request" languages={codeOf(shortened(body), `${origin}/v1`)} />}
      </Modal>
    </section>
  );
}

function Answer({ run }: { run: Run }) {
  return (
    <>
      {run.thoughts && <p className={look.thoughts}>{run.thoughts}</p>}
      {run.text && <p className={look.text}>{run.text}</p>}
      {run.tools.map((call, n) => (
        <p key={call.name + n} className={look.call}>
          <code>
            {call.name}({call.arguments})
          </code>
        </p>
      ))}
      {run.state === 'waiting' && <p className={look.quiet}>Waiting for the first token…</p>}
      {run.state === 'done' && !run.text && run.tools.length === 0 && <p className={look.quiet}>It said nothing.</p>}
      {run.failure && <Failure thrown={run.failure} />}
    </>
  );
}

function Foot({ run, asked, best }: { run: Run; asked: string; best: Best }) {
  const done = run.state === 'done';
  return (
    <>
      <dl className={look.foot}>
        <Fact name="First token" value={milliseconds(run.ttft_ms)} best={done && run.ttft_ms !== null && run.ttft_ms === best.ttft_ms} />
        <Fact name="Total" value={milliseconds(run.total_ms)} best={done && run.total_ms !== null && run.total_ms === best.total_ms} />
        <Fact name="Tokens" value={run.tokens ? `${count(run.tokens.input)} → ${count(run.tokens.output)}` : NONE} />
        <Fact name="Cost" value={run.cost_usd === undefined ? NONE : run.cost_usd === null ? 'no price' : dollars(run.cost_usd)} best={done && run.cost_usd != null && run.cost_usd === best.cost_usd} />
      </dl>
      <div className={look.more}>
        {run.state === 'stopped' && <Tag tone="warn">stopped</Tag>}
        {run.cached && <Tag tone="accent">from the cache</Tag>}
        {run.finish && run.finish !== 'stop' && <Tag>{run.finish}</Tag>}
        {run.model && run.model !== asked && <span>answered by {run.model}</span>}
        {run.attempts > 1 && <span>{run.attempts} attempts</span>}
        {run.overhead_ms !== null && <span>{milliseconds(run.overhead_ms)} of ours</span>}
        {run.trace_id && (
          <Link to="/traces/$traceId" params={{ traceId: run.trace_id }}>
            Trace
          </Link>
        )}
      </div>
    </>
  );
}

function Fact({ name, value, best = false }: { name: string; value: ReactNode; best?: boolean }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={best ? look.best : undefined} title={best ? 'The best of all columns' : undefined}>
        {value}
        {best && ' ✓'}
      </dd>
    </div>
  );
}

/** An image from this machine is far too long to read in code. */
function shortened<T>(body: T): T {
  return JSON.parse(JSON.stringify(body, (_, value: unknown) => (typeof value === 'string' && value.startsWith('data:') && value.length > 200 ? `${value.slice(0, 60)}…` : value))) as T;
}
