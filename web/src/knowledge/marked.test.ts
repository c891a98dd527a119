import { expect, test } from 'vitest';
import { marked } from './marked';

const hits = (text: string, query: string) => marked(text, query).filter((part) => part.hit).map((part) => part.text);

test('the words of a search are found in their forms, and whole words only', () => {
  expect(hits('Expenses are paid. An expense needs a receipt; inexpensive does not.', 'How are expenses paid?')).toEqual(['Expenses', 'paid', 'expense']);
});

test('words without meaning of their own are not marked', () => {
  expect(hits('What is the leave that you get?', 'what is the leave')).toEqual(['leave']);
});

test('nothing of the text is lost', () => {
  const text = 'Ünder 25 days: überstunden? [x] (25)';

  expect(marked(text, '25 Überstunden (').map((part) => part.text).join('')).toBe(text);
});
