/** Why the server did not do what was asked, in the form every page shows it: what happened, why, what to do, request id. */

export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly request_id: string | null;

  constructor(message: string, options: { status: number; code: string; request_id?: string | null }) {
    super(message);
    this.name = 'Refusal';
    this.status = options.status;
    this.code = options.code;
    this.request_id = options.request_id ?? null;
  }
}

/** Reads the error body of a reply; anything that is not one of ours still becomes a sentence. */
export async function refusalOf(reply: Response): Promise<Refusal> {
  const request_id = reply.headers.get('x-request-id');
  const text = await reply.text().catch(() => '');
  try {
    const { error } = JSON.parse(text) as { error: { message: string; code?: string; request_id?: string } };
    return new Refusal(error.message, { status: reply.status, code: error.code ?? 'error', request_id: error.request_id ?? request_id });
  } catch {
    const said = text && !text.trimStart().startsWith('<') ? `: ${text.slice(0, 200)}` : '.';
    return new Refusal(`The server answered ${reply.status}${said}`, { status: reply.status, code: 'error', request_id });
  }
}

export function unreachable(cause: unknown): Refusal {
  const detail = cause instanceof Error ? ` (${cause.message})` : '';
  return new Refusal(`The request did not reach the Quarterdeck server${detail}.`, { status: 0, code: 'unreachable' });
}

/** Turns whatever was thrown into a refusal. */
export function asRefusal(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Refusal(message, { status: -1, code: 'page_error' });
}

/** What happened, in a few words. */
export function headline(refusal: Refusal): string {
  switch (refusal.status) {
    case -1:
      return 'This page made a mistake';
    case 0:
      return 'The server does not answer';
    case 401:
      return 'You are signed out';
    case 403:
      return 'Not allowed';
    case 404:
      return 'Not found';
    case 409:
      return 'That conflicts with what is there';
    case 413:
      return 'Too large';
    case 429:
      return 'Too many requests';
    case 502:
      return 'The provider failed';
    case 503:
      return 'Not available right now';
    case 504:
      return 'The provider took too long';
    default:
      return refusal.status >= 500 ? 'The server failed' : 'The server refused this';
  }
}

/** What to do, where the server's own sentence does not already say it. */
export function remedy(refusal: Refusal): string | null {
  if (refusal.status === -1) return 'Reload the page. If it happens again, please report it with the text above.';
  if (refusal.status === 0) return 'Check that `quarterdeck up` is still running, then try again.';
  if (refusal.status === 500) return 'Try again. If it stays, look for the request id in the server log.';
  return null;
}
