/** The query box: `status:error latency:>3s cost:>$0.01 app:policy-bot "unpaid leave"` and back. Its words are the filters of the address. */
import type { TracesAddress } from './address';

type Filters = Omit<TracesAddress, 'peek' | 'live' | 'from' | 'to'>;

const names = ['status', 'app', 'model', 'release', 'session', 'user', 'service', 'team', 'environment', 'prompt', 'key', 'tag'] as const;

/** What a key may be and what it does, for the hint under the box. */
export const keys = [
  { key: 'status:', says: 'ok or error' },
  { key: 'app:', says: 'name of the app' },
  { key: 'model:', says: 'name of the model' },
  { key: 'latency:>', says: '800ms, 3s' },
  { key: 'cost:>', says: '0.01' },
  { key: 'cached:', says: 'true' },
  { key: 'release:', says: 'rel_…' },
  { key: 'session:', says: 'id' },
  { key: 'user:', says: 'id' },
  { key: 'service:', says: 'name' },
  { key: 'team:', says: 'name' },
  { key: 'environment:', says: 'name' },
  { key: 'prompt:', says: 'name, or name@version' },
  { key: 'key:', says: 'id of an API key' },
  { key: 'tag:', says: 'name' },
];

export interface Parsed {
  filters: Filters;
  /** What was written like a key but means nothing, in sentences. */
  problems: string[];
}

export function parse(text: string): Parsed {
  const filters: Filters = {};
  const problems: string[] = [];
  const free: string[] = [];
  for (const match of text.matchAll(/(?:([a-z_]+):)?("[^"]*"|\S+)/gi)) {
    const key = match[1]?.toLowerCase();
    const value = match[2]!.replace(/^"(.*)"$/s, '$1');
    if (key === undefined) {
      if (value) free.push(value);
      continue;
    }
    const problem = set(filters, key, value);
    if (problem) problems.push(problem);
  }
  if (free.length) filters.q = free.join(' ');
  return { filters, problems };
}

function set(filters: Filters, key: string, value: string): string | null {
  if (key === 'status') {
    if (value !== 'ok' && value !== 'error') return `\`status\` is \`ok\` or \`error\`, not \`${value}\`.`;
    filters.status = value;
  } else if (key === 'cached') {
    if (value !== 'true') return '`cached` can only be `true`.';
    filters.cached = true;
  } else if (key === 'latency') {
    const ms = duration(value);
    if (ms === null) return '`latency` needs a duration, like `latency:>800ms` or `latency:>3s`.';
    filters.min_latency_ms = ms;
  } else if (key === 'cost') {
    const usd = Number(value.replace(/^>=?/, '').replace(/^\$/, ''));
    if (!(usd > 0)) return '`cost` needs an amount in dollars, like `cost:>0.01`.';
    filters.min_cost_usd = usd;
  } else if ((names as readonly string[]).includes(key)) {
    filters[key as (typeof names)[number]] = value as never;
  } else {
    return `There is no key \`${key}\`. There are: ${keys.map((one) => `\`${one.key.replace(/[:>]+$/, '')}\``).join(', ')}.`;
  }
  return null;
}

export function write(filters: Filters): string {
  const found: string[] = [];
  for (const name of names) if (filters[name]) found.push(`${name}:${quoted(filters[name])}`);
  if (filters.min_latency_ms) found.push(`latency:>${filters.min_latency_ms >= 1000 ? `${filters.min_latency_ms / 1000}s` : `${filters.min_latency_ms}ms`}`);
  if (filters.min_cost_usd) found.push(`cost:>${plain(filters.min_cost_usd)}`);
  if (filters.cached) found.push('cached:true');
  if (filters.q) found.push(/[":]/.test(filters.q) ? `"${filters.q.replaceAll('"', '')}"` : filters.q);
  return found.join(' ');
}

function duration(value: string): number | null {
  const match = /^>?=?(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(value);
  if (!match) return null;
  return Number(match[1]) * { ms: 1, s: 1000, m: 60_000 }[match[2] ?? 'ms']!;
}

function quoted(value: string): string {
  return /\s/.test(value) ? `"${value}"` : value;
}

/** Never in scientific notation, which nobody types. */
function plain(value: number): string {
  return value.toFixed(10).replace(/\.?0+$/, '');
}
