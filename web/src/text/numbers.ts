/** How numbers read everywhere: with their unit, a thin space, and never in scientific notation. */

const THIN = '\u2009';
export const NONE = '–';

export function milliseconds(ms: number | null | undefined): string {
  if (ms == null) return NONE;
  if (ms < 9.95) return `${ms.toFixed(1)}${THIN}ms`;
  if (ms < 999.5) return `${Math.round(ms)}${THIN}ms`;
  if (ms < 59_995) return `${(ms / 1000).toFixed(2)}${THIN}s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)}${THIN}min ${Math.round((ms % 60_000) / 1000)}${THIN}s`;
  return `${(ms / 3_600_000).toFixed(1)}${THIN}h`;
}

/** Money. `null` is an unknown price, which is not the same as nothing. */
export function dollars(usd: number | null | undefined, options: { unknown?: string } = {}): string {
  if (usd == null) return options.unknown ?? 'no price';
  if (usd === 0) return '$0';
  const size = Math.abs(usd);
  const sign = usd < 0 ? '−' : '';
  if (size < 0.00005) return `${sign}<${THIN}$0.0001`;
  if (size < 1) return `${sign}$${size.toFixed(4)}`;
  return `${sign}$${grouped(size, 2)}`;
}

export function count(value: number | null | undefined): string {
  return value == null ? NONE : grouped(value, 0);
}

/** A large count in a small place: 12,345 becomes 12.3k. */
export function compact(value: number | null | undefined): string {
  if (value == null) return NONE;
  if (value < 10_000) return grouped(value, 0);
  if (value < 999_500) return `${trimmed(value / 1000)}k`;
  if (value < 999_500_000) return `${trimmed(value / 1_000_000)}M`;
  return `${trimmed(value / 1_000_000_000)}B`;
}

export function percent(part: number, whole = 1): string {
  if (whole === 0) return NONE;
  const share = (part / whole) * 100;
  if (share === 0) return `0${THIN}%`;
  if (share < 0.1) return `<${THIN}0.1${THIN}%`;
  if (share > 99.9 && share < 100) return `>${THIN}99.9${THIN}%`;
  return `${share < 10 ? share.toFixed(1) : Math.round(share)}${THIN}%`;
}

export function bytes(size: number | null | undefined): string {
  if (size == null) return NONE;
  if (size < 1000) return `${size}${THIN}B`;
  if (size < 999_500) return `${trimmed(size / 1000)}${THIN}kB`;
  return `${trimmed(size / 1_000_000)}${THIN}MB`;
}

/** `plural(2, 'span')` is "2 spans". */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

function grouped(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function trimmed(value: number): string {
  return value < 99.95 ? value.toFixed(1).replace(/\.0$/, '') : String(Math.round(value));
}
