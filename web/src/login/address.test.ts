import { expect, test } from 'vitest';
import { readLogin } from './address';

test.each(['https://evil.example', '//evil.example', '/\\evil.example', 'traces', ''])('a way on to %s is not followed', (next) => {
  expect(readLogin({ next }).next).toBeUndefined();
});

test('a way on inside the UI is kept with its search', () => {
  expect(readLogin({ next: '/traces?status=error', token: 'abc' })).toEqual({ next: '/traces?status=error', token: 'abc' });
});
