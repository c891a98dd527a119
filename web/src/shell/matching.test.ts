import { expect, test } from 'vitest';
import { matching } from './matching';

const places = ['Overview what happened', 'Traces find any request', 'Failed traces', 'Settings providers', 'Ask policy-bot'];

test('without words everything is offered in its own order', () => {
  expect(matching(places, '  ', String)).toEqual(places);
});

test('the start of a name wins over the middle of one', () => {
  expect(matching(places, 'tra', String)).toEqual(['Traces find any request', 'Failed traces']);
});

test('every word must be there', () => {
  expect(matching(places, 'ask bot', String)).toEqual(['Ask policy-bot']);
  expect(matching(places, 'ask zebra', String)).toEqual([]);
});
