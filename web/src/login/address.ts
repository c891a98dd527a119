/** What the address of the login page may say. */
export interface LoginAddress {
  /** A one-time link, as `quarterdeck up` prints it. */
  token?: string;
  /** Where to go after. Only inside this UI: an address from outside could send somebody anywhere. */
  next?: string;
}

export function readLogin(search: Record<string, unknown>): LoginAddress {
  const next = typeof search.next === 'string' && /^\/(?![/\\])/.test(search.next) ? search.next : undefined;
  return { token: typeof search.token === 'string' && search.token ? search.token : undefined, next };
}
