import { expect, test } from 'vitest';
import { axis } from './axis';

test.each([
  [1000, [0, 200, 400, 600, 800]],
  [4830, [0, 1000, 2000, 3000, 4000]],
  [38, [0, 10, 20, 30]],
])('a trace of %s ms has its lines at %j', (whole, lines) => {
  expect(axis(whole)).toEqual(lines);
});

test('a trace of almost no time still has an axis', () => {
  expect(axis(0.001)[0]).toBe(0);
  expect(axis(0.001).length).toBeLessThan(8);
});
