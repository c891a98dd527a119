/** What the address of the overview may say: how far it looks back. */
export const windows = [
  { hours: 1, label: '1 h', words: 'the last hour' },
  { hours: 24, label: '24 h', words: 'the last 24 hours' },
  { hours: 168, label: '7 d', words: 'the last 7 days' },
  { hours: 720, label: '30 d', words: 'the last 30 days' },
] as const;

export const DEFAULT_HOURS = 24;

export function readHours(search: Record<string, unknown>): { hours?: number } {
  const hours = Number(search.hours);
  return windows.some((window) => window.hours === hours) && hours !== DEFAULT_HOURS ? { hours } : {};
}
