/** Where the time, the money and the tokens of a trace went, by kind of work. */
import type { Span, SpanKind } from '../api/types';
import { milliseconds } from '../text/numbers';
import { tree, type Node } from './tree';

export interface Share {
  kind: SpanKind;
  value: number;
}

export interface Breakdown {
  time: Share[];
  cost: Share[];
  tokens: Share[];
}

export function breakdown(spans: Span[]): Breakdown {
  const nodes = new Map<string, Node>();
  const walk = (list: Node[]) => list.forEach((node) => (nodes.set(node.span.span_id, node), walk(node.children)));
  walk(tree(spans));
  // Sums of a span may repeat those of its children (an app sums its models), so only the innermost amounts count.
  const own = (node: Node, amount: (span: Span) => number) => (has(node.children, amount) ? 0 : amount(node.span));
  const all = [...nodes.values()];
  return {
    time: shares(all, (node) => ownTime(node)),
    cost: shares(all, (node) => own(node, (span) => span.cost_usd ?? 0)),
    tokens: shares(all, (node) => own(node, (span) => (span.input_tokens ?? 0) + (span.output_tokens ?? 0))),
  };
}

/** The time in which a span worked itself: not covered by any child. */
function ownTime({ span, children }: Node): number {
  let covered = 0;
  let reached = span.offset_ms;
  const end = span.offset_ms + span.latency_ms;
  for (const child of children) {
    const from = Math.max(child.span.offset_ms, reached);
    const to = Math.min(child.span.offset_ms + child.span.latency_ms, end);
    if (to > from) {
      covered += to - from;
      reached = to;
    }
  }
  return Math.max(0, span.latency_ms - covered);
}

function has(nodes: Node[], amount: (span: Span) => number): boolean {
  return nodes.some((node) => amount(node.span) > 0 || has(node.children, amount));
}

function shares(nodes: Node[], value: (node: Node) => number): Share[] {
  const sums = new Map<SpanKind, number>();
  for (const node of nodes) {
    const kind = node.span.kind === 'chain' || node.span.kind === 'agent' ? 'app' : node.span.kind;
    sums.set(kind, (sums.get(kind) ?? 0) + value(node));
  }
  return [...sums].map(([kind, value]) => ({ kind, value })).filter((share) => share.value > 0).sort((a, b) => b.value - a.value);
}

/** The spans that the end waited for, in order, in words: what to shorten to be faster. */
export function criticalPath(spans: Span[]): string | null {
  const [top] = tree(spans);
  if (!top || top.children.length === 0) return null;
  const path: { name: string; ms: number }[] = [];
  const follow = (node: Node, until: number) => {
    let end = Math.min(until, node.span.offset_ms + node.span.latency_ms);
    if (node.children.length === 0) {
      path.push({ name: node.span.name, ms: end - node.span.offset_ms });
      return;
    }
    // From the end backwards: the child that finished last is what was waited for, then the one that finished before it began.
    for (const child of node.children.toSorted((a, b) => ending(b) - ending(a))) {
      if (child.span.offset_ms >= end) continue;
      follow(child, end);
      end = child.span.offset_ms;
    }
  };
  follow(top, top.span.offset_ms + top.span.latency_ms);
  const whole = top.span.latency_ms;
  const worth = path.toReversed().filter((step) => step.ms > whole * 0.04);
  return worth.length ? worth.map((step) => `${step.name} ${milliseconds(step.ms)}`).join(' → ') : null;
}

function ending({ span }: Node): number {
  return span.offset_ms + span.latency_ms;
}
