/** What went in or came out of a span: as a conversation, as passages, as text, or as it was recorded. */
import { CopyButton } from '../parts/CopyButton';
import { Tag, type Tone } from '../parts/Tag';
import { messages, pretty } from './messages';
import { passages } from './passages';
import { verdicts, type Verdict } from './verdicts';
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
  const judged = verdicts(value);
  if (judged) return <Judged verdicts={judged} />;
  if (typeof value === 'string') return <div className={`${look.card} ${look.text}`} data-role={answer ? 'assistant' : undefined}>{value}</div>;
  return (
    <pre className={look.json} tabIndex={0}>
      {pretty(value)}
    </pre>
  );
}

const tones: Record<string, Tone> = { passed: 'ok', corrected: 'warn', withheld: 'err' };

function Judged({ verdicts }: { verdicts: Verdict[] }) {
  return (
    <ol className={look.passages}>
      {verdicts.map((verdict, n) => (
        <li key={`${n}${verdict.sentence}`} className={look.card}>
          <div className={look.role}>
            <Tag tone={tones[verdict.outcome] ?? 'plain'}>{verdict.outcome.replaceAll('_', ' ')}</Tag>
            {verdict.score !== null && <span className={look.score}>{verdict.score.toFixed(3)}</span>}
          </div>
          <div className={look.text}>{verdict.sentence}</div>
          {verdict.evidence && verdict.evidence !== verdict.sentence && <div className={look.evidence}>{verdict.evidence}</div>}
          {verdict.problems.length > 0 && <div className={look.problems}>{verdict.problems.join('; ')}</div>}
        </li>
      ))}
    </ol>
  );
}
