/** What programs sign in with: whose key it is, what it may, when it was last used; and the teams they belong to. */
import { Button, Menu } from '@mantine/core';
import { IconDots, IconKey, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { keys as keysQuery } from '../api/queries';
import type { ApiKey } from '../api/types';
import { Card } from '../parts/Card';
import { Empty } from '../parts/Empty';
import { Loaded, Rows } from '../parts/Loaded';
import table from '../parts/Table.module.css';
import { Tag } from '../parts/Tag';
import { When } from '../parts/When';
import { Page } from '../shell/Page';
import { plural } from '../text/numbers';
import { terms } from '../usage/limitWords';
import { limits as limitsQuery } from '../usage/queries';
import { CreateKey } from './CreateKey';
import { EditKey } from './EditKey';
import { Revoke } from './Revoke';
import { Rotate } from './Rotate';
import { stateOf } from './state';
import { Teams } from './Teams';
import look from './Keys.module.css';

export default function KeysPage() {
  const keys = useQuery(keysQuery());
  const [creating, setCreating] = useState(false);
  const active = keys.data?.items.filter((key) => stateOf(key) !== 'revoked' && stateOf(key) !== 'expired').length;
  const create = (
    <Button variant="filled" leftSection={<IconPlus size={14} stroke={2} />} onClick={() => setCreating(true)}>
      Create a key
    </Button>
  );
  return (
    <Page title="Keys" purpose="What programs sign in with, and what they may do." actions={create}>
      <div className={look.page}>
        <Card title={active === undefined ? 'API keys' : plural(active, 'active key')} note="A key is shown once, when it is made; only its hash is kept" flush>
          <Loaded
            from={keys}
            loading={<Rows count={3} height={48} />}
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
                      <th scope="col">Team</th>
                      <th scope="col">May</th>
                      <th scope="col">Only</th>
                      <th scope="col">Limits</th>
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
        <Teams />
      </div>
      <CreateKey opened={creating} onClose={() => setCreating(false)} />
    </Page>
  );
}

function Row({ apiKey }: { apiKey: ApiKey }) {
  const [open, setOpen] = useState<'edit' | 'rotate' | 'revoke' | null>(null);
  const limits = useQuery(limitsQuery()).data?.items.filter((one) => one.subject === 'key' && (one.subject_id === apiKey.id || one.subject_id === apiKey.name)) ?? [];
  const state = stateOf(apiKey);
  const over = state === 'revoked' || state === 'expired';
  const close = () => setOpen(null);
  return (
    <tr className={over ? look.old : undefined}>
      <td>
        <span className={over ? undefined : table.rowLink}>{apiKey.name}</span>
        <div className={look.sub}>
          <span className="mono">{apiKey.prefix}…</span>
        </div>
      </td>
      <td>{apiKey.team ?? <span className={table.quiet}>–</span>}</td>
      <td>{apiKey.scopes.join(', ')}</td>
      <td>
        <Only apiKey={apiKey} />
      </td>
      <td>{limits.length ? limits.map((limit) => <div key={limit.id}>{terms(limit)}</div>) : <span className={table.quiet}>–</span>}</td>
      <td className={`${table.quiet} ${table.nowrap}`}>
        <When at={apiKey.last_used_at} />
      </td>
      <td className={`${table.quiet} ${table.nowrap}`}>
        <When at={apiKey.expires_at} />
      </td>
      <td>
        <div className={look.rowEnd}>
          {state === 'revoked' && <Tag>revoked</Tag>}
          {state === 'expired' && <Tag tone="warn">expired</Tag>}
          {state === 'rotating' && (
            <Tag tone="accent" title="The key from before the rotation still works until then">
              old one ends <When at={apiKey.previous_until} />
            </Tag>
          )}
          {!over && (
            <Menu position="bottom-end" width={180}>
              <Menu.Target>
                <Button size="xs" variant="subtle" aria-label={`Actions on ${apiKey.name}`}>
                  <IconDots size={15} />
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item onClick={() => setOpen('edit')}>Change what it may</Menu.Item>
                <Menu.Item onClick={() => setOpen('rotate')}>Rotate</Menu.Item>
                <Menu.Item component={Link} to={`/usage/spend?key=${apiKey.id}`}>
                  See its spending
                </Menu.Item>
                <Menu.Item color="red" onClick={() => setOpen('revoke')}>
                  Revoke
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          )}
        </div>
        {open === 'edit' && <EditKey apiKey={apiKey} onClose={close} />}
        {open === 'rotate' && <Rotate apiKey={apiKey} onClose={close} />}
        <Revoke apiKey={apiKey} opened={open === 'revoke'} onClose={close} />
      </td>
    </tr>
  );
}

function Only({ apiKey }: { apiKey: ApiKey }) {
  const lines = [
    { words: 'models', values: apiKey.allowed_models },
    { words: 'addresses', values: apiKey.allowed_ips },
    { words: 'tools', values: apiKey.allowed_tools },
  ].filter((line) => line.values.length > 0);
  if (lines.length === 0) return <span className={table.quiet}>–</span>;
  return lines.map((line) => (
    <div key={line.words} className={look.only} title={`${line.words}: ${line.values.join(', ')}`}>
      <span className={look.sub}>{line.words}</span> {line.values.join(', ')}
    </div>
  ));
}
