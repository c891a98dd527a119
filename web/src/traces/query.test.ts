import { expect, test } from 'vitest';
import { readTraces } from './address';
import { parse, write } from './query';

test('the words of the box become filters', () => {
  const { filters, problems } = parse('status:error app:policy-bot latency:>3s cost:>$0.01 cached:true unpaid "parental leave"');

  expect(filters).toEqual({ status: 'error', app: 'policy-bot', min_latency_ms: 3000, min_cost_usd: 0.01, cached: true, q: 'unpaid parental leave' });
  expect(problems).toEqual([]);
});

test.each([
  ['latency:>800ms', 800],
  ['latency:800', 800],
  ['latency:>=1.5s', 1500],
  ['latency:>2m', 120_000],
])('%s is at least %s ms', (text, ms) => {
  expect(parse(text).filters.min_latency_ms).toBe(ms);
});

test('what is wrong is said and the rest still counts', () => {
  const { filters, problems } = parse('status:broken colour:red latency:slow app:x');

  expect(filters).toEqual({ app: 'x' });
  expect(problems).toHaveLength(3);
  expect(problems[1]).toContain('There is no key `colour`');
});

test.each([
  'status:error model:openai/gpt-4o-mini latency:>3s parental leave',
  'app:policy-bot session:"a b" latency:>800ms cost:>0.0000002 cached:true',
  '"see: this"',
  '',
])('%j is written back as it was', (text) => {
  expect(write(parse(text).filters)).toBe(text);
});

test('an address of words is read back into numbers and flags, and nonsense is dropped', () => {
  const search = { status: 'maybe', min_latency_ms: '3000', min_cost_usd: '-1', cached: 'true', live: 'yes', from: 'soon', to: '2026-11-20T12:00:00Z', q: '0042' };

  expect(readTraces(search)).toEqual({ min_latency_ms: 3000, cached: true, to: '2026-11-20T12:00:00Z', q: '0042' });
});
