/** What happened, what it cost, and what needs somebody. */
import { SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { Overview } from '../api/types';
import * as ask from '../api/queries';
import { ChartCard } from '../charts/ChartCard';
import { Loaded } from '../parts/Loaded';
import { Page } from '../shell/Page';
import { count, milliseconds, plural } from '../text/numbers';
import { DEFAULT_HOURS, windows } from './address';
import { Apps, Models } from './Breakdowns';
import { GetStarted } from './GetStarted';
import { NeedsAttention } from './NeedsAttention';
import { Tiles } from './Tiles';
import look from './OverviewPage.module.css';

const route = getRouteApi('/house/');

export default function OverviewPage() {
  const { hours = DEFAULT_HOURS } = route.useSearch();
  const navigate = route.useNavigate();
  const overview = useQuery(ask.overview(hours));
  const window = windows.find((window) => window.hours === hours)!;
  return (
    <Page
      title="Overview"
      purpose="What happened, what it cost, and what needs you."
      actions={
        <SegmentedControl
          aria-label="Look back over"
          data={windows.map(({ hours, label }) => ({ value: String(hours), label }))}
          value={String(hours)}
          onChange={(value) => void navigate({ search: { hours: Number(value) === DEFAULT_HOURS ? undefined : Number(value) }, replace: true })}
        />
      }
    >
      <div className={look.page}>
        <GetStarted requests={overview.data?.requests} />
        <Loaded from={overview}>{(data) => (data.requests === 0 ? <Quiet words={window.words} overview={data} /> : <Numbers overview={data} words={window.words} />)}</Loaded>
      </div>
    </Page>
  );
}

function Numbers({ overview, words }: { overview: Overview; words: string }) {
  const time = {
    from: Date.parse(overview.from),
    to: Date.parse(overview.to),
    at: overview.series.map((point) => Date.parse(point.at)),
    bucket_ms: overview.bucket_s * 1000,
  };
  const { requests, errors, latency_ms } = overview;
  return (
    <>
      <Tiles overview={overview} />
      <NeedsAttention overview={overview} />
      <div className={look.pair}>
        <ChartCard
          {...time}
          title="Requests"
          kind="bars"
          format={count}
          summary={`${plural(requests, 'request')} in ${words}, ${count(errors)} of them failed.`}
          series={[
            { name: 'Answered', color: 'var(--kind-llm)', values: overview.series.map((point) => point.requests - point.errors) },
            { name: 'Failed', color: 'var(--err)', values: overview.series.map((point) => point.errors) },
          ]}
        />
        <ChartCard
          {...time}
          title="Latency"
          kind="lines"
          format={milliseconds}
          summary={`In ${words} half of the requests took up to ${milliseconds(latency_ms.p50)}, 95 of 100 up to ${milliseconds(latency_ms.p95)}.`}
          series={[
            { name: 'p50', color: 'var(--kind-retrieval)', values: overview.series.map((point) => point.p50_ms) },
            { name: 'p95', color: 'var(--kind-tool)', values: overview.series.map((point) => point.p95_ms) },
          ]}
        />
      </div>
      <div className={look.pair}>
        <Apps overview={overview} />
        <Models overview={overview} />
      </div>
    </>
  );
}

/** The same page with nothing in its window: still honest about the rest. */
function Quiet({ words, overview }: { words: string; overview: Overview }) {
  return (
    <>
      <p className={look.quiet}>No request in {words}.</p>
      <NeedsAttention overview={overview} />
    </>
  );
}
