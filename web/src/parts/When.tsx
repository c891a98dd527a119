/** A moment, relative to now, with the exact time on hover. */
import { ago, full } from '../text/time';

export function When({ at, none = 'never' }: { at: string | null | undefined; none?: string }) {
  if (!at) return <span>{none}</span>;
  return (
    <time dateTime={at} title={full(at)}>
      {ago(at)}
    </time>
  );
}
