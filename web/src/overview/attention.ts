/** What on the overview needs somebody, in sentences with their cause. */
import type { Me, Overview } from '../api/types';
import { count, percent, plural } from '../text/numbers';

export interface Concern {
  tone: 'err' | 'warn';
  sentence: string;
  /** Where one sees it. */
  see?: { label: string; to: '/traces' | '/settings/$section'; search?: Record<string, string>; section?: string };
}

export function concerns(overview: Overview, me: Me): Concern[] {
  const found: Concern[] = [];
  const { requests, errors, ledger } = overview;
  if (errors > 0) {
    const tone = errors / requests > 0.05 ? 'err' : 'warn';
    found.push({ tone, sentence: `${count(errors)} of ${plural(requests, 'request')} failed (${percent(errors, requests)}).`, see: { label: 'See the failures', to: '/traces', search: { status: 'error' } } });
  }
  for (const app of overview.by_app) {
    if (app.requests >= 10 && app.declined / app.requests > 0.4) {
      found.push({
        tone: 'warn',
        sentence: `${app.app} declined ${count(app.declined)} of ${plural(app.requests, 'question')}: its knowledge may lack what people ask for.`,
        see: { label: 'See its traces', to: '/traces', search: { app: app.app } },
      });
    }
  }
  if (ledger.lost > 0) found.push({ tone: 'err', sentence: `${plural(ledger.lost, 'span')} ${was(ledger.lost)} accepted and cannot be found. \`quarterdeck doctor\` says what to do.` });
  if (ledger.rejected > 0) found.push({ tone: 'warn', sentence: `${plural(ledger.rejected, 'span')} ${was(ledger.rejected)} refused since the start; the log says why.` });
  if (ledger.pending > 1000) found.push({ tone: 'warn', sentence: `${plural(ledger.pending, 'span')} wait to be stored: the span store is behind.` });
  if (overview.unpriced_requests > 0) {
    found.push({ tone: 'warn', sentence: `${plural(overview.unpriced_requests, 'request')} used a model without a known price. The cost shown here leaves them out.` });
  }
  if (!me.password_set) found.push({ tone: 'warn', sentence: 'No password is set: you can only sign in with the link that `quarterdeck up` prints.', see: { label: 'Set a password', to: '/settings/$section', section: 'password' } });
  return found;
}

/** What was accepted must be stored or on its way. */
export function ledgerSentence({ accepted, stored, pending, lost }: Overview['ledger']): string {
  if (accepted === stored) return `${plural(accepted, 'span')} accepted, all stored.`;
  const rest = [pending && `${count(pending)} on the way`, lost && `${count(lost)} lost`].filter(Boolean).join(', ');
  return `${plural(accepted, 'span')} accepted, ${count(stored)} stored${rest ? `, ${rest}` : ''}.`;
}

function was(count: number): string {
  return count === 1 ? 'was' : 'were';
}
