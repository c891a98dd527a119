/** The three faces of everything that is asked from the server, beside the one with content: loading, failed, empty. */
import { Loader } from '@mantine/core';
import type { ReactNode } from 'react';
import { Failure } from './Failure';
import look from './Loaded.module.css';

interface Answer<T> {
  data: T | undefined;
  error: unknown;
  refetch: () => unknown;
}

interface Props<T> {
  from: Answer<T>;
  children: (data: T) => ReactNode;
  empty?: ReactNode;
  isEmpty?: (data: T) => boolean;
  loading?: ReactNode;
}

export function Loaded<T>({ from, children, empty, isEmpty, loading }: Props<T>) {
  if (from.data === undefined) {
    if (from.error) return <Failure thrown={from.error} onRetry={() => void from.refetch()} />;
    return loading ?? <Waiting />;
  }
  return (
    <>
      {Boolean(from.error) && (
        <div className={look.stale}>
          <Failure thrown={from.error} title="Could not refresh; this is what was last known" onRetry={() => void from.refetch()} />
        </div>
      )}
      {isEmpty?.(from.data) ? empty : children(from.data)}
    </>
  );
}

/** Shown late, so that a fast answer does not flicker. */
export function Waiting({ label = 'Loading' }: { label?: string }) {
  return (
    <div className={look.waiting} role="status">
      <Loader size={16} color="var(--fg-3)" aria-hidden />
      <span>{label}…</span>
    </div>
  );
}

/** Rows to come, of the height of real ones: nothing jumps when they arrive. */
export function Rows({ count = 8, height = 34 }: { count?: number; height?: number }) {
  return (
    <div role="status" aria-label="Loading">
      {Array.from({ length: count }, (_, n) => (
        <div key={n} className={look.row} style={{ height }}>
          <span className={look.bone} style={{ width: `${38 + ((n * 37) % 45)}%` }} />
        </div>
      ))}
    </div>
  );
}
