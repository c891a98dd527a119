/** How many passages can already be found by meaning. By words all of them can. */
import { Progress } from '@mantine/core';
import { count, percent } from '../text/numbers';
import look from './Embedded.module.css';

export function Embedded({ embedded, chunks }: { embedded: number; chunks: number }) {
  if (chunks === 0) return <span className={look.none}>–</span>;
  if (embedded >= chunks) return <span className={look.all}>all</span>;
  return (
    <span className={look.part}>
      <Progress value={(embedded / chunks) * 100} size={6} w={64} color="violet" aria-label={`${count(embedded)} of ${count(chunks)} passages embedded`} />
      <span className="num">{percent(embedded, chunks)}</span>
    </span>
  );
}
