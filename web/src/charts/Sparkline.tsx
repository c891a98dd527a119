/** The shape of a number over time, beside the number itself. */
import { path, runs } from './scale';
import look from './Sparkline.module.css';

export function Sparkline({ values, color }: { values: (number | null)[]; color: string }) {
  const top = Math.max(...values.map((value) => value ?? 0));
  if (!(top > 0)) return <svg className={look.spark} viewBox="0 0 100 26" preserveAspectRatio="none" aria-hidden />;
  const points = values.map((value, n) => (value == null ? null : { x: (n / Math.max(1, values.length - 1)) * 100, y: 25 - (value / top) * 23 }));
  return (
    <svg className={look.spark} viewBox="0 0 100 26" preserveAspectRatio="none" aria-hidden>
      {runs(points).map((run) => (
        <g key={run[0]!.x}>
          {run.length > 1 && <path d={`${path(run)}L${run.at(-1)!.x} 26L${run[0]!.x} 26Z`} fill={color} opacity={0.12} />}
          <path d={run.length > 1 ? path(run) : `M${run[0]!.x - 0.4} ${run[0]!.y}h.8`} fill="none" stroke={color} strokeWidth={1.3} vectorEffect="non-scaling-stroke" strokeLinejoin="round" strokeLinecap="round" />
        </g>
      ))}
    </svg>
  );
}
