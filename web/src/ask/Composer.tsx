/** Where a question is written. */
import { ActionIcon } from '@mantine/core';
import { IconArrowUp, IconPlayerStopFilled } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import { useShortcuts } from '../shell/shortcuts';
import look from './Composer.module.css';

interface Props {
  app: string;
  busy: boolean;
  onAsk: (question: string) => void;
  onStop: () => void;
}

export function Composer({ app, busy, onAsk, onStop }: Props) {
  const [words, setWords] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  const question = words.trim();
  useShortcuts({ '/': () => field.current?.focus() });

  function send() {
    if (!question || busy) return;
    onAsk(question);
    setWords('');
  }

  return (
    <form
      className={look.place}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div className={look.box}>
        <textarea
          ref={field}
          className={look.field}
          aria-label={`Ask ${app}`}
          placeholder={`Ask ${app}…`}
          rows={1}
          autoFocus
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        {busy ? (
          <ActionIcon variant="default" size={30} aria-label="Stop the answer" onClick={onStop}>
            <IconPlayerStopFilled size={13} />
          </ActionIcon>
        ) : (
          <ActionIcon type="submit" variant="filled" color="violet" size={30} aria-label="Send" disabled={!question}>
            <IconArrowUp size={16} stroke={2} />
          </ActionIcon>
        )}
      </div>
      <p className={look.note}>Answers come from your documents and cite them. What they do not say, the app declines to answer.</p>
    </form>
  );
}
