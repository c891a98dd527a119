import { expect, test } from 'vitest';
import type { Me, Overview } from '../api/types';
import { concerns, ledgerSentence } from './attention';

const me = { password_set: true } as Me;
const quiet = { requests: 200, errors: 0, unpriced_requests: 0, by_app: [], ledger: { accepted: 5, stored: 5, pending: 0, rejected: 0 } } as unknown as Overview;

test('a quiet day needs nobody', () => {
  expect(concerns(quiet, me)).toEqual([]);
  expect(ledgerSentence(quiet.ledger)).toBe('5 records accepted, all stored.');
});

test('a few failures are a warning, many are an error', () => {
  expect(concerns({ ...quiet, errors: 2 }, me)[0]).toMatchObject({ tone: 'warn', see: { search: { status: 'error' } } });
  expect(concerns({ ...quiet, errors: 40 }, me)[0]).toMatchObject({ tone: 'err' });
});

test('an app that mostly declines is named, a rarely used one is not', () => {
  const by_app = [
    { app: 'policy-bot', requests: 20, declined: 15, p95_ms: 1 },
    { app: 'new-bot', requests: 2, declined: 2, p95_ms: 1 },
  ];

  const found = concerns({ ...quiet, by_app }, me);

  expect(found.map((concern) => concern.sentence)).toEqual(['policy-bot declined 15 of 20 questions: its knowledge may lack what people ask for.']);
});

test('records that are not stored are counted out loud', () => {
  expect(ledgerSentence({ accepted: 1200, stored: 1190, pending: 8, rejected: 2 })).toBe('1,200 records accepted, 1,190 stored, 8 on the way, 2 rejected.');
});
