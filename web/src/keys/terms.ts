/** What a key may, as somebody types it. */
import type { ApiKey, KeyWish } from '../api/types';

export type Scope = ApiKey['scopes'][number];

export interface Terms {
  team: string;
  models: string;
  ips: string;
  tools: string;
  tags: string;
}

export const noTerms: Terms = { team: '', models: '', ips: '', tools: '', tags: '' };

export function termsOf(key: ApiKey): Terms {
  return { team: key.team ?? '', models: key.allowed_models.join(', '), ips: key.allowed_ips.join(', '), tools: key.allowed_tools.join(', '), tags: key.tags.join(', ') };
}

export function wishOf(terms: Terms): Pick<KeyWish, 'team' | 'allowed_models' | 'allowed_ips' | 'allowed_tools' | 'tags'> {
  return { team: terms.team.trim() || null, allowed_models: listed(terms.models), allowed_ips: listed(terms.ips), allowed_tools: listed(terms.tools), tags: listed(terms.tags) };
}

function listed(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}
