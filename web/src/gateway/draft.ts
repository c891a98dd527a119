/** A plan as somebody types it, and back. What the form does not show is kept as it was. */
import type { Plan } from '../api/types';

export const reasons = [
  { value: 'any', label: 'any failure' },
  { value: 'error', label: 'error' },
  { value: 'timeout', label: 'timeout' },
  { value: 'rate_limit', label: 'rate limit' },
  { value: 'context_window', label: 'too long for the model' },
  { value: 'content_policy', label: 'refused by content policy' },
  { value: 'budget', label: 'budget spent' },
] as const;

export type Reason = (typeof reasons)[number]['value'];
type PlannedTarget = Plan['targets'][number];

export interface Draft {
  name: string;
  description: string;
  strategy: string;
  targets: { model: string; weight: string; when: string; was: PlannedTarget | null }[];
  fallbacks: { on: Reason; models: string }[];
  retries: string;
  first_token_s: string;
  total_s: string;
  health: 'off' | 'models' | 'chat';
  shadow: string;
  shadow_percent: string;
  options: string;
  was: Plan | null;
}

export function draftOf(name: string, plan: Plan | null): Draft {
  return {
    name,
    description: plan?.description ?? '',
    strategy: plan?.strategy ?? 'ordered',
    targets: plan?.targets.map((target) => ({ model: target.model, weight: String(target.weight ?? 1), when: target.when ? JSON.stringify(target.when) : '', was: target })) ?? [emptyTarget],
    fallbacks: reasons.flatMap(({ value }) => (plan?.fallbacks?.[value]?.length ? [{ on: value, models: plan.fallbacks[value].join(', ') }] : [])),
    retries: String(plan?.retries ?? 1),
    first_token_s: text(plan?.timeouts?.first_token_s),
    total_s: text(plan?.timeouts?.total_s),
    health: plan?.health_check ? (plan.health_check.by ?? 'models') : 'off',
    shadow: plan?.shadow?.model ?? '',
    shadow_percent: text((plan?.shadow?.share ?? 1) * 100),
    options: plan?.options && Object.keys(plan.options).length ? JSON.stringify(plan.options, null, 2) : '',
    was: plan,
  };
}

export const emptyTarget: Draft['targets'][number] = { model: '', weight: '1', when: '', was: null };

/** The plan, or what is wrong with the draft in a sentence. */
export function planOf(draft: Draft): Plan | string {
  if (!/^[\w.-]+$/.test(draft.name)) return 'A name has letters, digits, dots, dashes and underscores.';
  const targets: PlannedTarget[] = [];
  for (const { model, weight, when, was } of draft.targets) {
    if (!model.trim()) continue;
    const share = Number(weight);
    if (!(share >= 0) || weight.trim() === '') return `The weight of ${model} is a number, 0 or more.`;
    const condition = when.trim() ? json(when) : undefined;
    if (condition === null) return `The condition of ${model} is not a JSON object.`;
    targets.push({ ...was, model: model.trim(), weight: share, when: condition ?? null });
  }
  if (targets.length === 0) return 'An alias needs at least one model.';
  const options = draft.options.trim() ? json(draft.options) : {};
  if (options === null) return 'The options are not a JSON object.';
  for (const [words, value] of [['The number of retries', draft.retries], ['The time to the first token', draft.first_token_s], ['The time of the whole answer', draft.total_s]] as const) {
    if (value.trim() && !(Number(value) >= 0)) return `${words} is a number.`;
  }
  const share = Number(draft.shadow_percent) / 100;
  if (draft.shadow.trim() && !(share > 0 && share <= 1)) return 'The share of copies lies between 0 and 100 %.';
  return {
    ...draft.was,
    description: draft.description.trim(),
    strategy: draft.strategy,
    targets,
    options,
    retries: Number(draft.retries || 0),
    fallbacks: Object.fromEntries(draft.fallbacks.filter((row) => row.models.trim()).map((row) => [row.on, listed(row.models)])),
    timeouts: { ...draft.was?.timeouts, first_token_s: number(draft.first_token_s), total_s: number(draft.total_s) },
    health_check: draft.health === 'off' ? null : { ...draft.was?.health_check, by: draft.health },
    shadow: draft.shadow.trim() ? { model: draft.shadow.trim(), share } : null,
  };
}

export function listed(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}

function json(text: string): Record<string, never> | null {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, never>) : null;
  } catch {
    return null;
  }
}

function number(text: string): number | null {
  return text.trim() ? Number(text) : null;
}

function text(value: number | null | undefined): string {
  return value == null ? '' : String(value);
}
