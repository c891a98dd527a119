/** Everything a span carries, by name. */
import type { Span } from '../api/types';
import { CopyButton } from '../parts/CopyButton';
import { pretty } from './messages';
import look from './Attributes.module.css';

export function Attributes({ span }: { span: Span }) {
  const ids: [string, unknown][] = [
    ['span id', span.span_id],
    ['parent id', span.parent_id],
    ['release id', span.release_id],
    ['provider', span.provider],
    ['model', span.model],
  ];
  const all = [...ids.filter(([, value]) => value !== null), ...Object.entries(span.attributes).toSorted(([a], [b]) => a.localeCompare(b))];
  return (
    <dl className={look.attributes}>
      {all.map(([name, value]) => (
        <div key={name} className={look.row}>
          <dt>{name}</dt>
          <dd>
            <span>{pretty(value)}</span>
            <CopyButton text={pretty(value)} label={`Copy ${name}`} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
