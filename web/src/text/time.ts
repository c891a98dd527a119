/** How moments read: near ones relative to now, far ones as a date, always in the reader's own time zone. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function ago(iso: string | null | undefined, now = Date.now()): string {
  if (!iso) return 'never';
  const passed = now - Date.parse(iso);
  if (passed < 0) return passed > -5000 ? 'just now' : `in ${span(-passed)}`;
  if (passed < 5000) return 'just now';
  if (passed < 30 * DAY) return `${span(passed)} ago`;
  return date(iso);
}

/** The moment of a row in a list: the time today, with the day before that. */
export function moment(iso: string, now = Date.now()): string {
  const at = new Date(iso);
  const time = at.toLocaleTimeString('en-GB');
  if (at.toDateString() === new Date(now).toDateString()) return time;
  return `${at.toLocaleDateString('en-GB', { day: '2-digit', month: 'short' })} ${time}`;
}

export function full(iso: string): string {
  const at = new Date(iso);
  const zone = at.toLocaleTimeString('en-GB', { timeZoneName: 'short' }).split(' ').pop();
  return `${at.toLocaleDateString('en-GB', { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' })}, ${at.toLocaleTimeString('en-GB')} ${zone}`;
}

export function date(iso: string): string {
  return new Date(iso).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
}

/** A point on a time axis whose ticks stand `step_ms` apart. */
export function tick(at: number, step_ms: number): string {
  const moment = new Date(at);
  if (step_ms >= DAY) return moment.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
  const time = moment.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', ...(step_ms < MINUTE ? { second: '2-digit' } : {}) });
  return time === '00:00' ? moment.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' }) : time;
}

/** Round moments between two ends for the ticks of an axis, in the reader's time zone. */
export function ticks(from: number, to: number, wanted: number): { at: number; step_ms: number }[] {
  const steps = [1000, 5000, 15_000, 30_000, MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY];
  const step_ms = steps.find((step) => (to - from) / step <= wanted) ?? 30 * DAY;
  const offset = new Date(from).getTimezoneOffset() * MINUTE;
  const found = [];
  for (let at = Math.ceil((from - offset) / step_ms) * step_ms + offset; at <= to; at += step_ms) found.push({ at, step_ms });
  return found;
}

function span(ms: number): string {
  if (ms < MINUTE) return `${Math.floor(ms / 1000)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.floor(ms / DAY)} days`;
}
