import { expect, test } from 'vitest';
import { stateOf } from './state';

const now = Date.parse('2026-11-21T12:00:00Z');
const before = '2026-11-20T12:00:00Z';
const after = '2026-11-22T12:00:00Z';

test.each([
  [{ revoked_at: null, expires_at: null, previous_until: null }, 'active'],
  [{ revoked_at: null, expires_at: after, previous_until: before }, 'active'],
  [{ revoked_at: null, expires_at: before, previous_until: after }, 'expired'],
  [{ revoked_at: null, expires_at: after, previous_until: after }, 'rotating'],
  [{ revoked_at: before, expires_at: before, previous_until: after }, 'revoked'],
] as const)('%o is %s', (key, state) => {
  expect(stateOf(key, now)).toBe(state);
});
