/** What the address of the trace list may say: the filters, the open row, and whether it follows live. */
import type { TraceFilters } from '../api/queries';

export interface TracesAddress {
  q?: string;
  status?: 'ok' | 'error';
  app?: string;
  model?: string;
  release?: string;
  session?: string;
  user?: string;
  service?: string;
  team?: string;
  environment?: string;
  prompt?: string;
  /** The id of an API key. */
  key?: string;
  tag?: string;
  min_latency_ms?: number;
  min_cost_usd?: number;
  cached?: boolean;
  from?: string;
  to?: string;
  /** The trace that is open beside the list. */
  peek?: string;
  live?: boolean;
}

const words = ['q', 'app', 'model', 'release', 'session', 'user', 'service', 'team', 'environment', 'prompt', 'key', 'tag', 'peek'] as const;

export function readTraces(search: Record<string, unknown>): TracesAddress {
  const found: TracesAddress = {};
  for (const name of words) if (typeof search[name] === 'string' && search[name] !== '') found[name] = search[name];
  if (search.status === 'ok' || search.status === 'error') found.status = search.status;
  found.min_latency_ms = positive(search.min_latency_ms);
  found.min_cost_usd = positive(search.min_cost_usd);
  if (search.cached === 'true' || search.cached === true) found.cached = true;
  if (search.live === 'true' || search.live === true) found.live = true;
  found.from = moment(search.from);
  found.to = moment(search.to);
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

export function filtersOf({ peek: _peek, live: _live, tag, ...filters }: TracesAddress): TraceFilters {
  return tag === undefined ? filters : { ...filters, tag: [tag] };
}

function positive(value: unknown): number | undefined {
  const number = Number(value);
  return value !== '' && value !== null && Number.isFinite(number) && number > 0 ? number : undefined;
}

function moment(value: unknown): string | undefined {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? value : undefined;
}
