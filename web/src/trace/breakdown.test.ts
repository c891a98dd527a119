import { expect, test } from 'vitest';
import type { Span } from '../api/types';
import { breakdown, criticalPath } from './breakdown';

const span = (span_id: string, parent_id: string | null, kind: Span['kind'], offset_ms: number, latency_ms: number, more: Partial<Span> = {}) =>
  ({ span_id, parent_id, kind, name: span_id, offset_ms, latency_ms, cost_usd: null, input_tokens: null, output_tokens: null, ...more }) as Span;

const answer = [
  span('app', null, 'app', 0, 1000, { cost_usd: 0.02, input_tokens: 900, output_tokens: 100 }),
  span('retrieve', 'app', 'retrieval', 10, 200),
  span('embed', 'retrieve', 'embedding', 20, 50, { cost_usd: 0.001, input_tokens: 10 }),
  span('chat', 'app', 'llm', 220, 770, { cost_usd: 0.019, input_tokens: 890, output_tokens: 100 }),
];

test('time is what each kind worked itself, and adds up to the whole', () => {
  const { time } = breakdown(answer);

  expect(time).toEqual([
    { kind: 'llm', value: 770 },
    { kind: 'retrieval', value: 150 },
    { kind: 'embedding', value: 50 },
    { kind: 'app', value: 30 },
  ]);
});

test('money and tokens of a parent that sums its children are not counted twice', () => {
  const { cost, tokens } = breakdown(answer);

  expect(cost.map((share) => share.kind)).toEqual(['llm', 'embedding']);
  expect(tokens.reduce((sum, share) => sum + share.value, 0)).toBe(1000);
});

test('children that ran side by side do not make more time than there was', () => {
  const { time } = breakdown([span('top', null, 'agent', 0, 100), span('a', 'top', 'tool', 0, 80), span('b', 'top', 'tool', 10, 80)]);

  expect(time.find((share) => share.kind === 'app')?.value).toBe(10);
});

test('the path that was waited for is told in order, without what was quick', () => {
  expect(criticalPath(answer)?.replaceAll('\u2009', ' ')).toBe('embed 50 ms → chat 770 ms');
  expect(criticalPath([answer[0]!])).toBeNull();
});

test('of two that ran side by side only the one that ended last was waited for', () => {
  const spans = [span('top', null, 'agent', 0, 100), span('slow', 'top', 'tool', 0, 95), span('quick', 'top', 'tool', 0, 40)];

  expect(criticalPath(spans)?.replaceAll('\u2009', ' ')).toBe('slow 95 ms');
});
