/** A question and its answer: the text with its marks, the sources, and what it took. */
import { Button } from '@mantine/core';
import { IconBan, IconPlayerStop } from '@tabler/icons-react';
import { lazy, Suspense } from 'react';
import { Refusal } from '../api/refusal';
import { Failure } from '../parts/Failure';
import { sources } from './answer';
import { moving, type Turn } from './conversation';
import { Sources } from './Sources';
import { TurnFacts } from './TurnFacts';
import look from './TurnView.module.css';

const AnswerText = lazy(() => import('./AnswerText'));

interface Props {
  app: string;
  turn: Turn;
  /** The number of the citation that is open beside. */
  open: number | null;
  onOpen: (n: number) => void;
  onAgain: () => void;
}

export function TurnView({ app, turn, open, onOpen, onAgain }: Props) {
  const { answer } = turn;
  return (
    <article className={look.turn} aria-label={turn.question}>
      <h2 className={look.question}>{turn.question}</h2>
      <div className={look.answer} data-declined={answer.declined} aria-busy={moving(turn)}>
        {answer.declined && (
          <p className={look.declined}>
            <IconBan size={14} stroke={1.8} aria-hidden />
            Declined: no passage answers this
          </p>
        )}
        {turn.state === 'waiting' && <Waiting app={app} reading={answer.passages.length} />}
        {answer.text && (
          <Suspense fallback={<p className={look.plain}>{answer.text}</p>}>
            <AnswerText text={answer.text} sources={sources(answer)} growing={moving(turn)} open={open} onOpen={onOpen} />
          </Suspense>
        )}
        {turn.state === 'stopped' && (
          <p className={look.stopped}>
            <IconPlayerStop size={13} stroke={1.8} aria-hidden />
            You stopped this answer.
          </p>
        )}
        {turn.failure && (
          <Failure
            thrown={new Refusal(turn.failure.message, turn.failure)}
            title={answer.text ? 'The answer broke off' : undefined}
            onRetry={onAgain}
          />
        )}
        {answer.declined && turn.state === 'done' && (
          <p className={look.advice}>
            It does not guess. If the answer should be known, add a document that says it, or ask with the words the documents use.
          </p>
        )}
      </div>
      {!answer.declined && answer.citations.length > 0 && <Sources citations={answer.citations} open={open} onOpen={onOpen} />}
      {!moving(turn) && <TurnFacts turn={turn} />}
      {turn.state === 'stopped' && (
        <Button size="xs" className={look.again} onClick={onAgain}>
          Ask again
        </Button>
      )}
    </article>
  );
}

function Waiting({ app, reading }: { app: string; reading: number }) {
  return (
    <p className={look.waiting}>
      <span className={look.pulse} aria-hidden />
      {reading > 0 ? `${app} is reading ${reading} passages…` : `${app} is looking for passages…`}
    </p>
  );
}
