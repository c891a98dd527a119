/** The conversations of this browser tab, one per app: they outlive a look at a trace and a reload, and are gone with the tab. */
import { useSyncExternalStore } from 'react';
import { nothingYet, type Answer } from './answer';

export interface Turn {
  id: string;
  question: string;
  asked_at: string;
  state: 'waiting' | 'streaming' | 'done' | 'stopped' | 'failed';
  answer: Answer;
  trace_id: string | null;
  release_id: string | null;
  cache: 'hit' | 'miss' | 'off' | null;
  cost_usd: number | null;
  ttft_ms: number | null;
  total_ms: number | null;
  failure: { message: string; status: number; code: string; request_id: string | null } | null;
}

const STORED = 'quarterdeck-conversations';
let conversations: Record<string, Turn[]> = remembered();
const listeners = new Set<() => void>();

const none: Turn[] = [];

export function useConversation(app: string): Turn[] {
  return useSyncExternalStore(subscribe, () => conversations[app] ?? none);
}

export function turns(app: string): Turn[] {
  return conversations[app] ?? none;
}

export function begin(app: string, question: string): Turn {
  const turn: Turn = {
    id: crypto.randomUUID?.() ?? String(Math.random()).slice(2),
    question,
    asked_at: new Date().toISOString(),
    state: 'waiting',
    answer: nothingYet,
    trace_id: null,
    release_id: null,
    cache: null,
    cost_usd: null,
    ttft_ms: null,
    total_ms: null,
    failure: null,
  };
  put(app, [...turns(app), turn]);
  return turn;
}

export function change(app: string, id: string, news: Partial<Turn>): void {
  put(
    app,
    turns(app).map((turn) => (turn.id === id ? { ...turn, ...news } : turn)),
  );
}

export function remove(app: string, id: string): void {
  put(
    app,
    turns(app).filter((turn) => turn.id !== id),
  );
}

export function startAgain(app: string): void {
  put(app, []);
}

export function forgetConversations(): void {
  conversations = {};
  sessionStorage.removeItem(STORED);
  tell();
}

function put(app: string, now: Turn[]): void {
  conversations = { ...conversations, [app]: now };
  // A growing answer changes many times a second; it is stored when it rests.
  if (!now.some(moving)) keep();
  tell();
}

function keep(): void {
  try {
    sessionStorage.setItem(STORED, JSON.stringify(conversations));
  } catch {
    // A full or closed storage only costs the memory of a reload.
  }
}

function remembered(): Record<string, Turn[]> {
  try {
    return JSON.parse(sessionStorage.getItem(STORED) ?? '{}') as Record<string, Turn[]>;
  } catch {
    return {};
  }
}

export function moving(turn: Turn): boolean {
  return turn.state === 'waiting' || turn.state === 'streaming';
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell(): void {
  for (const listener of listeners) listener();
}
