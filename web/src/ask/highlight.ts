/** Where a quote stands in its passage. */

export interface Lit {
  text: string;
  lit: boolean;
}

/** Finds the quote whatever its white space and marks look like; not found, nothing is lit. */
export function highlighted(passage: string, quote: string | null | undefined): Lit[] {
  const words = (quote ?? '').replace(/…$/, '').trim().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [{ text: passage, lit: false }];
  const pattern = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join(String.raw`[\s*_\x60>#|-]+`);
  const match = new RegExp(pattern, 'i').exec(passage);
  if (!match) return [{ text: passage, lit: false }];
  const end = match.index + match[0].length;
  return [
    { text: passage.slice(0, match.index), lit: false },
    { text: match[0], lit: true },
    { text: passage.slice(end), lit: false },
  ].filter((part) => part.text !== '');
}
