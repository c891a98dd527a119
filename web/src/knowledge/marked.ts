/** The words of a search inside a text. */

export interface Marked {
  text: string;
  hit: boolean;
}

const COMMON = new Set('a an and are as at be by can do does for from get have how i if in is it may my of on or our that the their to was we what when where which who why will with you your'.split(' '));

export function marked(text: string, query: string): Marked[] {
  const words = [...new Set(query.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])].filter((word) => word.length > 1 && !COMMON.has(word));
  if (words.length === 0) return [{ text, hit: false }];
  // A word also stands in its longer forms: `expense` in `expenses`.
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])((?:${words.map(stem).join('|')})[\\p{L}]{0,4})(?![\\p{L}\\p{N}])`, 'giu');
  return text
    .split(pattern)
    .map((part, n) => ({ text: part, hit: n % 2 === 1 }))
    .filter((part) => part.text !== '');
}

function stem(word: string): string {
  return word.length > 4 ? word.replace(/(?:es|s|ed|ing)$/, '') : word;
}
