/** Find any request: a query, its shape over time, the rows, and a look beside at one of them. */
import { Button } from '@mantine/core';
import { IconActivity, IconFilterOff, IconPlayerPlayFilled, IconPlayerPauseFilled } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import * as queries from '../api/queries';
import { Empty } from '../parts/Empty';
import { Loaded, Rows } from '../parts/Loaded';
import { Snippet } from '../parts/Snippet';
import { chatCall } from '../parts/snippets';
import { Page } from '../shell/Page';
import { useShortcuts } from '../shell/shortcuts';
import { count, plural } from '../text/numbers';
import { filtersOf, type TracesAddress } from './address';
import { Peek } from './Peek';
import { QueryBar } from './QueryBar';
import { Shape } from './Shape';
import { TraceRows } from './TraceRows';
import look from './TracesPage.module.css';

const route = getRouteApi('/house/traces');

export default function TracesPage() {
  const address = route.useSearch();
  const navigate = route.useNavigate();
  const filters = filtersOf(address);
  const traces = useInfiniteQuery(queries.traces(filters, { live: address.live }));
  const histogram = useQuery(queries.traceHistogram(filters, { live: address.live }));
  const rows = traces.data?.pages.flatMap((page) => page.items) ?? [];
  const totals = traces.data?.pages[0];
  const filtered = Object.keys(filters).length > 0;

  const go = (news: Partial<TracesAddress>, replace = false) => void navigate({ search: (now) => ({ ...now, ...news }), replace });
  const open = (trace_id: string) => void navigate({ to: '/traces/$traceId', params: { traceId: trace_id } });
  const step = (by: number) => {
    const at = rows.findIndex((row) => row.trace_id === address.peek);
    const next = rows[at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)];
    if (next) go({ peek: next.trace_id }, true);
  };
  useShortcuts({
    j: () => step(1),
    k: () => step(-1),
    Enter: () => address.peek && open(address.peek),
    l: () => go({ live: address.live ? undefined : true }),
  });

  return (
    <Page
      filled
      title="Traces"
      purpose="Find any request."
      actions={
        <>
          {totals && (
            <span className={look.matched} aria-live="polite">
              {filtered ? `${count(totals.matched)} of ${plural(totals.total, 'trace')}` : plural(totals.total, 'trace')}
            </span>
          )}
          <Button
            leftSection={address.live ? <IconPlayerPauseFilled size={12} /> : <IconPlayerPlayFilled size={12} />}
            aria-pressed={address.live ?? false}
            data-live={address.live}
            className={look.live}
            onClick={() => go({ live: address.live ? undefined : true })}
          >
            Live
          </Button>
        </>
      }
    >
      <div className={look.list}>
        <QueryBar address={address} onChange={(now) => void navigate({ search: { ...now, peek: undefined, live: address.live } })} />
        <Shape from={histogram} onRange={(from, to) => go({ from: new Date(from).toISOString(), to: new Date(to).toISOString() })} />
        <Loaded
          from={traces}
          loading={<Rows count={14} />}
          isEmpty={() => rows.length === 0}
          empty={filtered ? <NothingMatches total={totals?.total ?? 0} onClear={() => void navigate({ search: {} })} /> : <NothingYet />}
        >
          {() => (
            <TraceRows
              rows={rows}
              peek={address.peek}
              more={traces.hasNextPage}
              loadingMore={traces.isFetchingNextPage}
              onMore={() => void traces.fetchNextPage()}
              onPeek={(trace_id) => go({ peek: trace_id === address.peek ? undefined : trace_id }, address.peek !== undefined)}
              onOpen={open}
            />
          )}
        </Loaded>
        <p className={look.keys} aria-hidden>
          <kbd>J</kbd> <kbd>K</kbd> move <kbd>Enter</kbd> open <kbd>/</kbd> filter <kbd>L</kbd> live
        </p>
      </div>
      {address.peek && <Peek id={address.peek} onClose={() => go({ peek: undefined })} />}
    </Page>
  );
}

function NothingMatches({ total, onClear }: { total: number; onClear: () => void }) {
  return (
    <Empty icon={IconFilterOff} title={`0 of ${plural(total, 'trace')} match`} action={<Button onClick={onClear}>Remove all filters</Button>}>
      <p>Take a word out of the box above, or look at a longer time.</p>
    </Empty>
  );
}

function NothingYet() {
  return (
    <Empty icon={IconActivity} title="No request yet">
      <p>The first one shows up here within a second. Send it from the Ask page, or from any OpenAI or OpenTelemetry program:</p>
      <Snippet languages={chatCall('policy-bot')} label="A first call" />
    </Empty>
  );
}
