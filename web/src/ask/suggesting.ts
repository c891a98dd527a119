/** Chooses a few questions to begin with. */
import type { Document, Trace } from '../api/types';

const WANTED = 5;

interface Offered {
  from: 'app' | 'traces' | 'documents';
  questions: string[];
}

/** What the app itself suggests comes first, then real questions that were answered, then the titles of its documents. */
export function suggestions(
  own: string[],
  recent: Pick<Trace, 'input_preview' | 'declined'>[],
  documents: Pick<Document, 'title'>[],
): Offered {
  if (own.length > 0) return { from: 'app', questions: own.slice(0, WANTED) };
  const asked = new Map<string, string>();
  for (const { input_preview, declined } of recent) {
    const question = input_preview.trim().replace(/\s+/g, ' ');
    const cut = question.endsWith('…');
    if (declined || cut || question.length < 8 || question.length > 120) continue;
    const key = question.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
    if (!asked.has(key)) asked.set(key, question);
  }
  if (asked.size >= 3) return { from: 'traces', questions: [...asked.values()].slice(0, WANTED) };
  const step = Math.max(1, Math.floor(documents.length / WANTED));
  const titles = documents.filter((_, n) => n % step === 0).slice(0, WANTED);
  return { from: 'documents', questions: titles.map(({ title }) => `What does “${title}” say?`) };
}
