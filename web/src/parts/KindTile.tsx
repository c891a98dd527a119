/** The small tinted icon of a kind of work. */
import type { SpanKind } from '../api/types';
import { kindOf } from './kinds';
import look from './KindTile.module.css';

export function KindTile({ kind }: { kind: SpanKind }) {
  const { icon: Sign, color, label } = kindOf(kind);
  return (
    <span className={look.tile} style={{ '--kind': color } as React.CSSProperties} title={label}>
      <Sign size={12} stroke={1.8} role="img" aria-label={label} />
    </span>
  );
}
