/** The size of the text in this browser; `appearance.js` sets it again before the first paint. */
const STORED = 'quarterdeck-text';

export type TextSize = 'normal' | 'larger';

export const sizes: { value: TextSize; label: string }[] = [
  { value: 'normal', label: 'Normal' },
  { value: 'larger', label: 'Larger' },
];

export function textSize(): TextSize {
  return document.documentElement.dataset.text === 'larger' ? 'larger' : 'normal';
}

export function setTextSize(size: TextSize): void {
  document.documentElement.dataset.text = size;
  localStorage.setItem(STORED, size);
}
