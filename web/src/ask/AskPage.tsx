/** A conversation with an app, every answer with its sources and its trace. */
import { Button, Select } from '@mantine/core';
import { IconMessageCircle, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import type { App } from '../api/types';
import * as queries from '../api/queries';
import { Empty } from '../parts/Empty';
import { Loaded } from '../parts/Loaded';
import { Snippet } from '../parts/Snippet';
import { createApp } from '../parts/snippets';
import { Page } from '../shell/Page';
import { useShortcuts } from '../shell/shortcuts';
import { sources } from './answer';
import { askApp, stop } from './asking';
import { Composer } from './Composer';
import { moving, startAgain, useConversation, type Turn } from './conversation';
import { Passage } from './Passage';
import { Suggestions } from './Suggestions';
import { TurnView } from './TurnView';
import look from './AskPage.module.css';

const route = getRouteApi('/house/ask');

export default function AskPage() {
  const { app } = route.useSearch();
  const apps = useQuery(queries.apps());
  const navigate = route.useNavigate();
  const chosen = apps.data?.items.find((one) => one.name === app) ?? apps.data?.items[0];
  return (
    <Page
      filled
      title="Ask"
      purpose="Talk to an app and check its sources."
      actions={
        chosen && (
          <>
            <Select
              aria-label="App"
              w={180}
              data={apps.data!.items.map((one) => one.name)}
              value={chosen.name}
              onChange={(name) => void navigate({ search: { app: name ?? undefined } })}
            />
            <Button leftSection={<IconPlus size={14} stroke={1.8} />} onClick={() => startAgain(chosen.name)} aria-label="New conversation">
              New
            </Button>
          </>
        )
      }
    >
      <Loaded from={apps}>{() => (chosen ? <Conversation key={chosen.name} app={chosen} /> : <NoApp />)}</Loaded>
    </Page>
  );
}

function Conversation({ app }: { app: App }) {
  const turns = useConversation(app.name);
  const { passage, by } = route.useSearch();
  const navigate = route.useNavigate();
  const last = turns.at(-1);
  const busy = last !== undefined && moving(last);
  const scroll = useFollow(last);
  useShortcuts({ n: () => startAgain(app.name) });

  const open = (turn: Turn, n: number) => void navigate({ search: (now) => ({ ...now, passage: sources(turn.answer).get(n)!.chunk_id, by: `${turn.id}.${n}` }) });
  const close = () => void navigate({ search: (now) => ({ ...now, passage: undefined, by: undefined }) });
  const opener = turns.find((turn) => by?.startsWith(`${turn.id}.`));

  return (
    <>
      <div className={look.talk}>
        <div ref={scroll} className={look.scroll} tabIndex={0} role="log" aria-label={`Conversation with ${app.name}`} aria-live="off">
          <div className={look.column}>
            {turns.length === 0 && <Suggestions app={app} onAsk={(question) => void askApp(app.name, question)} />}
            {turns.map((turn) => (
              <TurnView key={turn.id} app={app.name} turn={turn} open={turn === opener ? Number(by!.split('.').at(-1)) : null} onOpen={(n) => open(turn, n)} onAgain={() => void askApp(app.name, turn.question)} />
            ))}
          </div>
        </div>
        <div className="visually-hidden" aria-live="polite">
          {last?.state === 'done' && (last.answer.declined ? `Declined. ${last.answer.text}` : last.answer.text)}
        </div>
        <Composer app={app.name} busy={busy} onAsk={(question) => void askApp(app.name, question)} onStop={() => last && stop(last)} />
      </div>
      {passage && <Passage id={passage} opener={opener} n={by ? Number(by.split('.').at(-1)) : null} onTurn={(n) => opener && open(opener, n)} onClose={close} />}
    </>
  );
}

/** Keeps the newest words in view, unless the reader has scrolled away from them. */
function useFollow(last: Turn | undefined) {
  const scroll = useRef<HTMLDivElement>(null);
  const followed = useRef<string | null>(null);
  useEffect(() => {
    const box = scroll.current;
    if (!box || !last) return;
    const near = box.scrollHeight - box.scrollTop - box.clientHeight < 160;
    if (near || followed.current !== last.id) box.scrollTop = box.scrollHeight;
    followed.current = last.id;
  }, [last]);
  return scroll;
}

function NoApp() {
  return (
    <div className={look.none}>
      <Empty icon={IconMessageCircle} title="No app yet">
        <p>
          An app answers from a knowledge base, with citations. Add <Link to="/knowledge">documents</Link> first, then make the app:
        </p>
        <Snippet languages={createApp('handbook')} label="Make an app" />
      </Empty>
    </div>
  );
}
