import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { digest, hex, sha256 } from './sha256';

test.each([0, 1, 3, 55, 56, 63, 64, 65, 119, 120, 1000, 70_001])('%s bytes have the same digest as everywhere', async (length) => {
  const bytes = Uint8Array.from({ length }, (_, n) => (n * 31 + 7) % 256);
  const expected = createHash('sha256').update(bytes).digest('hex');

  expect(hex(digest(bytes))).toBe(expected);
  expect(await sha256(bytes)).toBe(expected);
});
