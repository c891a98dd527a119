/** Six numbers with their shape over time. */
import type { Overview } from '../api/types';
import { Sparkline } from '../charts/Sparkline';
import { compact, dollars, milliseconds, NONE, percent, plural } from '../text/numbers';
import look from './Tiles.module.css';

interface Tile {
  label: string;
  value: string;
  note: string;
  /** Its shape over time, or its part of a whole. */
  values?: (number | null)[];
  share?: number;
  color: string;
}

export function Tiles({ overview }: { overview: Overview }) {
  const { requests, errors, latency_ms, ttft_ms, cost_usd, unpriced_requests, tokens, cache, series } = overview;
  const tiles: Tile[] = [
    { label: 'Requests', value: compact(requests), note: `${compact(tokens.input + tokens.output)} tokens`, values: series.map((point) => point.requests), color: 'var(--kind-llm)' },
    { label: 'Failed', value: percent(errors, requests), note: plural(errors, 'request'), values: series.map((point) => point.errors), color: 'var(--err)' },
    { label: 'Latency, p50', value: milliseconds(latency_ms.p50), note: `p95 ${milliseconds(latency_ms.p95)}`, values: series.map((point) => point.p50_ms), color: 'var(--kind-retrieval)' },
    { label: 'First token, p50', value: milliseconds(ttft_ms.p50), note: `p95 ${milliseconds(ttft_ms.p95)}`, share: latency_ms.p50 ? (ttft_ms.p50 ?? 0) / latency_ms.p50 : 0, color: 'var(--kind-retrieval)' },
    { label: 'Cost', value: dollars(cost_usd), note: unpriced_requests ? `${compact(unpriced_requests)} without a price` : 'all priced', values: series.map((point) => point.cost_usd), color: 'var(--kind-tool)' },
    { label: 'From the cache', value: cache.hit_rate === null ? NONE : percent(cache.hit_rate), note: saved(cache), share: cache.hit_rate ?? 0, color: 'var(--kind-embedding)' },
  ];
  return (
    <dl className={look.tiles}>
      {tiles.map((tile) => (
        <div key={tile.label} className={look.tile}>
          <dt className={look.label}>{tile.label}</dt>
          <dd className={look.value}>{tile.value}</dd>
          <dd className={look.note}>{tile.note}</dd>
          <dd className={look.shape}>{tile.values ? <Sparkline values={tile.values} color={tile.color} /> : <Share part={tile.share ?? 0} color={tile.color} />}</dd>
        </div>
      ))}
    </dl>
  );
}

function saved({ saved_usd, saved_ms }: Overview['cache']): string {
  const parts = [saved_usd ? dollars(saved_usd) : null, saved_ms ? milliseconds(saved_ms) : null].filter(Boolean);
  return parts.length ? `saved ${parts.join(', ')}` : 'nothing saved yet';
}

function Share({ part, color }: { part: number; color: string }) {
  return (
    <span className={look.share}>
      <span style={{ width: `${Math.min(1, part) * 100}%`, background: color }} />
    </span>
  );
}
