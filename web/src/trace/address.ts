/** What the address of a trace may say: the chosen span and the open tab of the inspector. */
export const tabs = ['messages', 'cost', 'attributes'] as const;
export type Tab = (typeof tabs)[number];

export function readTrace(search: Record<string, unknown>): { span?: string; tab?: Tab } {
  const found: { span?: string; tab?: Tab } = {};
  if (typeof search.span === 'string' && search.span) found.span = search.span;
  if (tabs.includes(search.tab as Tab) && search.tab !== 'messages') found.tab = search.tab as Tab;
  return found;
}
