/** What the address of usage may say: by whom the money is told, how far back, and whose money alone. */
export const sections = [
  { name: 'spend', label: 'Spend' },
  { name: 'limits', label: 'Limits & budgets' },
  { name: 'prices', label: 'Prices' },
] as const;

export type Section = (typeof sections)[number]['name'];

export const ways = ['team', 'key', 'app', 'model', 'provider', 'tag', 'user', 'environment'] as const;
export type Way = (typeof ways)[number];

export const spans = [
  { days: 1, label: '24 h', words: 'the last 24 hours' },
  { days: 7, label: '7 d', words: 'the last 7 days' },
  { days: 30, label: '30 d', words: 'the last 30 days' },
  { days: 90, label: '90 d', words: 'the last 90 days' },
] as const;

export type Filters = Partial<Record<Way, string>>;
export interface UsageAddress extends Filters {
  by?: Way;
  days?: number;
}

export function readUsage(search: Record<string, unknown>): UsageAddress {
  const found: UsageAddress = {};
  if (ways.includes(search.by as Way)) found.by = search.by as Way;
  if (spans.some((span) => span.days === Number(search.days))) found.days = Number(search.days);
  for (const way of ways) if (typeof search[way] === 'string' && search[way]) found[way] = search[way];
  return found;
}

export function filtersOf({ by: _by, days: _days, ...filters }: UsageAddress): Filters {
  return filters;
}
