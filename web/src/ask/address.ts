/** What the address of the ask page may say. */
export interface AskAddress {
  /** The app to talk to. */
  app?: string;
  /** The passage that is open beside the conversation. */
  passage?: string;
  /** The citation it was opened by: `turn.n`. */
  by?: string;
}

export function readAsk(search: Record<string, unknown>): AskAddress {
  return { app: word(search.app), passage: word(search.passage), by: word(search.by) };
}

function word(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
