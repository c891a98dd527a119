/** What is answered without asking a model again, under which promise, and which questions a router sends to which model. */
import { Button, Modal, Select, TextInput } from '@mantine/core';
import { IconDatabase, IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { read, wire } from '../api/client';
import type { Router, SemanticCache } from '../api/types';
import { Card } from '../parts/Card';
import { Confirm } from '../parts/Confirm';
import { Empty } from '../parts/Empty';
import { Failure } from '../parts/Failure';
import form from '../parts/Form.module.css';
import { Loaded, Rows } from '../parts/Loaded';
import table from '../parts/Table.module.css';
import { Tag } from '../parts/Tag';
import { Told } from '../parts/Told';
import { bytes, count, dollars, milliseconds, percent, plural } from '../text/numbers';
import { exactCache, routers as routersQuery, semanticCaches } from './queries';
import look from './Gateway.module.css';

export function Caches() {
  return (
    <>
      <Exact />
      <Semantic />
      <Routers />
    </>
  );
}

function Exact() {
  const cache = useQuery(exactCache());
  const [purging, setPurging] = useState(false);
  const queries = useQueryClient();
  const purge = useMutation({
    mutationFn: () => read(wire.DELETE('/api/v1/cache')),
    async onSuccess() {
      setPurging(false);
      await queries.invalidateQueries({ queryKey: ['cache'] });
    },
  });
  return (
    <Card title="Exact cache" note="The same request again, answered from memory" actions={cache.data && cache.data.entries > 0 && <Button size="xs" onClick={() => setPurging(true)}>Empty it</Button>}>
      <Loaded from={cache} loading={<Rows count={1} height={48} />}>
        {(data) => (
          <dl className={look.tiles}>
            <Fact name="State" value={<Tag tone={data.enabled ? 'ok' : 'plain'}>{data.enabled ? 'on' : 'off'}</Tag>} />
            <Fact name="Shared by" value={data.scope === 'key' ? 'one key' : 'the project'} />
            <Fact name="Kept for" value={milliseconds(data.ttl_s * 1000)} />
            <Fact name="Answers" value={count(data.entries)} />
            <Fact name="Size" value={bytes(data.bytes)} />
            <Fact name="Hits, 30 days" value={count(data.hits)} />
            <Fact name="Saved" value={dollars(data.saved_usd)} />
            <Fact name="Waiting saved" value={milliseconds(data.saved_ms)} />
          </dl>
        )}
      </Loaded>
      <Confirm opened={purging} onClose={() => setPurging(false)} title="Empty the exact cache?" verb="Empty it" busy={purge.isPending} onConfirm={() => purge.mutate()}>
        <p>All its answers are forgotten. The next requests go to models and are paid.</p>
        {purge.isError && <Failure thrown={purge.error} />}
      </Confirm>
    </Card>
  );
}

function Semantic() {
  const caches = useQuery(semanticCaches());
  const [adding, setAdding] = useState(false);
  const add = (
    <Button size="xs" variant="filled" leftSection={<IconPlus size={13} stroke={2} />} onClick={() => setAdding(true)}>
      Add a semantic cache
    </Button>
  );
  return (
    <Card title="Semantic caches" note="What means the same, under a promise that is measured" flush actions={caches.data && caches.data.items.length > 0 && add}>
      <Loaded
        from={caches}
        loading={<Rows count={2} height={72} />}
        isEmpty={(data) => data.items.length === 0}
        empty={
          <Empty icon={IconDatabase} title="No semantic cache" action={add}>
            It answers a question that means the same as an earlier one, and only once checks have shown that it keeps its promise, such as at most 2 % wrong.
          </Empty>
        }
      >
        {(data) => (
          <div className={table.scroll}>
            <table className={table.table}>
              <thead>
                <tr>
                  <th scope="col">For</th>
                  <th scope="col">Promise</th>
                  <th scope="col">State</th>
                  <th scope="col" className={table.right}>
                    Checks, wrong
                  </th>
                  <th scope="col" className={table.right}>
                    Served
                  </th>
                  <th scope="col" className={table.right}>
                    Saved
                  </th>
                  <th scope="col">
                    <span className="visually-hidden">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {data.items.map((cache) => (
                  <SemanticRow key={cache.target} cache={cache} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
      {adding && <AddSemantic onClose={() => setAdding(false)} />}
    </Card>
  );
}

function SemanticRow({ cache }: { cache: SemanticCache }) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => wire.DELETE('/api/v1/semantic-caches/{target}', { params: { path: { target: cache.target } } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['semantic-caches'] }),
  });
  const [removing, setRemoving] = useState(false);
  return (
    <tr>
      <td>
        <code className={table.rowLink}>{cache.target}</code>
      </td>
      <td>
        <Told text={cache.promise} />
      </td>
      <td>
        <Tag tone={{ serving: 'ok', learning: 'accent', broken: 'err' }[cache.state] as 'ok'}>{cache.state}</Tag>
        <div className={look.sub}>
          <Told text={cache.reason} />
        </div>
      </td>
      <td className={table.right}>
        {count(cache.checks)}, {count(cache.checks_wrong)}
      </td>
      <td className={table.right}>
        {count(cache.served)} <span className={table.quiet}>· {percent(cache.hit_share)}</span>
      </td>
      <td className={table.right}>{dollars(cache.saved_usd)}</td>
      <td>
        <div className={look.rowEnd}>
          <Button size="xs" variant="subtle" onClick={() => setRemoving(true)} aria-label={`Remove the semantic cache of ${cache.target}`}>
            Remove
          </Button>
        </div>
        <Confirm opened={removing} onClose={() => setRemoving(false)} title={`Remove the semantic cache of ${cache.target}?`} verb="Remove" busy={remove.isPending} onConfirm={() => remove.mutate()}>
          <p>Its answers and what it has learnt are forgotten. The traces stay.</p>
          {remove.isError && <Failure thrown={remove.error} />}
        </Confirm>
      </td>
    </tr>
  );
}

function AddSemantic({ onClose }: { onClose: () => void }) {
  const [target, setTarget] = useState('');
  const [wrong, setWrong] = useState('2');
  const [mode, setMode] = useState<'on' | 'by-header'>('on');
  const queries = useQueryClient();
  const share = Number(wrong) / 100;
  const save = useMutation({
    mutationFn: () => read(wire.PUT('/api/v1/semantic-caches/{target}', { params: { path: { target } }, body: { most_wrong: share, mode } })),
    async onSuccess() {
      await queries.invalidateQueries({ queryKey: ['semantic-caches'] });
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title="Add a semantic cache" size={460}>
      <form
        className={form.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (target.trim() && share > 0) save.mutate();
        }}
      >
        <TextInput data-autofocus label="App, alias or model" placeholder="policy-bot" value={target} onChange={(event) => setTarget(event.currentTarget.value)} />
        <TextInput label="At most so many of its answers wrong, %" inputMode="decimal" value={wrong} onChange={(event) => setWrong(event.currentTarget.value)} />
        <Select
          label="Used"
          data={[
            { value: 'on', label: 'for every request' },
            { value: 'by-header', label: 'for requests that ask for it' },
          ]}
          value={mode}
          onChange={(value) => setMode(value as 'on')}
        />
        {save.isError && <Failure thrown={save.error} />}
        <div className={form.end}>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="filled" disabled={!target.trim() || !(share > 0)} loading={save.isPending}>
            Add
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function Routers() {
  const routers = useQuery(routersQuery());
  if (routers.data && routers.data.items.length === 0) return null;
  return (
    <Loaded from={routers} loading={<Rows count={2} />}>
      {(data) => data.items.map((router) => <RouterReport key={router.name} router={router} />)}
    </Loaded>
  );
}

function RouterReport({ router }: { router: Router }) {
  return (
    <Card
      title={`Learned router ${router.name}`}
      note={`keeps ${percent(router.keep)} of the quality of ${router.strong}, learnt from ${plural(router.outcomes, 'outcome')}`}
      actions={<Tag tone={router.state === 'on' ? 'ok' : router.state === 'off' ? 'warn' : 'plain'}>{router.state}</Tag>}
    >
      <p>
        <Told text={router.reason} />
      </p>
      {router.report && (
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col">Policy</th>
                <th scope="col" className={table.right}>
                  To {router.strong}
                </th>
                <th scope="col" className={table.right}>
                  Quality
                </th>
                <th scope="col" className={table.right}>
                  Cost
                </th>
              </tr>
            </thead>
            <tbody>
              {router.report.lines.map((line) => (
                <tr key={line.policy}>
                  <td className={line.policy === 'learned' ? table.rowLink : undefined}>{line.policy}</td>
                  <td className={table.right}>{percent(line.strong_share)}</td>
                  <td className={table.right}>
                    {line.quality.value.toFixed(3)} <span className={table.quiet}>{`${line.quality.low.toFixed(3)} to ${line.quality.high.toFixed(3)}`}</span>
                  </td>
                  <td className={table.right}>{dollars(line.cost_usd)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}

function Fact({ name, value }: { name: string; value: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
