/** The marks of an answer: `[1]` and `[1, 3]` in a text that may still be growing. */

export type Part = { text: string } | { n: number };

const MARKS = /\s?\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]/g;

/** Splits a text at its marks. A number without a source stays what it was: text. */
export function parts(text: string, known: ReadonlySet<number> | ReadonlyMap<number, unknown>): Part[] {
  const found: Part[] = [];
  let from = 0;
  for (const match of text.matchAll(MARKS)) {
    const numbers = match[1]!.split(',').map(Number);
    if (!numbers.every((n) => known.has(n))) continue;
    if (match.index > from) found.push({ text: text.slice(from, match.index) });
    for (const n of numbers) found.push({ n });
    from = match.index + match[0].length;
  }
  if (from < text.length) found.push({ text: text.slice(from) });
  return found;
}

/** Without the beginning of a mark at the end, so that `[1` does not flash up before it becomes a link. */
export function settled(text: string): string {
  return text.replace(/\s?\[[\d\s,]*$/, '');
}

/** For the clipboard and for the conversation that is sent on: what was said, without marks. */
export function unmarked(text: string): string {
  return text.replace(MARKS, '');
}
