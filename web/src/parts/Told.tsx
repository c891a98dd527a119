/** A sentence of the server, with its `quoted names` set as code. */
export function Told({ text }: { text: string }) {
  return text.split(/(`[^`]+`)/).map((part, n) => (part.startsWith('`') && part.length > 2 ? <code key={`${n}${part}`}>{part.slice(1, -1)}</code> : part));
}
