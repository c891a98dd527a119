/** Asks an app and lets its answer grow in the conversation. */
import { base, provenance } from '../api/client';
import { asRefusal, refusalOf, unreachable } from '../api/refusal';
import { grown, nothingYet } from './answer';
import { unmarked } from './citations';
import { begin, change, turns, type Turn } from './conversation';
import { events } from './sse';

const running = new Map<string, AbortController>();
const EARLIER_TURNS = 10;

export async function askApp(app: string, question: string): Promise<void> {
  const earlier = turns(app);
  const messages = conversation(earlier, question);
  const { id } = begin(app, question);
  // One conversation is one session: its first question names it.
  const session = earlier[0]?.id ?? id;
  const stop = new AbortController();
  running.set(id, stop);
  const started = performance.now();
  const since = () => performance.now() - started;
  try {
    const reply = await request(app, messages, session, stop.signal);
    change(app, id, facts(reply));
    if (!reply.ok) throw await refusalOf(reply);
    let answer = nothingYet;
    let ttft_ms: number | null = null;
    for await (const data of events(reply.body!)) {
      if (data === '[DONE]') break;
      answer = grown(answer, data);
      if (answer.text && ttft_ms === null) ttft_ms = since();
      change(app, id, { answer, ttft_ms, state: answer.text ? 'streaming' : 'waiting' });
    }
    change(app, id, { state: 'done', total_ms: since() });
  } catch (thrown) {
    if (stop.signal.aborted) {
      change(app, id, { state: 'stopped', total_ms: since() });
    } else {
      const { message, status, code, request_id } = asRefusal(thrown);
      change(app, id, { state: 'failed', total_ms: since(), failure: { message, status, code, request_id } });
    }
  } finally {
    running.delete(id);
  }
}

export function stop(turn: Turn): void {
  running.get(turn.id)?.abort();
}

async function request(app: string, messages: Message[], session: string, signal: AbortSignal): Promise<Response> {
  const body = JSON.stringify({ model: app, messages, stream: true, stream_options: { include_usage: true } });
  try {
    return await fetch(`${base}/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json', 'x-session-id': session, ...provenance }, body, signal });
  } catch (thrown) {
    throw signal.aborted ? thrown : unreachable(thrown);
  }
}

interface Message {
  role: 'user' | 'assistant';
  content: string;
}

function conversation(earlier: Turn[], question: string): Message[] {
  const said = earlier
    .filter((turn) => turn.state === 'done' && turn.answer.text)
    .slice(-EARLIER_TURNS)
    .flatMap((turn): Message[] => [
      { role: 'user', content: turn.question },
      { role: 'assistant', content: unmarked(turn.answer.text) },
    ]);
  return [...said, { role: 'user', content: question }];
}

function facts(reply: Response): Partial<Turn> {
  const cost = reply.headers.get('x-quarterdeck-cost-usd');
  return {
    trace_id: reply.headers.get('x-quarterdeck-trace-id'),
    release_id: reply.headers.get('x-quarterdeck-release'),
    cache: reply.headers.get('x-quarterdeck-cache') as Turn['cache'],
    cost_usd: cost && Number.isFinite(Number(cost)) ? Number(cost) : null,
  };
}
