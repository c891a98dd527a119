import { expect, test } from 'vitest';
import type { Me, Overview } from '../api/types';
import { concerns, ledgerSentence } from './attention';

const me = { password_set: true } as Me;
const quiet = { requests: 200, errors: 0, unpriced_requests: 0, by_app: [], ledger: { accepted: 5, stored: 5, pending: 0, rejected: 0, duplicates: 0, lost: 0 } } as unknown as Overview;

test('a quiet day needs nobody', () => {
  expect(concerns(quiet, me)).toEqual([]);
  expect(ledgerSentence(quiet.ledger)).toBe('5 spans accepted, all stored.');
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

test('a span that cannot be found is an error, said out loud', () => {
  const ledger = { accepted: 1200, stored: 1190, pending: 8, rejected: 0, duplicates: 0, lost: 2 };

  expect(ledgerSentence(ledger)).toBe('1,200 spans accepted, 1,190 stored, 8 on the way, 2 lost.');
  expect(concerns({ ...quiet, ledger }, me)[0]).toMatchObject({ tone: 'err', sentence: expect.stringContaining('2 spans were accepted and cannot be found') });
});
