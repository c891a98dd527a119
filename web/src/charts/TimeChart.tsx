/** Numbers over time as bars or lines, with an axis, a pointer that tells the values, and a brush where one may choose a range. */
import { useElementSize } from '@mantine/hooks';
import { useId, useRef, useState } from 'react';
import { tick, ticks } from '../text/time';
import { path, roundUp, roundUpCount, runs } from './scale';
import look from './TimeChart.module.css';

export interface Series {
  name: string;
  color: string;
  values: (number | null)[];
}

interface Props {
  from: number;
  to: number;
  /** When each bucket begins, in ms. */
  at: number[];
  bucket_ms: number;
  series: Series[];
  kind: 'bars' | 'lines';
  height: number;
  format: (value: number) => string;
  /** What the chart shows, in a sentence: its text for those who do not see it. */
  summary: string;
  axis?: boolean;
  /** Bars count things, so their axis ends at a count; money ends anywhere round. */
  whole?: boolean;
  onRange?: (from: number, to: number) => void;
}

const FOOT = 18;
/** Room for the numbers of the axis. */
const GUTTER = 46;

export function TimeChart({ from, to, at, bucket_ms, series, kind, height, format, summary, axis = true, whole = kind === 'bars', onRange }: Props) {
  const { ref, width } = useElementSize();
  const svg = useRef<SVGSVGElement>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  const [brush, setBrush] = useState<{ a: number; b: number } | null>(null);
  const hatch = useId();

  const plot = height - FOOT;
  const most = Math.max(0, ...at.map((_, n) => (kind === 'bars' ? sum(series, n) : Math.max(0, ...series.map((one) => one.values[n] ?? 0)))));
  const top = whole ? roundUpCount(most) : roundUp(most);
  const gutter = axis ? GUTTER : 0;
  const x = (moment: number) => gutter + ((moment - from) / Math.max(1, to - from)) * (width - gutter);
  const y = (value: number) => plot - (value / top) * (plot - 8);
  const left = (n: number) => x(at[n]!);
  const wide = Math.max(1, x(from + bucket_ms) - x(from));

  function momentAt(clientX: number): number {
    const box = svg.current!.getBoundingClientRect();
    const share = (clientX - box.left - gutter) / (box.width - gutter);
    return from + Math.min(Math.max(share, 0), 1) * (to - from);
  }
  const bucketAt = (moment: number) => at.findIndex((start) => moment >= start && moment < start + bucket_ms);

  return (
    <div ref={ref} className={look.chart} style={{ height }}>
      {width > 0 && (
        <svg
          ref={svg}
          className={onRange ? look.brushable : undefined}
          width={width}
          height={height}
          role="img"
          aria-label={summary}
          onPointerMove={(event) => {
            const moment = momentAt(event.clientX);
            setPointed(bucketAt(moment));
            if (brush) setBrush({ ...brush, b: moment });
          }}
          onPointerLeave={() => setPointed(null)}
          onPointerDown={(event) => {
            if (!onRange || event.button !== 0) return;
            event.currentTarget.setPointerCapture(event.pointerId);
            const moment = momentAt(event.clientX);
            setBrush({ a: moment, b: moment });
          }}
          onPointerUp={() => {
            if (brush && onRange) {
              const [a, b] = [Math.min(brush.a, brush.b), Math.max(brush.a, brush.b)];
              const n = bucketAt(a);
              // A click takes the bar under it; a drag takes what it covers.
              if (x(b) - x(a) > 4) onRange(a, b);
              else if (n >= 0) onRange(at[n]!, at[n]! + bucket_ms);
            }
            setBrush(null);
          }}
        >
          <pattern id={hatch} width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="4" height="4" fill="var(--err)" fillOpacity="0.55" />
            <rect width="1.6" height="4" fill="var(--err)" />
          </pattern>
          {axis && (
            <g className={look.axis}>
              {(top > 1 || !whole ? [top, top / 2] : [top]).map((value) => (
                <g key={value}>
                  <line x1={gutter} x2={width} y1={y(value)} y2={y(value)} className={look.grid} />
                  <text x={gutter - 8} y={y(value) + 3.5} textAnchor="end">
                    {format(value)}
                  </text>
                </g>
              ))}
            </g>
          )}
          <line x1={gutter} x2={width} y1={plot + 0.5} y2={plot + 0.5} className={look.ground} />
          {ticks(from, to, Math.max(2, width / 90)).map(({ at, step_ms }) => (
            <text key={at} className={look.tick} x={x(at)} y={height - 4} textAnchor={x(at) < gutter + 20 ? 'start' : x(at) > width - 20 ? 'end' : 'middle'}>
              {tick(at, step_ms)}
            </text>
          ))}
          {pointed !== null && pointed >= 0 && <rect x={left(pointed)} width={wide} y={0} height={plot} className={look.pointed} />}
          {kind === 'bars'
            ? at.map((_, n) => {
                let below = 0;
                return series.map((one) => {
                  const value = one.values[n] ?? 0;
                  if (value <= 0) return null;
                  const bottom = y(below);
                  below += value;
                  const tall = Math.max(1.5, bottom - y(below));
                  return (
                    <rect
                      key={one.name + at[n]}
                      x={left(n) + Math.min(1, wide * 0.12)}
                      width={Math.max(1, wide - Math.min(2, wide * 0.24))}
                      y={bottom - tall}
                      height={tall}
                      rx={Math.min(1.5, wide / 4)}
                      fill={one.color === 'var(--err)' ? `url(#${hatch})` : one.color}
                    />
                  );
                });
              })
            : series.map((one) => runs(one.values.map((value, n) => (value == null ? null : { x: left(n) + wide / 2, y: y(value) }))).map((run) => <Run key={one.name + run[0]!.x} run={run} color={one.color} />))}
          {brush && <rect x={x(Math.min(brush.a, brush.b))} width={Math.abs(x(brush.b) - x(brush.a))} y={0} height={plot} className={look.brush} />}
        </svg>
      )}
      {pointed !== null && pointed >= 0 && (
        <div className={look.tip} style={left(pointed) < width / 2 ? { left: left(pointed) + wide + 8 } : { right: width - left(pointed) + 8 }}>
          <div className={look.tipHead}>
            {tick(at[pointed]!, 1000)}
          </div>
          {series.map((one) => (
            <div key={one.name} className={look.tipRow}>
              <span className={look.swatch} style={{ background: one.color }} />
              {one.name}
              <span className={look.tipValue}>{one.values[pointed] == null ? '–' : format(one.values[pointed]!)}</span>
            </div>
          ))}
        </div>
      )}
    </div>
  );
}

function Run({ run, color }: { run: { x: number; y: number }[]; color: string }) {
  if (run.length === 1) return <circle cx={run[0]!.x} cy={run[0]!.y} r={2} fill={color} />;
  return <path d={path(run)} fill="none" stroke={color} strokeWidth={1.5} strokeLinejoin="round" strokeLinecap="round" />;
}

function sum(series: Series[], n: number): number {
  return series.reduce((all, one) => all + (one.values[n] ?? 0), 0);
}
