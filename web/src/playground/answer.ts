/** The answer of a column as it grows: what the pieces of a stream add up to. */
import { Refusal } from '../api/refusal';

export interface ToolCall {
  name: string;
  arguments: string;
}

export interface Run {
  state: 'waiting' | 'streaming' | 'done' | 'stopped' | 'failed';
  text: string;
  thoughts: string;
  tools: ToolCall[];
  ttft_ms: number | null;
  total_ms: number | null;
  tokens: { input: number; output: number } | null;
  /** undefined while it is not known yet, null when there is no price. */
  cost_usd: number | null | undefined;
  trace_id: string | null;
  model: string | null;
  attempts: number;
  overhead_ms: number | null;
  cached: boolean;
  finish: string | null;
  failure: Refusal | null;
}

export const begun: Run = { state: 'waiting', text: '', thoughts: '', tools: [], ttft_ms: null, total_ms: null, tokens: null, cost_usd: undefined, trace_id: null, model: null, attempts: 1, overhead_ms: null, cached: false, finish: null, failure: null };

interface Piece {
  choices?: { delta?: { content?: string | null; reasoning_content?: string | null; tool_calls?: { index?: number; function?: { name?: string; arguments?: string } }[] }; finish_reason?: string | null }[];
  usage?: { prompt_tokens?: number; completion_tokens?: number } | null;
  error?: { message: string; code?: string | null; request_id?: string };
}

/** Adds one piece of the stream. An error in it ends the answer by throwing what the server says. */
export function grown(run: Run, data: string): Run {
  const piece = JSON.parse(data) as Piece;
  if (piece.error) throw new Refusal(piece.error.message, { status: 502, code: piece.error.code ?? 'error', request_id: piece.error.request_id });
  const choice = piece.choices?.[0];
  const tools = [...run.tools];
  for (const call of choice?.delta?.tool_calls ?? []) {
    const at = call.index ?? 0;
    const now = tools[at] ?? { name: '', arguments: '' };
    tools[at] = { name: now.name + (call.function?.name ?? ''), arguments: now.arguments + (call.function?.arguments ?? '') };
  }
  return {
    ...run,
    state: 'streaming',
    text: run.text + (choice?.delta?.content ?? ''),
    thoughts: run.thoughts + (choice?.delta?.reasoning_content ?? ''),
    tools,
    finish: choice?.finish_reason ?? run.finish,
    tokens: piece.usage ? { input: piece.usage.prompt_tokens ?? 0, output: piece.usage.completion_tokens ?? 0 } : run.tokens,
  };
}
