/** Five steps from nothing to a traced program. Each ticks itself off; with the last one the card is gone. */
import { Button } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, type LinkProps } from '@tanstack/react-router';
import { useState } from 'react';
import * as ask from '../api/queries';
import { Card } from '../parts/Card';
import { Snippet } from '../parts/Snippet';
import { chatCall } from '../parts/snippets';
import look from './GetStarted.module.css';

interface Step {
  done: boolean;
  label: string;
  why: string;
  link: Pick<LinkProps, 'to' | 'params'>;
}

const HIDDEN = 'quarterdeck-started';

export function GetStarted({ requests }: { requests: number | undefined }) {
  const [hidden, setHidden] = useState(() => localStorage.getItem(HIDDEN) === 'yes');
  const steps = useSteps(requests);
  const app = useQuery(ask.apps()).data?.items[0]?.name;
  if (hidden || !steps || steps.every((step) => step.done)) return null;
  const left = steps.filter((step) => !step.done).length;
  const next = steps.findIndex((step) => !step.done);
  return (
    <Card
      title="Get started"
      note={`${steps.length - left} of ${steps.length} done`}
      flush
      actions={
        <Button
          size="xs"
          variant="subtle"
          color="gray"
          onClick={() => {
            localStorage.setItem(HIDDEN, 'yes');
            setHidden(true);
          }}
        >
          Hide
        </Button>
      }
    >
      <ol className={look.steps}>
        {steps.map((step, n) => (
          <li key={step.label} className={look.step} data-done={step.done} data-next={n === next}>
            <span className={look.tick}>{step.done ? <IconCheck size={12} stroke={2.4} aria-label="Done" /> : n + 1}</span>
            <div>
              <Link {...step.link} className={look.label}>
                {step.label}
              </Link>
              <p className={look.why}>{step.why}</p>
            </div>
          </li>
        ))}
      </ol>
      {requests === 0 && (
        <div className={look.snippet}>
          <Snippet languages={chatCall(app ?? 'policy-bot')} label="A first call" />
        </div>
      )}
    </Card>
  );
}

function useSteps(requests: number | undefined): Step[] | null {
  const somebody = useQuery(ask.me()).data;
  const bases = useQuery(ask.knowledgeBases()).data;
  const keys = useQuery(ask.keys()).data;
  const providers = useQuery(ask.providers()).data;
  if (!somebody || !bases || !providers || requests === undefined) return null;
  return [
    { done: bases.items.some((base) => base.documents > 0), label: 'Add documents', why: 'Drop a folder: Markdown, HTML, PDF, DOCX or text.', link: { to: '/knowledge' } },
    { done: requests > 0, label: 'Ask a question', why: 'Every answer cites its passages, or declines.', link: { to: '/ask' } },
    { done: keys?.items.some((key) => key.last_used_at) ?? false, label: 'Call it from a program', why: 'Make a key and change one URL in the OpenAI SDK.', link: { to: '/keys' } },
    { done: providers.items.some((provider) => provider.kind !== 'local'), label: 'Add a provider', why: 'Until then answers are quoted, not written.', link: { to: '/gateway/$section', params: { section: 'providers' } } },
    { done: somebody.password_set, label: 'Set a password', why: 'To sign in without the one-time link.', link: { to: '/settings/$section', params: { section: 'password' } } },
  ];
}
