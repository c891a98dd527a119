/** What a report of spending becomes on the page: the stacks of the chart, and changes in words. */
import type { Spend } from '../api/types';
import type { Series } from '../charts/TimeChart';
import { percent } from '../text/numbers';

export const palette = ['var(--kind-llm)', 'var(--kind-retrieval)', 'var(--kind-tool)', 'var(--kind-guardrail)', 'var(--kind-embedding)', 'var(--kind-eval)'];
export const REST = 'var(--kind-agent)';

/** The largest groups each with a colour, and all the others as one. */
export function stacks(report: Spend, names: Map<string, string> = new Map()): Series[] {
  const sorted = [...report.series].sort((a, b) => total(b.cost_usd) - total(a.cost_usd)).filter((one) => total(one.cost_usd) > 0);
  const most = sorted.length <= palette.length ? sorted.length : palette.length;
  const shown = sorted.slice(0, most).map((one, n) => ({ name: nameOf(one.key, one.label, report.by, names), color: palette[n]!, values: one.cost_usd }));
  const rest = sorted.slice(most);
  if (rest.length === 0) return shown;
  return [...shown, { name: `${rest.length} others`, color: REST, values: report.at.map((_, n) => rest.reduce((sum, one) => sum + (one.cost_usd[n] ?? 0), 0)) }];
}

export function nameOf(key: string, label: string, by: string, names: Map<string, string> = new Map()): string {
  return names.get(key) || label || key || `no ${by}`;
}

export interface Change {
  words: string;
  direction: 'up' | 'down' | 'same';
}

/** How a sum compares with the one before it; null when there was none. */
export function change(now: number, before: number | null | undefined): Change | null {
  if (!before) return null;
  const share = (now - before) / before;
  if (Math.abs(share) < 0.005) return { words: 'as before', direction: 'same' };
  return { words: share > 9.99 ? `${Math.round(now / before)} times as much` : `${percent(Math.abs(share))} ${share > 0 ? 'more' : 'less'}`, direction: share > 0 ? 'up' : 'down' };
}

function total(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
