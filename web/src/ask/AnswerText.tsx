/** The text of an answer as Markdown, its marks as buttons that open the passage. */
import { createContext, useContext, useDeferredValue, useMemo, type ReactNode } from 'react';
import Markdown, { type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';
import type { Citation } from './answer';
import { parts, settled } from './citations';
import look from './AnswerText.module.css';

interface Props {
  text: string;
  sources: Map<number, Citation>;
  growing: boolean;
  open: number | null;
  onOpen: (n: number) => void;
}

export default function AnswerText({ text, sources, growing, open, onOpen }: Props) {
  const shown = useDeferredValue(growing ? settled(text) : text);
  const numbers = [...sources.keys()].join();
  const marks = useMemo(() => [[markCitations, new Set(numbers.split(',').map(Number))] as const], [numbers]);
  const citing = useMemo(() => ({ sources, open, onOpen }), [sources, open, onOpen]);
  return (
    <Citing value={citing}>
      <div className={look.text} data-growing={growing}>
        <Markdown remarkPlugins={[remarkGfm]} rehypePlugins={marks as never} components={components}>
          {shown}
        </Markdown>
      </div>
    </Citing>
  );
}

const Citing = createContext<Pick<Props, 'sources' | 'open' | 'onOpen'> | null>(null);

const components: Components = { span: Mark, a: Outward, img: Described, table: Wide };

/** A citation is a button: it opens something beside the text and leads nowhere else. */
function Mark({ node, children }: { node?: { properties: Record<string, unknown> }; children?: ReactNode }) {
  const { sources, open, onOpen } = useContext(Citing)!;
  const n = Number(node?.properties.dataCitation);
  const source = sources.get(n);
  if (!source) return <span>{children}</span>;
  return (
    <button type="button" className={look.mark} aria-pressed={open === n} aria-label={`Source ${n}: ${source.title}`} title={[source.title, ...source.heading_path].join(' › ')} onClick={() => onOpen(n)}>
      {n}
    </button>
  );
}

function Outward({ href, children }: { href?: string; children?: ReactNode }) {
  return (
    <a href={href} target="_blank" rel="noreferrer noopener">
      {children}
    </a>
  );
}

/** A picture would be a request to wherever an answer says; its words are enough. */
function Described({ alt }: { alt?: string }) {
  return <em>{alt}</em>;
}

function Wide({ children }: { children?: ReactNode }) {
  return (
    <div className={look.wide}>
      <table>{children}</table>
    </div>
  );
}

interface Node {
  type: string;
  tagName?: string;
  value?: string;
  children?: Node[];
  properties?: Record<string, unknown>;
}

/** Puts a marked `span` for every `[n]` that has a source; code stays as it was written. */
function markCitations(known: Set<number>) {
  return function mark(node: Node): void {
    if (node.tagName === 'code' || !node.children) return;
    node.children = node.children.flatMap((child) => {
      if (child.type !== 'text') {
        mark(child);
        return [child];
      }
      return parts(child.value!, known).map((part): Node =>
        'n' in part ? { type: 'element', tagName: 'span', properties: { dataCitation: part.n }, children: [{ type: 'text', value: String(part.n) }] } : { type: 'text', value: part.text },
      );
    });
  };
}
