/** What the address of a knowledge base may say: the open tab and the search. */
import type { SearchMode } from '../api/queries';

export const tabs = ['documents', 'search', 'versions', 'failures'] as const;
export type KnowledgeTab = (typeof tabs)[number];

export interface KnowledgeAddress {
  tab?: KnowledgeTab;
  q?: string;
  mode?: SearchMode;
}

export const modes: { value: SearchMode; label: string; says: string }[] = [
  { value: 'fused', label: 'Fused', says: 'words and meaning together' },
  { value: 'text', label: 'Text', says: 'words only' },
  { value: 'vector', label: 'Vector', says: 'meaning only' },
];

export function readSearch(search: Record<string, unknown>): KnowledgeAddress {
  const found: KnowledgeAddress = {};
  if (tabs.includes(search.tab as KnowledgeTab) && search.tab !== 'documents') found.tab = search.tab as KnowledgeTab;
  if (typeof search.q === 'string' && search.q) found.q = search.q;
  if (search.mode === 'text' || search.mode === 'vector') found.mode = search.mode;
  return found;
}
