/** The same release on the same input again, and every word that differs. */
import { Button, Modal } from '@mantine/core';
import { IconCheck, IconRefresh } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import { read, wire } from '../api/client';
import type { Replay } from '../api/types';
import { Failure } from '../parts/Failure';
import { Waiting } from '../parts/Loaded';
import { milliseconds } from '../text/numbers';
import { short } from './Facts';
import look from './ReplayDialog.module.css';

export function ReplayDialog({ traceId, opened, onClose }: { traceId: string; opened: boolean; onClose: () => void }) {
  const queries = useQueryClient();
  const replay = useMutation({
    mutationFn: (trace_id: string) => read(wire.POST('/api/v1/traces/{trace_id}/replays', { params: { path: { trace_id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['traces', 'list'] }),
  });
  const { mutate } = replay;
  useEffect(() => {
    if (opened) mutate(traceId);
  }, [opened, traceId, mutate]);
  return (
    <Modal opened={opened} onClose={onClose} title="Replay" size={820}>
      {replay.isPending && <Waiting label="Running the same release on the same input" />}
      {replay.isError && <Failure thrown={replay.error} onRetry={() => mutate(traceId)} />}
      {replay.data && <Result replay={replay.data} onAgain={() => mutate(traceId)} onClose={onClose} />}
    </Modal>
  );
}

function Result({ replay, onAgain, onClose }: { replay: Replay; onAgain: () => void; onClose: () => void }) {
  const { original, replay: again } = replay;
  return (
    <div className={look.result}>
      <p className={look.verdict} data-same={replay.same} role="status">
        {replay.same && <IconCheck size={15} stroke={2} aria-hidden />}
        {replay.same ? 'The same answer, word for word.' : `The answer differs: ${changes(replay)}.`}
      </p>
      <dl className={look.sides}>
        <Side label="Original" side={original} onOpen={onClose} />
        <Side label="Replay" side={again} onOpen={onClose} />
      </dl>
      <div className={look.diff} tabIndex={0} role="region" aria-label="Difference between original and replay">
        {replay.diff.map((part, n) => {
          if (part.op === 'insert') return <ins key={`${n}i`}>{part.text}</ins>;
          if (part.op === 'delete') return <del key={`${n}d`}>{part.text}</del>;
          return <span key={`${n}e`}>{part.text}</span>;
        })}
      </div>
      {!replay.same && (
        <p className={look.legend}>
          <del>only in the original</del> <ins>only in the replay</ins>
        </p>
      )}
      <div>
        <Button leftSection={<IconRefresh size={14} stroke={1.8} />} onClick={onAgain}>
          Run again
        </Button>
      </div>
    </div>
  );
}

function Side({ label, side, onOpen }: { label: string; side: Replay['original']; onOpen: () => void }) {
  return (
    <div className={look.side}>
      <dt>{label}</dt>
      <dd>
        <Link to="/traces/$traceId" params={{ traceId: side.trace_id }} search={{}} onClick={onOpen} className="mono">
          {side.trace_id.slice(0, 12)}
        </Link>
      </dd>
      <dd className="num">{milliseconds(side.latency_ms)}</dd>
      {side.release_id && <dd className="mono">{short(side.release_id)}</dd>}
    </div>
  );
}

function changes({ diff }: Replay): string {
  const words = (op: string) => diff.filter((part) => part.op === op).reduce((sum, part) => sum + part.text.trim().split(/\s+/).filter(Boolean).length, 0);
  const parts = [words('delete') && `${words('delete')} words gone`, words('insert') && `${words('insert')} words new`].filter(Boolean);
  return parts.join(', ') || 'only in white space';
}
