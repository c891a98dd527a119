/** Round times along a trace. */
export function axis(whole_ms: number): number[] {
  const rough = whole_ms / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? rough;
  const found: number[] = [];
  // The last place stays free: a time at the very edge would be cut off.
  for (let n = 0; n * step <= whole_ms * 0.92; n += 1) found.push(n * step);
  return found;
}
