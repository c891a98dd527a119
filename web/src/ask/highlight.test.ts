import { expect, test } from 'vitest';
import { highlighted } from './highlight';

test('a quote is found across line breaks and markers of lists', () => {
  const lit = highlighted('Leave:\n\n- You get 25 days\n  of paid leave (a year).\n- Ask early.', 'you get 25 days of paid leave (a year).');

  expect(lit).toEqual([
    { text: 'Leave:\n\n- ', lit: false },
    { text: 'You get 25 days\n  of paid leave (a year).', lit: true },
    { text: '\n- Ask early.', lit: false },
  ]);
});

test('a quote that is not there, or no quote, lights nothing', () => {
  expect(highlighted('Some text', 'other words')).toEqual([{ text: 'Some text', lit: false }]);
  expect(highlighted('Some text', null)).toEqual([{ text: 'Some text', lit: false }]);
});
