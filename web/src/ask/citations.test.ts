import { describe, expect, test } from 'vitest';
import { parts, settled, unmarked } from './citations';

const known = new Set([1, 2, 3]);

describe('the marks of an answer', () => {
  test('a mark becomes a citation and takes the space before it along', () => {
    expect(parts('You get 25 days [1]. Ask early.', known)).toEqual([{ text: 'You get 25 days' }, { n: 1 }, { text: '. Ask early.' }]);
  });

  test('several marks in a row and in one bracket are all citations', () => {
    expect(parts('Yes [1][2] and [1, 3].', known)).toEqual([{ text: 'Yes' }, { n: 1 }, { n: 2 }, { text: ' and' }, { n: 1 }, { n: 3 }, { text: '.' }]);
  });

  test('a number that has no source stays text', () => {
    expect(parts('See section [9] of list[0].', known)).toEqual([{ text: 'See section [9] of list[0].' }]);
    expect(parts('Half known [1, 9].', known)).toEqual([{ text: 'Half known [1, 9].' }]);
  });

  test('nothing is lost between the parts', () => {
    const text = 'A [1] b [7] c [2], d.';
    const back = parts(text, known).map((part) => ('n' in part ? ` [${part.n}]` : part.text));

    expect(back.join('')).toBe(text);
  });
});

test.each([
  ['You get 25 days [', 'You get 25 days'],
  ['You get 25 days [1', 'You get 25 days'],
  ['You get 25 days [1,', 'You get 25 days'],
  ['You get 25 days [1]', 'You get 25 days [1]'],
  ['See [the page', 'See [the page'],
])('while %j grows, %j is shown', (text, shown) => {
  expect(settled(text)).toBe(shown);
});

test('a copied answer has no marks', () => {
  expect(unmarked('You get 25 days [1][2]. Ask [3, 1] early.')).toBe('You get 25 days. Ask early.');
});
