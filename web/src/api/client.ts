/** The one way to the server: typed by its OpenAPI, with the session cookie, and refusals thrown as values of one kind. */
import createClient from 'openapi-fetch';
import { refusalOf, unreachable } from './refusal';
import type { paths } from './schema';
import type { Whole } from './types';

/** The path the server lives under: "" at a root, "/tools/llm" behind a proxy. The server writes it into the page's `<base>`. */
export const base = new URL(document.baseURI).pathname.replace(/\/$/, '');

/** The address that programs outside use, for the snippets. */
export const origin = `${location.origin}${base}`;

/** A cookie alone must not be able to change anything, so unsafe requests say where they come from. */
export const provenance = { 'x-quarterdeck-request': '1' };

export const wire = createClient<paths>({ baseUrl: base, headers: provenance });

wire.use({
  async onResponse({ response }) {
    if (!response.ok) throw await refusalOf(response);
  },
  onError({ error }) {
    const stopped = error instanceof DOMException && error.name === 'AbortError';
    return stopped ? error : unreachable(error);
  },
});

/** The body of a reply that was not refused. */
export async function read<T>(call: Promise<{ data?: T }>): Promise<Whole<T>> {
  return (await call).data as Whole<T>;
}
