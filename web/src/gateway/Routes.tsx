/** The aliases: one name for several models, with who is asked when, and how each of them is right now. */
import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { IconPencil, IconPlayerPlay, IconPlus, IconRoute, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { wire } from '../api/client';
import type { Alias } from '../api/types';
import { Card } from '../parts/Card';
import { Confirm } from '../parts/Confirm';
import { CopyButton } from '../parts/CopyButton';
import { Empty } from '../parts/Empty';
import { Failure } from '../parts/Failure';
import { Loaded, Rows } from '../parts/Loaded';
import { Owner } from '../parts/Owner';
import { Told } from '../parts/Told';
import { AliasForm } from './AliasForm';
import { AliasGraph } from './AliasGraph';
import { aliases } from './queries';
import { TestCallCard } from './TestCallCard';
import look from './Gateway.module.css';

const route = getRouteApi('/house/gateway/$section');

export function Routes() {
  const found = useQuery(aliases());
  const navigate = route.useNavigate();
  const [editing, setEditing] = useState<Alias | 'new' | null>(null);
  const add = (
    <Button variant="filled" leftSection={<IconPlus size={14} stroke={2} />} onClick={() => setEditing('new')}>
      Create an alias
    </Button>
  );
  return (
    <div className={look.routes}>
      <TestCallCard />
      <Loaded
        from={found}
        loading={<Rows count={4} height={76} />}
        isEmpty={(data) => data.items.length === 0}
        empty={
          <Empty icon={IconRoute} title="No alias yet" action={add}>
            An alias is one name for several models: shares, fallbacks, retries and time limits behind it. Programs call the name, and you decide who answers.
          </Empty>
        }
      >
        {(data) => (
          <>
            {data.items.map((alias) => (
              <AliasCard key={alias.name} alias={alias} onEdit={() => setEditing(alias)} onTry={() => void navigate({ search: { model: alias.name }, replace: true })} />
            ))}
            <div>{add}</div>
          </>
        )}
      </Loaded>
      {editing && <AliasForm alias={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />}
    </div>
  );
}

function AliasCard({ alias, onEdit, onTry }: { alias: Alias; onEdit: () => void; onTry: () => void }) {
  const [removing, setRemoving] = useState(false);
  return (
    <Card
      title={alias.name}
      note={alias.plan.description}
      flush
      actions={
        <>
          <Owner owner={alias.owner} />
          <CopyButton text={JSON.stringify({ [alias.name]: alias.plan }, null, 2)} label="Copy the plan" size={28} />
          <Tooltip label="Try it">
            <ActionIcon aria-label={`Try ${alias.name}`} onClick={onTry}>
              <IconPlayerPlay size={15} stroke={1.7} />
            </ActionIcon>
          </Tooltip>
          {alias.owner === 'ui' && (
            <>
              <Tooltip label="Edit">
                <ActionIcon aria-label={`Edit ${alias.name}`} onClick={onEdit}>
                  <IconPencil size={15} stroke={1.7} />
                </ActionIcon>
              </Tooltip>
              <Tooltip label="Delete">
                <ActionIcon aria-label={`Delete ${alias.name}`} onClick={() => setRemoving(true)}>
                  <IconTrash size={15} stroke={1.7} />
                </ActionIcon>
              </Tooltip>
            </>
          )}
        </>
      }
    >
      {alias.broken && (
        <p className={look.warning} role="alert">
          <Told text={alias.broken} />
        </p>
      )}
      <AliasGraph alias={alias} />
      <Remove alias={alias} opened={removing} onClose={() => setRemoving(false)} />
    </Card>
  );
}

function Remove({ alias, opened, onClose }: { alias: Alias; opened: boolean; onClose: () => void }) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => wire.DELETE('/api/v1/routes/{name}', { params: { path: { name: alias.name } } }),
    async onSuccess() {
      onClose();
      await Promise.all([queries.invalidateQueries({ queryKey: ['routes'] }), queries.invalidateQueries({ queryKey: ['models'] })]);
    },
  });
  return (
    <Confirm opened={opened} onClose={onClose} title={`Delete ${alias.name}?`} verb="Delete" busy={remove.isPending} onConfirm={() => remove.mutate()}>
      <p>Programs that call it get an error that says which models there are. Answers under way are finished.</p>
      {remove.isError && <Failure thrown={remove.error} />}
    </Confirm>
  );
}
