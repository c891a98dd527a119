import { expect, test } from 'vitest';
import { visible } from './dropped';

test('what systems leave behind in folders is not taken', () => {
  const paths = ['handbook/leave.md', 'handbook/.git/config', '.DS_Store', '__MACOSX/leave.md', 'handbook/~$pay.docx', 'handbook/pay.docx'];

  const kept = visible(paths.map((path) => ({ path, file: {} as File })));

  expect(kept.map(({ path }) => path)).toEqual(['handbook/leave.md', 'handbook/pay.docx']);
});
