/** Retrieved passages in the output of a span. */

export interface Shown {
  key: string;
  where: string;
  text: string;
  score: number | null;
}

/** The passages of a retrieval; null when the value is something else. */
export function passages(value: unknown): Shown[] | null {
  const list = Array.isArray(value) ? value : listIn(value);
  if (!list || list.length === 0 || !list.every(readable)) return null;
  return list.map((one, n) => ({
    key: `${n}${String(one.chunk_id ?? one.id ?? '')}`,
    where: [one.title ?? one.path ?? one.document ?? one.id, ...(Array.isArray(one.heading_path) ? one.heading_path : [])].filter(Boolean).map(String).join(' › '),
    text: String(one.text ?? one.content ?? one.quote),
    score: typeof one.score === 'number' ? one.score : null,
  }));
}

type Readable = Record<string, unknown>;

function readable(value: unknown): value is Readable {
  if (typeof value !== 'object' || value === null || 'role' in value) return false;
  const { text, content, quote } = value as Readable;
  return [text, content, quote].some((words) => typeof words === 'string');
}

function listIn(value: unknown): unknown[] | null {
  if (typeof value !== 'object' || value === null) return null;
  const { passages, hits, documents } = value as Readable;
  return [passages, hits, documents].find((list) => Array.isArray(list)) ?? null;
}
