/** An answer as it grows: what the pieces of a stream add up to. */
import { Refusal } from '../api/refusal';

export interface Citation {
  n: number;
  chunk_id: string;
  document_id: string;
  knowledge: string;
  path: string;
  title: string;
  heading_path: string[];
  line_start: number | null;
  line_end: number | null;
  page: number | null;
  quote: string | null;
}

export interface Answer {
  text: string;
  /** What the app was given to read: links `[n]` while the answer still grows. */
  passages: Citation[];
  /** What the finished answer rests on. */
  citations: Citation[];
  declined: boolean;
  model: string | null;
  finish: string | null;
  tokens: { input: number; output: number } | null;
}

export const nothingYet: Answer = { text: '', passages: [], citations: [], declined: false, model: null, finish: null, tokens: null };

interface Piece {
  model?: string;
  choices?: { delta?: { content?: string | null }; finish_reason?: string | null }[];
  passages?: Citation[];
  citations?: Citation[];
  declined?: boolean;
  usage?: { prompt_tokens?: number; completion_tokens?: number } | null;
  error?: { message: string; code?: string | null; request_id?: string };
}

/** Adds one piece. A piece that is an error ends the answer by throwing what the server says. */
export function grown(answer: Answer, data: string): Answer {
  const piece = JSON.parse(data) as Piece;
  if (piece.error) throw new Refusal(piece.error.message, { status: 502, code: piece.error.code ?? 'error', request_id: piece.error.request_id });
  const choice = piece.choices?.[0];
  return {
    text: answer.text + (choice?.delta?.content ?? ''),
    passages: piece.passages ?? answer.passages,
    citations: piece.citations ?? answer.citations,
    declined: piece.declined ?? answer.declined,
    model: piece.model ?? answer.model,
    finish: choice?.finish_reason ?? answer.finish,
    tokens: piece.usage ? { input: piece.usage.prompt_tokens ?? 0, output: piece.usage.completion_tokens ?? 0 } : answer.tokens,
  };
}

/** What `[n]` in the text points to. */
export function sources(answer: Answer): Map<number, Citation> {
  return new Map([...answer.passages, ...answer.citations].map((citation) => [citation.n, citation]));
}
