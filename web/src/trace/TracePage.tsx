/** Understand one request: its spans over time, what each said, and the same again. */
import { Button } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Span, TraceDetail } from '../api/types';
import { trace as traceQuery } from '../api/queries';
import { asRefusal } from '../api/refusal';
import { CopyButton } from '../parts/CopyButton';
import { Loaded } from '../parts/Loaded';
import { Tag } from '../parts/Tag';
import { Page } from '../shell/Page';
import { useShortcuts } from '../shell/shortcuts';
import type { Tab } from './address';
import { BreakdownBars } from './BreakdownBars';
import { Facts } from './Facts';
import { Inspector } from './Inspector';
import { ReplayDialog } from './ReplayDialog';
import { rows, tree } from './tree';
import { Waterfall } from './Waterfall';
import look from './TracePage.module.css';

const route = getRouteApi('/house/traces/$traceId');

export default function TracePage() {
  const { traceId } = route.useParams();
  // A trace is stored a moment after its answer: when one comes straight from there, wait for it.
  const found = useQuery({ ...traceQuery(traceId), retry: (times, thrown) => times < 4 && [0, 404, 503].includes(asRefusal(thrown).status), retryDelay: (times) => 300 * 2 ** times });
  const [replaying, setReplaying] = useState(false);
  const trace = found.data?.trace;
  const replayable = trace?.release_id != null;
  useShortcuts({ r: () => replayable && setReplaying(true) });
  return (
    <Page
      filled
      title={trace ? trace.name : 'Trace'}
      heading={
        <>
          <Link to="/traces" className={look.up}>
            Traces
          </Link>
          <span className={look.slash} aria-hidden>
            /
          </span>
          <span className={look.name}>{trace?.name ?? 'Trace'}</span>
          {trace && <Tag tone={trace.status === 'ok' ? 'ok' : 'err'}>{trace.status}</Tag>}
          {trace?.declined && <Tag tone="warn">declined</Tag>}
          {trace?.cached && <Tag tone="accent">cache</Tag>}
        </>
      }
      purpose={
        <span className={look.id}>
          <code>{traceId}</code>
          <CopyButton text={traceId} label="Copy the trace id" />
        </span>
      }
      actions={
        trace && (
          <Button
            variant="filled"
            leftSection={<IconRefresh size={14} stroke={1.8} />}
            disabled={!replayable}
            title={replayable ? 'Run the same release on the same input again' : 'Only the answers of an app can be replayed: they have a release'}
            onClick={() => setReplaying(true)}
          >
            Replay
          </Button>
        )
      }
    >
      <div className={look.page}>
        <Loaded from={found}>{(detail) => <Spans detail={detail} />}</Loaded>
      </div>
      <ReplayDialog traceId={traceId} opened={replaying} onClose={() => setReplaying(false)} />
    </Page>
  );
}

function Spans({ detail }: { detail: TraceDetail }) {
  const { span: wanted, tab = 'messages' } = route.useSearch();
  const navigate = route.useNavigate();
  const span = detail.spans.find((one) => one.span_id === wanted) ?? telling(detail.spans);
  if (!span) return <p className={look.none}>This trace has no spans yet.</p>;
  const go = (news: { span?: string; tab?: Tab }) => void navigate({ search: (now) => ({ ...now, ...news }), replace: true });
  return (
    <>
      <Facts detail={detail} />
      <div className={look.split}>
        <div className={look.left}>
          <Waterfall spans={detail.spans} chosen={span.span_id} onChoose={(span_id) => go({ span: span_id })} />
          <BreakdownBars spans={detail.spans} />
        </div>
        <Inspector span={span} tab={tab} onTab={(tab) => go({ tab: tab === 'messages' ? undefined : tab })} />
      </div>
    </>
  );
}

/** The span to look at first: where it broke, or else the whole. */
function telling(spans: Span[]): Span | undefined {
  const all = rows(tree(spans), new Set()).map((row) => row.span);
  return all.findLast((span) => span.status === 'error' && span.status_message) ?? all[0];
}
