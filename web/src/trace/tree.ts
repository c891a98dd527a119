/** The spans of a trace as a tree, and the rows of it that are open. */
import type { Span } from '../api/types';

export interface Node {
  span: Span;
  children: Node[];
}

export interface Row {
  span: Span;
  level: number;
  /** Its place among its siblings, for those who listen to the tree. */
  place: number;
  siblings: number;
  folds: boolean;
  open: boolean;
}

/** A span whose parent is not here (not arrived, or of another program) stands at the top. */
export function tree(spans: Span[]): Node[] {
  const nodes = new Map(spans.map((span) => [span.span_id, { span, children: [] as Node[] }]));
  const tops: Node[] = [];
  for (const node of nodes.values()) {
    const parent = node.span.parent_id === null ? undefined : nodes.get(node.span.parent_id);
    if (parent && !within(node, parent, nodes)) parent.children.push(node);
    else tops.push(node);
  }
  for (const node of nodes.values()) node.children.sort(inTime);
  return tops.sort(inTime);
}

function inTime(a: Node, b: Node): number {
  return a.span.offset_ms - b.span.offset_ms || b.span.latency_ms - a.span.latency_ms;
}

/** Whether `parent` stands below `node`: a broken program may send a circle. */
function within(node: Node, parent: Node, nodes: Map<string, Node>): boolean {
  let above: Node | undefined = parent;
  for (let steps = 0; above && steps <= nodes.size; steps += 1) {
    if (above === node) return true;
    above = above.span.parent_id === null ? undefined : nodes.get(above.span.parent_id);
  }
  return false;
}

export function rows(tops: Node[], folded: ReadonlySet<string>): Row[] {
  const found: Row[] = [];
  const walk = (nodes: Node[], level: number) => {
    for (const [n, { span, children }] of nodes.entries()) {
      const open = children.length > 0 && !folded.has(span.span_id);
      found.push({ span, level, place: n + 1, siblings: nodes.length, folds: children.length > 0, open });
      if (open) walk(children, level + 1);
    }
  };
  walk(tops, 1);
  return found;
}
