/** Asks for one column and tells how its answer grows. */
import { base, provenance, read, wire } from '../api/client';
import { asRefusal, refusalOf, unreachable } from '../api/refusal';
import { events } from '../ask/sse';
import { begun, grown, type Run } from './answer';
import type { Body } from './setup';

export async function ask(body: Body, signal: AbortSignal, onChange: (run: Run) => void): Promise<void> {
  let run = begun;
  const change = (news: Partial<Run>) => onChange((run = { ...run, ...news }));
  const started = performance.now();
  const since = () => performance.now() - started;
  change({});
  try {
    const reply = await request(body, signal);
    change(facts(reply));
    if (!reply.ok) throw await refusalOf(reply);
    for await (const data of events(reply.body!)) {
      if (data === '[DONE]') break;
      run = grown(run, data);
      const said = run.text || run.thoughts || run.tools.length;
      change({ ttft_ms: run.ttft_ms ?? (said ? since() : null) });
    }
    change({ state: 'done', total_ms: since() });
  } catch (thrown) {
    if (signal.aborted) change({ state: 'stopped', total_ms: since() });
    else change({ state: 'failed', total_ms: since(), failure: asRefusal(thrown) });
  }
  if (run.trace_id && run.state !== 'failed') change({ cost_usd: await costOf(run.trace_id) });
}

async function request(body: Body, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(`${base}/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json', ...provenance }, body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }), signal });
  } catch (thrown) {
    throw signal.aborted ? thrown : unreachable(thrown);
  }
}

function facts(reply: Response): Partial<Run> {
  const { headers } = reply;
  const overhead = headers.get('x-quarterdeck-overhead-ms');
  return {
    trace_id: headers.get('x-quarterdeck-trace-id'),
    model: headers.get('x-quarterdeck-model'),
    attempts: Number(headers.get('x-quarterdeck-attempts') ?? 1),
    overhead_ms: overhead ? Number(overhead) : null,
    cached: headers.get('x-quarterdeck-cache') === 'hit',
  };
}

/** The bill is in the trace. It is stored within a moment of the last byte, so we look a few times. */
async function costOf(trace_id: string): Promise<number | null | undefined> {
  for (const wait_ms of [100, 400, 1000, 2000, 3000]) {
    await new Promise((go) => setTimeout(go, wait_ms));
    try {
      return (await read(wire.GET('/api/v1/traces/{trace_id}', { params: { path: { trace_id } } }))).trace.cost_usd;
    } catch (thrown) {
      if (asRefusal(thrown).status !== 404) return undefined;
    }
  }
  return undefined;
}
