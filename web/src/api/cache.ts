/** What the pages know of the server: fresh for a few seconds, asked again when it helps, and gone on sign-out. */
import { QueryCache, QueryClient } from '@tanstack/react-query';
import { asRefusal } from './refusal';

type Listener = () => void;
let whenSignedOut: Listener = () => {};

/** The router hears here that the session has ended. */
export function onSignedOut(listener: Listener): void {
  whenSignedOut = listener;
}

export const queries = new QueryClient({
  queryCache: new QueryCache({
    onError(thrown, query) {
      if (asRefusal(thrown).status === 401 && query.queryKey[0] !== 'me') whenSignedOut();
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 5000,
      retry: (times, thrown) => times < 2 && mayPass(asRefusal(thrown).status),
      retryDelay: (times) => 400 * 2 ** times,
    },
  },
});

/** A refusal stays one however often it is asked; silence and overload may pass. */
function mayPass(status: number): boolean {
  return status === 0 || status === 502 || status === 503 || status === 504;
}
