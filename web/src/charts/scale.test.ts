import { expect, test } from 'vitest';
import { path, roundUp, roundUpCount, runs } from './scale';

test.each([
  [0, 1],
  [3, 5],
  [10, 10],
  [11, 20],
  [24, 25],
  [0.013, 0.02],
  [873, 1000],
])('an axis up to %s ends at %s', (value, end) => {
  expect(roundUp(value)).toBeCloseTo(end, 10);
});

test.each([
  [0, 1],
  [1, 1],
  [2, 2],
  [3, 4],
  [5, 6],
  [11, 20],
  [61, 80],
])('an axis of counts up to %s ends at %s', (value, end) => {
  expect(roundUpCount(value)).toBe(end);
});

test('a gap in the data breaks the line', () => {
  const a = { x: 0, y: 1 };
  const b = { x: 1, y: 2 };

  expect(runs([null, a, b, null, null, a, null])).toEqual([[a, b], [a]]);
  expect(path([a, b])).toBe('M0.0 1.0L1.0 2.0');
});
