/** The MCP servers behind the gateway's one endpoint, and the tools of theirs that were approved. */
import { Button, Modal, TextInput } from '@mantine/core';
import { IconPlus, IconTool } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { origin, read, wire } from '../api/client';
import { asRefusal } from '../api/refusal';
import type { McpServer } from '../api/types';
import { Card } from '../parts/Card';
import { Confirm } from '../parts/Confirm';
import { Empty } from '../parts/Empty';
import { Failure } from '../parts/Failure';
import form from '../parts/Form.module.css';
import { Loaded, Rows } from '../parts/Loaded';
import { Owner } from '../parts/Owner';
import table from '../parts/Table.module.css';
import { Tag } from '../parts/Tag';
import { Told } from '../parts/Told';
import { milliseconds, plural } from '../text/numbers';
import { mcpServers, mcpTools } from './queries';

export function Tools() {
  const servers = useQuery(mcpServers());
  const [adding, setAdding] = useState(false);
  const add = (
    <Button size="xs" variant="filled" leftSection={<IconPlus size={13} stroke={2} />} onClick={() => setAdding(true)}>
      Add a server
    </Button>
  );
  return (
    <>
      <Loaded
        from={servers}
        loading={<Rows count={3} height={48} />}
        isEmpty={(data) => data.items.length === 0}
        empty={
          <Empty icon={IconTool} title="No MCP server yet" action={add}>
            Servers you add here are reached at one address, <code>{origin}/mcp</code>, with the same keys, limits and traces as models.
          </Empty>
        }
      >
        {(data) => (
          <>
            {data.items.map((server) => (
              <Server key={server.name} server={server} />
            ))}
            <div>{add}</div>
          </>
        )}
      </Loaded>
      {adding && <AddServer onClose={() => setAdding(false)} />}
    </>
  );
}

function Server({ server }: { server: McpServer }) {
  const { name } = server;
  const tools = useQuery(mcpTools(name));
  const [removing, setRemoving] = useState(false);
  const queries = useQueryClient();
  const again = () => queries.invalidateQueries({ queryKey: ['mcp'] });
  const check = useMutation({ mutationFn: () => read(wire.POST('/api/v1/mcp/servers/{name}/checks', { params: { path: { name } } })), onSuccess: again });
  const approve = useMutation({ mutationFn: (tool: string) => read(wire.POST('/api/v1/mcp/servers/{name}/approvals', { params: { path: { name } }, body: { tool } })), onSuccess: again });
  const remove = useMutation({ mutationFn: () => wire.DELETE('/api/v1/mcp/servers/{name}', { params: { path: { name } } }), onSuccess: again });
  return (
    <Card
      title={name}
      note={server.url}
      flush
      actions={
        <>
          <span role="status">
            {check.data && <Tag tone={check.data.ok ? 'ok' : 'err'}>{check.data.ok ? `answers in ${milliseconds(check.data.latency_ms)}` : (check.data.error ?? 'fails')}</Tag>}
            {check.isError && <Tag tone="err">{asRefusal(check.error).message}</Tag>}
          </span>
          <Owner owner={server.owner} />
          <Button size="xs" loading={check.isPending} onClick={() => check.mutate()}>
            Check
          </Button>
          {server.owner !== 'file' && (
            <Button size="xs" variant="subtle" onClick={() => setRemoving(true)}>
              Remove
            </Button>
          )}
        </>
      }
    >
      <Loaded from={tools} loading={<Rows count={2} />} isEmpty={(data) => data.items.length === 0} empty={<Empty icon={IconTool} title="No tool seen yet">Check the server to see what it offers.</Empty>}>
        {(data) => (
          <div className={table.scroll}>
            <table className={table.table}>
              <thead>
                <tr>
                  <th scope="col">{plural(data.items.length, 'tool')}</th>
                  <th scope="col">Does</th>
                  <th scope="col">State</th>
                </tr>
              </thead>
              <tbody>
                {data.items.map((tool) => (
                  <tr key={tool.name}>
                    <td>
                      <code className={table.rowLink}>{tool.name}</code>
                    </td>
                    <td>{tool.description}</td>
                    <td className={table.nowrap}>
                      <Tag tone={tool.state === 'approved' ? 'ok' : tool.state === 'changed' ? 'warn' : 'plain'}>{tool.state}</Tag>
                      {tool.state === 'changed' && (
                        <Button size="xs" variant="subtle" loading={approve.isPending} onClick={() => approve.mutate(tool.name)}>
                          Approve the new one
                        </Button>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
      {approve.isError && <Failure thrown={approve.error} />}
      <Confirm opened={removing} onClose={() => setRemoving(false)} title={`Remove ${name}?`} verb="Remove" busy={remove.isPending} onConfirm={() => remove.mutate()}>
        <p>Agents no longer see its tools.</p>
        {remove.isError && <Failure thrown={remove.error} />}
      </Confirm>
    </Card>
  );
}

function AddServer({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [url, setUrl] = useState('');
  const [authorization, setAuthorization] = useState('');
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: () => read(wire.PUT('/api/v1/mcp/servers/{name}', { params: { path: { name: name.trim() } }, body: { url: url.trim(), headers: authorization ? { authorization } : null } })),
    async onSuccess() {
      await queries.invalidateQueries({ queryKey: ['mcp'] });
      onClose();
    },
  });
  const ready = name.trim() !== '' && url.trim() !== '';
  return (
    <Modal opened onClose={onClose} title="Add an MCP server" size={460}>
      <form
        className={form.form}
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) save.mutate();
        }}
      >
        <TextInput data-autofocus label="Name" description="Its tools are called name__tool." value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <TextInput label="Address" placeholder="https://" value={url} onChange={(event) => setUrl(event.currentTarget.value)} />
        <TextInput label="Authorization header, if it needs one" type="password" autoComplete="new-password" description="Stored encrypted." value={authorization} onChange={(event) => setAuthorization(event.currentTarget.value)} />
        {save.isError && (
          <p role="alert">
            <Told text={asRefusal(save.error).message} />
          </p>
        )}
        <div className={form.end}>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="filled" disabled={!ready} loading={save.isPending}>
            Add
          </Button>
        </div>
      </form>
    </Modal>
  );
}
