/** One question to any model or alias: the answer, which attempts it took, and what it cost. */
import { Autocomplete, Button, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { read, wire } from '../api/client';
import { models as modelsQuery } from '../api/queries';
import type { TestCall } from '../api/types';
import { Card } from '../parts/Card';
import { Failure } from '../parts/Failure';
import { Tag } from '../parts/Tag';
import { Told } from '../parts/Told';
import { dollars, milliseconds } from '../text/numbers';
import look from './Gateway.module.css';

const route = getRouteApi('/house/gateway/$section');

export function TestCallCard() {
  const { model = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const [question, setQuestion] = useState('');
  const models = useQuery(modelsQuery()).data?.items.filter((one) => one.kind !== 'app' && one.kind !== 'embedding') ?? [];
  const queries = useQueryClient();
  const call = useMutation({
    mutationFn: () => read(wire.POST('/api/v1/routing/tests', { body: { model, question: question.trim() || null } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ['routes'] }),
  });
  return (
    <Card title="Test call" note="A real request, traced and paid like any other">
      <form
        className={look.try}
        onSubmit={(event) => {
          event.preventDefault();
          if (model) call.mutate();
        }}
      >
        <Autocomplete
          label="Model or alias"
          placeholder="fast"
          data={models.map((one) => one.id)}
          limit={40}
          value={model}
          onChange={(value) => {
            call.reset();
            void navigate({ search: value ? { model: value } : {}, replace: true });
          }}
        />
        <TextInput label="Question" placeholder="Leave it empty for a short greeting" value={question} onChange={(event) => setQuestion(event.currentTarget.value)} />
        <Button type="submit" variant="filled" disabled={!model} loading={call.isPending}>
          Call it
        </Button>
      </form>
      <div role="status">{call.data && <Answer call={call.data} />}</div>
      {call.isError && (
        <div className={look.answer}>
          <Failure thrown={call.error} />
        </div>
      )}
    </Card>
  );
}

function Answer({ call }: { call: TestCall }) {
  const longest = Math.max(1, ...call.attempts.map((attempt) => attempt.duration_ms));
  return (
    <div className={look.answer}>
      <div className={look.line} style={{ flexWrap: 'wrap' }}>
        <Tag tone={call.ok ? 'ok' : 'err'}>{call.ok ? 'answered' : 'failed'}</Tag>
        {call.model && <code>{call.model}</code>}
        <span className={look.facts}>
          <span>
            <b>{milliseconds(call.first_token_ms)}</b> to the first token
          </span>
          <span>
            <b>{milliseconds(call.duration_ms)}</b> in all
          </span>
          <span>
            <b>{dollars(call.cost_usd)}</b>
          </span>
        </span>
        <Link to="/traces/$traceId" params={{ traceId: call.trace_id }}>
          Open the trace
        </Link>
      </div>
      {call.attempts.length > 0 && (
        <ol className={look.attempts} aria-label="Attempts">
          {call.attempts.map((attempt) => (
            <li key={attempt.number} style={{ display: 'contents' }}>
              <code>
                {attempt.number}. {attempt.model}
              </code>
              <span>
                <span className={look.bar} data-left={attempt.left !== null} style={{ display: 'block', width: `${(attempt.duration_ms / longest) * 100}%` }} />
                {attempt.error && (
                  <span className={look.sub}>
                    <Told text={attempt.error} />
                  </span>
                )}
              </span>
              <span className="num">{milliseconds(attempt.duration_ms)}</span>
            </li>
          ))}
        </ol>
      )}
      {call.answer && <p className={look.said}>{call.answer}</p>}
      {call.error && (
        <p className={look.said}>
          <Told text={call.error} />
        </p>
      )}
    </div>
  );
}
