/** What a key is good for right now. */
import type { ApiKey } from '../api/types';

export type KeyState = 'active' | 'rotating' | 'expired' | 'revoked';

export function stateOf(key: Pick<ApiKey, 'revoked_at' | 'expires_at' | 'previous_until'>, now = Date.now()): KeyState {
  if (key.revoked_at) return 'revoked';
  if (key.expires_at && Date.parse(key.expires_at) < now) return 'expired';
  return key.previous_until && Date.parse(key.previous_until) > now ? 'rotating' : 'active';
}
