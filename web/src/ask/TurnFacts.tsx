/** What an answer took: time, tokens, money; and the way to its trace. */
import { IconActivity, IconBolt } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import * as queries from '../api/queries';
import { asRefusal } from '../api/refusal';
import { CopyButton } from '../parts/CopyButton';
import { Tag } from '../parts/Tag';
import { count, dollars, milliseconds } from '../text/numbers';
import { unmarked } from './citations';
import type { Turn } from './conversation';
import look from './TurnFacts.module.css';

export function TurnFacts({ turn }: { turn: Turn }) {
  const trace = useTrace(turn);
  const tokens = turn.answer.tokens ?? (trace && { input: trace.input_tokens, output: trace.output_tokens });
  const cost = turn.cost_usd ?? trace?.cost_usd;
  return (
    <div className={look.facts}>
      {turn.cache === 'hit' && (
        <Tag tone="accent" title="The same question to the same release was answered before">
          <IconBolt size={11} stroke={2} aria-hidden />
          from the cache
        </Tag>
      )}
      {turn.ttft_ms !== null && <Fact label="First token">{milliseconds(turn.ttft_ms)}</Fact>}
      <Fact label="Total">{milliseconds(turn.total_ms)}</Fact>
      {tokens && <Fact label="Tokens">{`${count(tokens.input)} in, ${count(tokens.output)} out`}</Fact>}
      {(cost != null || trace) && <Fact label="Cost">{dollars(cost)}</Fact>}
      {trace?.model && <Fact label="Model">{trace.model}</Fact>}
      <span className={look.end}>
        {turn.answer.text && <CopyButton text={unmarked(turn.answer.text)} label="Copy the answer" />}
        {turn.trace_id && (
          <Link to="/traces/$traceId" params={{ traceId: turn.trace_id }} className={look.trace}>
            <IconActivity size={13} stroke={1.8} aria-hidden />
            Trace
          </Link>
        )}
      </span>
    </div>
  );
}

function Fact({ label, children }: { label: string; children: string }) {
  return (
    <span className={look.fact}>
      <span>{label}</span> {children}
    </span>
  );
}

/** The trace is stored a moment after its answer: not found yet is asked again. */
function useTrace(turn: Turn) {
  const trace = useQuery({
    ...queries.trace(turn.trace_id ?? ''),
    enabled: turn.trace_id !== null,
    staleTime: Infinity,
    retry: (times, thrown) => times < 6 && asRefusal(thrown).status === 404,
    retryDelay: (times) => 250 * 2 ** times,
  });
  return trace.data?.trace;
}
