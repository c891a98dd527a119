import { expect, test } from 'vitest';
import { passages } from './passages';

test('passages are found as a list and inside a result', () => {
  const hit = { chunk_id: 'chk_1', title: 'Leave', heading_path: ['Annual leave'], text: 'You get 25 days.', score: 0.91 };
  const shown = [{ key: '0chk_1', where: 'Leave › Annual leave', text: 'You get 25 days.', score: 0.91 }];

  expect(passages([hit])).toEqual(shown);
  expect(passages({ passages: [hit] })).toEqual(shown);
  expect(passages({ hits: [hit] })).toEqual(shown);
});

test.each([[[]], ['text'], [[{ role: 'user', content: 'Hello' }]], [[{ id: 1 }]], [null]])('%j is no list of passages', (value) => {
  expect(passages(value)).toBeNull();
});
