import { expect, test } from 'vitest';
import { ago, ticks } from './time';

const NOW = Date.parse('2026-11-20T12:00:00Z');

test.each([
  ['2026-11-20T11:59:58Z', 'just now'],
  ['2026-11-20T11:59:20Z', '40 s ago'],
  ['2026-11-20T11:15:00Z', '45 min ago'],
  ['2026-11-19T18:00:00Z', '18 h ago'],
  ['2026-11-10T12:00:00Z', '10 days ago'],
  ['2026-11-20T12:00:02Z', 'just now'],
  ['2026-12-20T12:00:00Z', 'in 30 days'],
  [null, 'never'],
])('%s reads %s', (at, words) => {
  expect(ago(at, NOW)).toBe(words);
});

test('an axis gets round moments and no more of them than wanted', () => {
  const found = ticks(NOW - 24 * 3_600_000, NOW, 8);

  expect(found.length).toBeGreaterThan(3);
  expect(found.length).toBeLessThanOrEqual(9);
  for (const { at } of found) expect(new Date(at).getMinutes()).toBe(0);
});
