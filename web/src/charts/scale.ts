/** From numbers to places: round ends of an axis, and the points of a line. */

/** The round number at or above `value`, so that an axis ends on something one can say. */
export function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 2.5, 5, 10].find((step) => step * power >= value * 0.999) ?? 10;
  return step * power;
}

/** The same for things that are counted: half of it is a count too. */
export function roundUpCount(value: number): number {
  if (value <= 2) return Math.max(1, Math.ceil(value));
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 4, 6, 8, 10].find((step) => step * power >= value && (step * power) % 2 === 0) ?? 20;
  return step * power;
}

export interface Point {
  x: number;
  y: number;
}

/** One path per unbroken run of points: a gap in the data is a gap in the line, not a straight guess. */
export function runs(points: (Point | null)[]): Point[][] {
  const found: Point[][] = [];
  let run: Point[] = [];
  for (const point of points) {
    if (point) {
      if (run.length === 0) found.push(run);
      run.push(point);
    } else {
      run = [];
    }
  }
  return found;
}

export function path(points: Point[]): string {
  return points.map(({ x, y }, n) => `${n ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
}
