/** What a few typed letters may mean, best first. */

/** Keeps what contains every word; what starts with them comes first. The order is otherwise left as it was. */
export function matching<T>(all: T[], words: string, text: (one: T) => string): T[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return all;
  return all
    .map((one) => ({ one, score: score(text(one).toLowerCase(), wanted) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .map(({ one }) => one);
}

function score(text: string, wanted: string[]): number {
  let sum = 0;
  for (const word of wanted) {
    const at = text.indexOf(word);
    if (at < 0) return 0;
    sum += at === 0 ? 3 : /[\s:/-]/.test(text[at - 1]!) ? 2 : 1;
  }
  return sum;
}
