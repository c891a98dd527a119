/** The fastest and the cheapest answer, once there are two to compare. */
import type { Run } from './answer';

export interface Best {
  ttft_ms: number | null;
  total_ms: number | null;
  cost_usd: number | null;
}

export function bestOf(runs: Run[]): Best {
  const done = runs.filter((run) => run.state === 'done');
  return { ttft_ms: least(done.map((run) => run.ttft_ms)), total_ms: least(done.map((run) => run.total_ms)), cost_usd: least(done.map((run) => run.cost_usd)) };
}

function least(values: (number | null | undefined)[]): number | null {
  const known = values.filter((value) => value != null);
  return known.length > 1 ? Math.min(...known) : null;
}
