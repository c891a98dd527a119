import { expect, test } from 'vitest';
import type { Spend } from '../api/types';
import { change, stacks } from './spending';

function report(costs: Record<string, number[]>): Spend {
  return { by: 'model', at: ['2026-11-01T00:00:00Z', '2026-11-02T00:00:00Z'], series: Object.entries(costs).map(([key, cost_usd]) => ({ key, label: key, cost_usd, calls: [1, 1] })) } as unknown as Spend;
}

test('the largest groups are stacked first, and what is too small for a colour of its own is told together', () => {
  const found = stacks(report({ a: [1, 0], b: [5, 5], c: [2, 0], d: [3, 0], e: [4, 0], f: [0.5, 0.25], g: [0.2, 0], h: [0.1, 0.1] }));

  expect(found.map((one) => one.name)).toEqual(['b', 'e', 'd', 'c', 'a', 'f', '2 others']);
  expect(found.at(-1)!.values[0]).toBeCloseTo(0.3);
  expect(found.at(-1)!.values[1]).toBeCloseTo(0.1);
});

test('a group without a name is said to have none, and one that cost nothing is left out', () => {
  expect(stacks(report({ '': [1, 0], free: [0, 0] })).map((one) => one.name)).toEqual(['no model']);
});

test.each([
  [12, 10, '20\u2009% more', 'up'],
  [5, 10, '50\u2009% less', 'down'],
  [10, 10, 'as before', 'same'],
  [200, 10, '20 times as much', 'up'],
])('%s after %s is %s', (now, before, words, direction) => {
  expect(change(now, before)).toEqual({ words, direction });
});

test('with nothing before there is no change', () => {
  expect(change(5, 0)).toBeNull();
  expect(change(5, null)).toBeNull();
});
