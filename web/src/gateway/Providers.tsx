/** The providers: where they come from, whether they answer, and adding one. */
import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { IconPlug, IconPlus, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { read, wire } from '../api/client';
import { providers as providersQuery } from '../api/queries';
import { asRefusal } from '../api/refusal';
import type { Provider } from '../api/types';
import { Card } from '../parts/Card';
import { Empty } from '../parts/Empty';
import { Failure } from '../parts/Failure';
import { Loaded, Rows } from '../parts/Loaded';
import { Owner } from '../parts/Owner';
import table from '../parts/Table.module.css';
import { Tag } from '../parts/Tag';
import { Told } from '../parts/Told';
import { milliseconds, plural } from '../text/numbers';
import { AddProvider } from './AddProvider';
import { Confirm } from '../parts/Confirm';
import look from './Gateway.module.css';

export function Providers() {
  const providers = useQuery(providersQuery());
  const [adding, setAdding] = useState(false);
  return (
    <>
      <Card
        title={providers.data ? plural(providers.data.items.length, 'provider') : 'Providers'}
        flush
        actions={
          <Button size="xs" variant="filled" leftSection={<IconPlus size={13} stroke={2} />} onClick={() => setAdding(true)}>
            Add a provider
          </Button>
        }
      >
        <Loaded
          from={providers}
          loading={<Rows count={3} height={48} />}
          isEmpty={(data) => data.items.length === 0}
          empty={
            <Empty icon={IconPlug} title="No provider yet">
              Add one, or start with its key in the environment, like OPENAI_API_KEY or ANTHROPIC_API_KEY.
            </Empty>
          }
        >
          {(data) => (
            <div className={table.scroll}>
              <table className={table.table}>
                <thead>
                  <tr>
                    <th scope="col">Provider</th>
                    <th scope="col">Models</th>
                    <th scope="col">Key</th>
                    <th scope="col">Check</th>
                    <th scope="col">
                      <span className="visually-hidden">Actions</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {data.items.map((provider) => (
                    <Row key={provider.name} provider={provider} />
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </Loaded>
      </Card>
      <AddProvider opened={adding} onClose={() => setAdding(false)} />
    </>
  );
}

function Row({ provider }: { provider: Provider }) {
  const [removing, setRemoving] = useState(false);
  const stored = provider.origin === 'stored' && provider.owner !== 'file';
  return (
    <tr>
      <td>
        <strong className={table.rowLink}>{provider.name}</strong>
        <div className={look.sub}>{provider.kind === 'local' ? 'on this machine' : provider.base_url}</div>
      </td>
      <td>
        <div className={look.models} title={provider.models.join(', ')}>
          {provider.models.length ? provider.models.join(', ') : 'all it offers'}
        </div>
      </td>
      <td className={table.nowrap}>
        {provider.key_hint && <code>{provider.key_hint}</code>} <Origin provider={provider} />
      </td>
      <td>
        <Check provider={provider} />
      </td>
      <td>
        <div className={look.rowEnd}>
          {stored && (
            <Tooltip label="Delete">
              <ActionIcon aria-label={`Delete ${provider.name}`} onClick={() => setRemoving(true)}>
                <IconTrash size={15} stroke={1.7} />
              </ActionIcon>
            </Tooltip>
          )}
        </div>
        <Remove provider={provider} opened={removing} onClose={() => setRemoving(false)} />
      </td>
    </tr>
  );
}

function Origin({ provider }: { provider: Provider }) {
  if (provider.owner === 'file') return <Owner owner="file" />;
  if (provider.origin.startsWith('env:')) return <Tag title="Taken from the environment at start; change it there">{provider.origin.slice(4)}</Tag>;
  if (provider.origin === 'built-in') return <Tag>built in</Tag>;
  return provider.key_hint ? <Tag tone="accent">stored, encrypted</Tag> : <Tag>no key</Tag>;
}

function Check({ provider }: { provider: Provider }) {
  const check = useMutation({ mutationFn: () => read(wire.POST('/api/v1/providers/{name}/checks', { params: { path: { name: provider.name } } })) });
  const { data } = check;
  return (
    <div role="status">
      {data?.ok && (
        <Tag tone="ok">
          answers in {milliseconds(data.latency_ms)}, {plural(data.models_seen, 'model')}
        </Tag>
      )}
      {data && !data.ok && (
        <p className={look.sub}>
          <Tag tone="err">fails</Tag> <Told text={data.error ?? 'No reason was given.'} />
        </p>
      )}
      {check.isError && (
        <p className={look.sub}>
          <Tag tone="err">not checked</Tag> <Told text={asRefusal(check.error).message} />
        </p>
      )}
      <Button size="xs" variant="subtle" color="gray" loading={check.isPending} onClick={() => check.mutate()}>
        {data || check.isError ? 'Check again' : 'Check'}
      </Button>
    </div>
  );
}

function Remove({ provider, opened, onClose }: { provider: Provider; opened: boolean; onClose: () => void }) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => wire.DELETE('/api/v1/providers/{name}', { params: { path: { name: provider.name } } }),
    async onSuccess() {
      onClose();
      await Promise.all([queries.invalidateQueries({ queryKey: ['providers'] }), queries.invalidateQueries({ queryKey: ['models'] })]);
    },
  });
  return (
    <Confirm opened={opened} onClose={onClose} title={`Delete ${provider.name}?`} verb="Delete" busy={remove.isPending} onConfirm={() => remove.mutate()}>
      <p>Apps that route to it fall back or fail. Its stored key is erased and cannot be shown again.</p>
      {remove.isError && <Failure thrown={remove.error} />}
    </Confirm>
  );
}
