/** The traces over time: where they are, and where they failed. A drag chooses a time. */
import type { UseQueryResult } from '@tanstack/react-query';
import type { Histogram } from '../api/types';
import { TimeChart } from '../charts/TimeChart';
import { count, plural } from '../text/numbers';
import look from './Shape.module.css';

export function Shape({ from, onRange }: { from: UseQueryResult<Histogram>; onRange: (from: number, to: number) => void }) {
  const buckets = from.data?.buckets ?? [];
  const bucket_ms = (from.data?.bucket_s ?? 0) * 1000;
  // Nothing to draw: the list below says why.
  if (from.data && buckets.length === 0) return null;
  const at = buckets.map((bucket) => Date.parse(bucket.at));
  const ok = buckets.reduce((sum, bucket) => sum + bucket.ok, 0);
  const failed = buckets.reduce((sum, bucket) => sum + bucket.error, 0);
  return (
    <div className={look.shape}>
      {at.length > 0 && (
        <TimeChart
          kind="bars"
          height={74}
          axis={false}
          from={at[0]!}
          to={at.at(-1)! + bucket_ms}
          at={at}
          bucket_ms={bucket_ms}
          format={count}
          summary={`${plural(ok + failed, 'trace')} over time, ${count(failed)} of them failed. Choose a time with the Time menu.`}
          series={[
            { name: 'ok', color: 'color-mix(in srgb, var(--kind-llm) 55%, var(--surface))', values: buckets.map((bucket) => bucket.ok) },
            { name: 'error', color: 'var(--err)', values: buckets.map((bucket) => bucket.error) },
          ]}
          onRange={onRange}
        />
      )}
    </div>
  );
}
