/** Limits and budgets: how much of each is used and held, what was reached, and setting them. */
import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { IconGauge, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { wire } from '../api/client';
import { keys as keysQuery } from '../api/queries';
import type { Limit, LimitUsage } from '../api/types';
import { Card } from '../parts/Card';
import { Confirm } from '../parts/Confirm';
import { Empty } from '../parts/Empty';
import { Failure } from '../parts/Failure';
import { Loaded, Rows } from '../parts/Loaded';
import { Owner } from '../parts/Owner';
import table from '../parts/Table.module.css';
import { Tag } from '../parts/Tag';
import { When } from '../parts/When';
import { percent, plural } from '../text/numbers';
import { LimitForm } from './LimitForm';
import { amount, terms, whom } from './limitWords';
import { alerts as alertsQuery, limits as limitsQuery, limitUsage } from './queries';
import look from './Usage.module.css';

const MOST_SHOWN = 5;

export function Limits() {
  const limits = useQuery(limitsQuery());
  const usage = useQuery(limitUsage());
  const [editing, setEditing] = useState<Limit | 'new' | null>(null);
  const add = (
    <Button size="xs" variant="filled" leftSection={<IconPlus size={13} stroke={2} />} onClick={() => setEditing('new')}>
      Set a limit
    </Button>
  );
  return (
    <>
      <Card title={limits.data ? plural(limits.data.items.length, 'limit') : 'Limits and budgets'} note="Held before a call, settled after it" flush actions={limits.data && limits.data.items.length > 0 && add}>
        <Loaded
          from={limits}
          loading={<Rows count={4} height={48} />}
          isEmpty={(data) => data.items.length === 0}
          empty={
            <Empty icon={IconGauge} title="No limit yet" action={add}>
              Say who may use how much: requests a minute, tokens a day, dollars a month; for the project, a team, a key, a user, a tag, a model or an app.
            </Empty>
          }
        >
          {(data) => (
            <div className={table.scroll}>
              <table className={table.table}>
                <thead>
                  <tr>
                    <th scope="col">Limit</th>
                    <th scope="col">For</th>
                    <th scope="col">Used</th>
                    <th scope="col">Left</th>
                    <th scope="col">State</th>
                    <th scope="col">
                      <span className="visually-hidden">Actions</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {data.items.map((limit) => (
                    <LimitRows key={limit.id} limit={limit} usage={usage.data?.items.filter((one) => one.limit.id === limit.id) ?? []} onEdit={() => setEditing(limit)} />
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </Loaded>
      </Card>
      <Alerts />
      {editing && <LimitForm limit={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />}
    </>
  );
}

function LimitRows({ limit, usage, onEdit }: { limit: Limit; usage: LimitUsage[]; onEdit: () => void }) {
  const names = useKeyNames();
  const sorted = [...usage].sort((a, b) => b.share - a.share);
  const first = sorted[0];
  return (
    <>
      <tr className={limit.enabled ? undefined : look.off}>
        <td>
          <strong className={table.rowLink}>{limit.name}</strong>
          <div className={look.sub}>
            {terms(limit)} {!limit.hard && '· only alerts'}
          </div>
        </td>
        <td>{limit.subject === 'key' && names.has(limit.subject_id) ? `key ${names.get(limit.subject_id)}` : whom(limit)}</td>
        <Used usage={sorted.length === 1 ? first : undefined} limit={limit} nobody={sorted.length === 0} many={sorted.length} />
        <td>
          <div className={look.rowEnd}>
            <Owner owner={limit.owner} />
            {limit.owner === 'ui' && (
              <>
                <Tooltip label="Edit">
                  <ActionIcon aria-label={`Edit ${limit.name}`} onClick={onEdit}>
                    <IconPencil size={15} stroke={1.7} />
                  </ActionIcon>
                </Tooltip>
                <Remove limit={limit} />
              </>
            )}
          </div>
        </td>
      </tr>
      {sorted.length > 1 &&
        sorted.slice(0, MOST_SHOWN).map((one) => (
          <tr key={one.value}>
            <td />
            <td>
              {names.get(one.value) ?? one.value}
            </td>
            <Used usage={one} limit={limit} />
            <td />
          </tr>
        ))}
    </>
  );
}

function Used({ usage, limit, nobody = false, many = 0 }: { usage: LimitUsage | undefined; limit: Limit; nobody?: boolean; many?: number }) {
  if (!limit.enabled) return <Filler>switched off</Filler>;
  if (!usage) return <Filler>{nobody ? 'nobody used it in this window' : many > MOST_SHOWN ? `the first ${MOST_SHOWN} of ${many} are below` : `${many} use it`}</Filler>;
  const held = limit.amount > 0 ? Math.min(1 - Math.min(1, usage.used / limit.amount), usage.reserved / limit.amount) : 0;
  return (
    <>
      <td>
        <div className={look.meter} role="img" aria-label={`${percent(usage.share)} used`}>
          <span className={look.used} data-state={usage.state} style={{ width: `${Math.min(1, limit.amount > 0 ? usage.used / limit.amount : 1) * 100}%` }} />
          <span className={look.held} style={{ width: `${held * 100}%` }} />
        </div>
        <div className={look.sub}>
          {amount(limit.metric, usage.used)} of {amount(limit.metric, limit.amount)}
          {usage.reserved > 0 && `, ${amount(limit.metric, usage.reserved)} held`}
        </div>
      </td>
      <td className={table.nowrap}>
        {amount(limit.metric, usage.left)}
        {usage.resets_at && (
          <div className={look.sub}>
            anew <When at={usage.resets_at} />
          </div>
        )}
      </td>
      <td>
        <Tag tone={usage.state === 'reached' ? 'err' : usage.state === 'warned' ? 'warn' : 'ok'}>{usage.state === 'reached' ? (limit.hard ? 'reached: refuses' : 'reached') : usage.state === 'warned' ? 'nearly used up' : 'has room'}</Tag>
      </td>
    </>
  );
}

function Filler({ children }: { children: React.ReactNode }) {
  return (
    <td colSpan={3} className={table.quiet}>
      {children}
    </td>
  );
}

function Remove({ limit }: { limit: Limit }) {
  const [asking, setAsking] = useState(false);
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => wire.DELETE('/api/v1/limits/{name}', { params: { path: { name: limit.name } } }),
    async onSuccess() {
      setAsking(false);
      await queries.invalidateQueries({ queryKey: ['limits'] });
    },
  });
  return (
    <>
      <Tooltip label="Delete">
        <ActionIcon aria-label={`Delete ${limit.name}`} onClick={() => setAsking(true)}>
          <IconTrash size={15} stroke={1.7} />
        </ActionIcon>
      </Tooltip>
      <Confirm opened={asking} onClose={() => setAsking(false)} title={`Delete ${limit.name}?`} verb="Delete" busy={remove.isPending} onConfirm={() => remove.mutate()}>
        <p>From the next request on it holds for nobody. What was used is not counted any more.</p>
        {remove.isError && <Failure thrown={remove.error} />}
      </Confirm>
    </>
  );
}

function Alerts() {
  const alerts = useQuery(alertsQuery());
  const names = useKeyNames();
  if (alerts.data?.items.length === 0) return null;
  return (
    <Card title="Alerts" note="Each is raised once in a window" flush>
      <Loaded from={alerts} loading={<Rows count={2} />}>
        {(data) => (
          <div className={table.scroll}>
            <table className={table.table}>
              <thead>
                <tr>
                  <th scope="col">When</th>
                  <th scope="col">Limit</th>
                  <th scope="col">By</th>
                  <th scope="col">What</th>
                </tr>
              </thead>
              <tbody>
                {data.items.map((alert) => (
                  <tr key={alert.id}>
                    <td className={table.nowrap}>
                      <When at={alert.raised_at} />
                    </td>
                    <td className={table.rowLink}>{alert.name}</td>
                    <td>{names.get(alert.value) ?? alert.value}</td>
                    <td>
                      <Tag tone={alert.share >= 1 ? 'err' : 'warn'}>{percent(alert.share)}</Tag> {amount(alert.metric, alert.used)} of {amount(alert.metric, alert.amount)}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
    </Card>
  );
}

function useKeyNames(): Map<string, string> {
  return new Map(useQuery(keysQuery()).data?.items.map((key) => [key.id, key.name]) ?? []);
}
