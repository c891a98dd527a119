/** The same question to several models at once: answers side by side, with what each took and cost. */
import { Button } from '@mantine/core';
import { IconPlayerPlayFilled, IconPlayerStopFilled, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { models as modelsQuery } from '../api/queries';
import { Page } from '../shell/Page';
import { useShortcuts } from '../shell/shortcuts';
import { addressOf, setupOf } from './address';
import type { Run } from './answer';
import { AnswerColumn } from './AnswerColumn';
import { bestOf } from './best';
import { ask } from './run';
import { bodyOf, type Setup } from './setup';
import { SetupForm } from './SetupForm';
import look from './Playground.module.css';

const route = getRouteApi('/house/playground');
const MOST = 6;

export default function PlaygroundPage() {
  const address = route.useSearch();
  const navigate = route.useNavigate();
  const [setup, setSetup] = useState(() => setupOf(address));
  const offered = useQuery(modelsQuery()).data?.items.filter((one) => one.kind !== 'embedding').map((one) => one.id) ?? [];
  const { runs, problems, running, start, stop, forget } = useRuns(setup);

  // The address follows what is typed, a moment later and without a history of letters.
  useEffect(() => {
    const later = setTimeout(() => void navigate({ search: addressOf(setup), replace: true }), 300);
    return () => clearTimeout(later);
  }, [setup, navigate]);
  useShortcuts({ 'mod+Enter': start, Escape: stop });

  const change = (news: Partial<Setup>) => setSetup((now) => ({ ...now, ...news }));
  const add = () => change({ columns: [...setup.columns, { id: Math.max(0, ...setup.columns.map((one) => one.id)) + 1, model: offered.find((id) => !setup.columns.some((one) => one.model === id)) ?? '', ask: '' }] });
  const best = bestOf(Object.values(runs));
  return (
    <Page
      filled
      title="Playground"
      purpose="Ask several models at once and compare."
      actions={
        <>
          <Button leftSection={<IconPlus size={14} stroke={2} />} disabled={setup.columns.length >= MOST} onClick={add}>
            Add a column
          </Button>
          {running ? (
            <Button leftSection={<IconPlayerStopFilled size={12} />} onClick={stop}>
              Stop
            </Button>
          ) : (
            <Button variant="filled" leftSection={<IconPlayerPlayFilled size={12} />} title="Ctrl Enter" onClick={start}>
              Run
            </Button>
          )}
        </>
      }
    >
      <div className={look.page}>
        <SetupForm setup={setup} onChange={change} />
        <div className={look.columns}>
          {setup.columns.map((column, n) => (
            <AnswerColumn
              key={column.id}
              place={n + 1}
              setup={setup}
              column={column}
              offered={offered}
              run={runs[column.id]}
              problem={problems[column.id]}
              best={best}
              onChange={(news) => change({ columns: setup.columns.map((one) => (one.id === column.id ? { ...one, ...news } : one)) })}
              onRemove={
                setup.columns.length > 1
                  ? () => {
                      forget(column.id);
                      change({ columns: setup.columns.filter((one) => one.id !== column.id) });
                    }
                  : undefined
              }
            />
          ))}
        </div>
      </div>
    </Page>
  );
}

function useRuns(setup: Setup) {
  const [runs, setRuns] = useState<Record<number, Run>>({});
  const [problems, setProblems] = useState<Record<number, string>>({});
  const stops = useRef(new Map<number, AbortController>());
  const running = Object.values(runs).some((run) => run.state === 'waiting' || run.state === 'streaming');
  useEffect(() => {
    const all = stops.current;
    return () => all.forEach((one) => one.abort());
  }, []);

  function start() {
    if (running) return;
    const wrong: Record<number, string> = {};
    setRuns({});
    for (const column of setup.columns) {
      const body = bodyOf(setup, column);
      if (typeof body === 'string') {
        wrong[column.id] = body;
        continue;
      }
      const stop = new AbortController();
      stops.current.set(column.id, stop);
      void ask(body, stop.signal, (run) => setRuns((now) => (stops.current.get(column.id) === stop ? { ...now, [column.id]: run } : now)));
    }
    setProblems(wrong);
  }

  const stop = () => stops.current.forEach((one) => one.abort());
  function forget(id: number) {
    stops.current.get(id)?.abort();
    stops.current.delete(id);
    setRuns(({ [id]: _gone, ...rest }) => rest);
  }
  return { runs, problems, running, start, stop, forget };
}
