/** The health of a model behind an alias, in words and a tone; and how its requests are shared. */
import type { Alias, TargetHealth } from '../api/types';
import type { Tone } from '../parts/Tag';
import { milliseconds, percent } from '../text/numbers';

export interface State {
  tone: Tone;
  words: string;
}

export function stateOf(target: TargetHealth): State {
  if (target.breaker === 'open') return { tone: 'err', words: target.available_in_s > 0 ? `left alone for ${milliseconds(target.available_in_s * 1000)}` : 'left alone' };
  if (target.breaker === 'half_open') return { tone: 'warn', words: 'being tried again' };
  if (!target.available) return { tone: 'warn', words: target.available_in_s > 0 ? `resting for ${milliseconds(target.available_in_s * 1000)}` : 'resting' };
  if (target.last_check_ok === false) return { tone: 'warn', words: 'fails its check' };
  if (target.calls === 0 && target.last_check_ok === null) return { tone: 'plain', words: 'not called yet' };
  return { tone: 'ok', words: 'healthy' };
}

/** The part of the alias's requests that a target is meant to get; null where that depends on the request. */
export function meantShare(alias: Alias, target: TargetHealth): number | null {
  if (target.standing === 'shadow') return alias.plan.shadow?.share ?? 1;
  if (alias.plan.strategy !== 'weighted' || target.standing !== 'target') return null;
  const all = alias.models.filter((one) => one.standing === 'target').reduce((sum, one) => sum + one.weight, 0);
  return all > 0 ? target.weight / all : null;
}

export function shareWords(alias: Alias, target: TargetHealth): string {
  const share = meantShare(alias, target);
  if (target.standing === 'shadow') return `gets a copy of ${percent(share ?? 1)}`;
  if (target.standing === 'fallback') return 'when others fail';
  if (share !== null) return `${percent(share)} of requests`;
  if (alias.plan.strategy === 'ordered') return `${ordinal(alias.models.filter((one) => one.standing === 'target').indexOf(target) + 1)} choice`;
  return '';
}

function ordinal(n: number): string {
  return `${n}${{ 1: 'st', 2: 'nd', 3: 'rd' }[n] ?? 'th'}`;
}
