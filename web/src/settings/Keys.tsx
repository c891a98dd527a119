/** The keys of programs: who has which, when it was last used, and taking one back. */
import { Button } from '@mantine/core';
import { IconKey, IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { wire } from '../api/client';
import { keys as keysQuery } from '../api/queries';
import type { ApiKey } from '../api/types';
import { Card } from '../parts/Card';
import { Empty } from '../parts/Empty';
import { Failure } from '../parts/Failure';
import { Loaded, Rows } from '../parts/Loaded';
import table from '../parts/Table.module.css';
import { Tag } from '../parts/Tag';
import { When } from '../parts/When';
import { plural } from '../text/numbers';
import { Confirm } from './Confirm';
import { CreateKey } from './CreateKey';
import look from './Settings.module.css';

export function Keys() {
  const keys = useQuery(keysQuery());
  const [creating, setCreating] = useState(false);
  const active = keys.data?.items.filter((key) => !key.revoked_at).length;
  return (
    <>
      <Card
        title={active === undefined ? 'API keys' : plural(active, 'active key')}
        flush
        actions={
          <Button size="xs" variant="filled" leftSection={<IconPlus size={13} stroke={2} />} onClick={() => setCreating(true)}>
            Create a key
          </Button>
        }
      >
        <Loaded
          from={keys}
          loading={<Rows count={3} height={42} />}
          isEmpty={(data) => data.items.length === 0}
          empty={
            <Empty icon={IconKey} title="No key yet">
              A program signs in with a key, as it would at OpenAI. Create one and change the base URL.
            </Empty>
          }
        >
          {(data) => (
            <div className={table.scroll}>
              <table className={table.table}>
                <thead>
                  <tr>
                    <th scope="col">Name</th>
                    <th scope="col">Key</th>
                    <th scope="col">May</th>
                    <th scope="col">Created</th>
                    <th scope="col">Last used</th>
                    <th scope="col">Expires</th>
                    <th scope="col">
                      <span className="visually-hidden">Actions</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {data.items.map((key) => (
                    <Row key={key.id} apiKey={key} />
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </Loaded>
      </Card>
      <CreateKey opened={creating} onClose={() => setCreating(false)} />
    </>
  );
}

function Row({ apiKey }: { apiKey: ApiKey }) {
  const [revoking, setRevoking] = useState(false);
  const expired = past(apiKey.expires_at);
  const over = apiKey.revoked_at !== null || expired;
  return (
    <tr className={over ? look.old : undefined}>
      <td className={over ? undefined : table.rowLink}>{apiKey.name}</td>
      <td className="mono">{apiKey.prefix}…</td>
      <td>{apiKey.scopes.join(', ')}</td>
      <td className={`${table.quiet} ${table.nowrap}`}>
        <When at={apiKey.created_at} />
      </td>
      <td className={`${table.quiet} ${table.nowrap}`}>
        <When at={apiKey.last_used_at} />
      </td>
      <td className={`${table.quiet} ${table.nowrap}`}>
        <When at={apiKey.expires_at} />
      </td>
      <td>
        <div className={look.rowEnd}>
          {apiKey.revoked_at ? (
            <Tag>revoked</Tag>
          ) : expired ? (
            <Tag tone="warn">expired</Tag>
          ) : (
            <Button size="xs" variant="subtle" color="gray" onClick={() => setRevoking(true)} aria-label={`Revoke ${apiKey.name}`}>
              Revoke
            </Button>
          )}
        </div>
        <Revoke apiKey={apiKey} opened={revoking} onClose={() => setRevoking(false)} />
      </td>
    </tr>
  );
}

function Revoke({ apiKey, opened, onClose }: { apiKey: ApiKey; opened: boolean; onClose: () => void }) {
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => wire.DELETE('/api/v1/keys/{key_id}', { params: { path: { key_id: apiKey.id } } }),
    async onSuccess() {
      onClose();
      await queries.invalidateQueries({ queryKey: ['keys'] });
    },
  });
  return (
    <Confirm opened={opened} onClose={onClose} title={`Revoke ${apiKey.name}?`} verb="Revoke" busy={revoke.isPending} onConfirm={() => revoke.mutate()}>
      <p>Programs that use it are refused from now on. This cannot be undone.</p>
      {revoke.isError && <Failure thrown={revoke.error} />}
    </Confirm>
  );
}

function past(moment: string | null): boolean {
  return moment !== null && Date.parse(moment) < Date.now();
}
