import { expect, test } from 'vitest';
import { terms, whom } from './limitWords';

test.each([
  [{ metric: 'cost', amount: 100, window: 'month' }, '$100.00 a month'],
  [{ metric: 'requests', amount: 60, window: 'minute' }, '60 requests a minute'],
  [{ metric: 'tokens', amount: 2_000_000, window: 'total' }, '2M tokens in all'],
  [{ metric: 'concurrency', amount: 8, window: 'now' }, '8 at the same time'],
] as const)('%o reads %s', (limit, words) => {
  expect(terms(limit)).toBe(words);
});

test.each([
  [{ subject: 'project', subject_id: '', each: false }, 'the whole project'],
  [{ subject: 'user', subject_id: '*', each: true }, 'each user'],
  [{ subject: 'team', subject_id: '*', each: false }, 'all teams together'],
  [{ subject: 'model', subject_id: 'openai/*', each: true }, 'model openai/*, each'],
] as const)('%o concerns %s', (limit, words) => {
  expect(whom(limit)).toBe(words);
});
