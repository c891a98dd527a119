/** What went in or came out of a span: as a conversation, as passages, as text, or as it was recorded. */
import { CopyButton } from '../parts/CopyButton';
import { messages, pretty } from './messages';
import { passages } from './passages';
import look from './Said.module.css';

export function Said({ title, value, answer = false }: { title: string; value: unknown; answer?: boolean }) {
  const empty = value === null || value === undefined || value === '';
  return (
    <section className={look.said}>
      <header className={look.head}>
        <h2>{title}</h2>
        {!empty && <CopyButton text={pretty(value)} label={`Copy the ${title.toLowerCase()}`} />}
      </header>
      {empty ? <p className={look.none}>Not recorded.</p> : <Value value={value} answer={answer} />}
    </section>
  );
}

function Value({ value, answer }: { value: unknown; answer: boolean }) {
  const spoken = messages(value);
  if (spoken) {
    return spoken.map((message, n) => (
      <div key={`${n}${message.role}`} className={look.card} data-role={message.role}>
        <div className={look.role}>{message.role}</div>
        {message.text && <div className={look.text}>{message.text}</div>}
        {message.calls.map((call) => (
          <div key={call.name + call.arguments} className={look.call}>
            <code>{call.name}</code>
            <pre>{call.arguments}</pre>
          </div>
        ))}
      </div>
    ));
  }
  const found = passages(value);
  if (found) {
    return (
      <ol className={look.passages}>
        {found.map((passage, n) => (
          <li key={passage.key} className={look.card}>
            <div className={look.role}>
              <span className="num">{n + 1}</span>
              <span className={look.where}>{passage.where}</span>
              {passage.score !== null && <span className={look.score}>{passage.score.toFixed(3)}</span>}
            </div>
            <div className={look.text}>{passage.text}</div>
          </li>
        ))}
      </ol>
    );
  }
  if (typeof value === 'string') return <div className={`${look.card} ${look.text}`} data-role={answer ? 'assistant' : undefined}>{value}</div>;
  return (
    <pre className={look.json} tabIndex={0}>
      {pretty(value)}
    </pre>
  );
}
