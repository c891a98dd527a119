/** The knowledge bases: what apps may answer from. */
import { Button, Modal, TextInput } from '@mantine/core';
import { IconBooks, IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { wire } from '../api/client';
import { knowledgeBases } from '../api/queries';
import type { Knowledge } from '../api/types';
import { Card } from '../parts/Card';
import { Empty } from '../parts/Empty';
import { Failure } from '../parts/Failure';
import { Loaded, Rows } from '../parts/Loaded';
import { Snippet } from '../parts/Snippet';
import { ingest } from '../parts/snippets';
import table from '../parts/Table.module.css';
import { When } from '../parts/When';
import { Page } from '../shell/Page';
import { count } from '../text/numbers';
import { Embedded } from './Embedded';
import look from './Knowledge.module.css';

export default function KnowledgeListPage() {
  const bases = useQuery(knowledgeBases());
  const [making, setMaking] = useState(false);
  const make = (
    <Button variant="filled" leftSection={<IconPlus size={14} stroke={2} />} onClick={() => setMaking(true)}>
      New knowledge base
    </Button>
  );
  return (
    <Page title="Knowledge" purpose="Documents that apps answer from." actions={make}>
      <div className={look.page}>
        <Loaded
          from={bases}
          loading={<Rows count={4} height={42} />}
          isEmpty={(data) => data.items.length === 0}
          empty={
            <Empty icon={IconBooks} title="No documents yet" action={make}>
              <p>A knowledge base is a set of documents, cut into passages that can be searched and cited. Make one here and drop a folder on it, or use the command line:</p>
              <Snippet languages={ingest('handbook')} label="Add a folder" />
            </Empty>
          }
        >
          {(data) => (
            <Card flush>
              <div className={table.scroll}>
                <table className={table.table}>
                  <thead>
                    <tr>
                      <th scope="col">Name</th>
                      <th scope="col" className={table.right}>
                        Documents
                      </th>
                      <th scope="col" className={table.right}>
                        Passages
                      </th>
                      <th scope="col">Embedded</th>
                      <th scope="col" className={table.right}>
                        Version
                      </th>
                      <th scope="col">Updated</th>
                    </tr>
                  </thead>
                  <tbody>
                    {data.items.map((base) => (
                      <Base key={base.name} base={base} />
                    ))}
                  </tbody>
                </table>
              </div>
            </Card>
          )}
        </Loaded>
      </div>
      <NewBase opened={making} onClose={() => setMaking(false)} />
    </Page>
  );
}

function Base({ base }: { base: Knowledge }) {
  return (
    <tr>
      <td>
        <Link to="/knowledge/$name" params={{ name: base.name }} className={table.rowLink}>
          {base.name}
        </Link>
      </td>
      <td className={table.right}>{count(base.documents)}</td>
      <td className={table.right}>{count(base.chunks)}</td>
      <td>
        <Embedded embedded={base.embedded} chunks={base.chunks} />
      </td>
      <td className={table.right}>{base.version ?? <span className={table.quiet}>not published</span>}</td>
      <td className={table.quiet}>
        <When at={base.updated_at} />
      </td>
    </tr>
  );
}

const NAME = /^[a-z0-9][a-z0-9._-]*$/;

function NewBase({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [name, setName] = useState('');
  const queries = useQueryClient();
  const navigate = useNavigate();
  const make = useMutation({
    mutationFn: () => wire.POST('/api/v1/knowledge/{name}/manifests', { params: { path: { name } }, body: { files: [] } }),
    async onSuccess() {
      await queries.invalidateQueries({ queryKey: ['knowledge'] });
      await navigate({ to: '/knowledge/$name', params: { name } });
    },
  });
  const problem = name && !NAME.test(name) ? 'Small letters, digits, dots and dashes; it begins with a letter or digit.' : null;
  return (
    <Modal opened={opened} onClose={onClose} title="New knowledge base" size={440}>
      <form
        className={look.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (name && !problem) make.mutate();
        }}
      >
        <TextInput data-autofocus label="Name" description="Apps and the command line know it by this name." placeholder="handbook" value={name} error={problem} onChange={(event) => setName(event.currentTarget.value.trim())} />
        {make.isError && <Failure thrown={make.error} />}
        <div className={look.formEnd}>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="filled" disabled={!name || problem !== null} loading={make.isPending}>
            Create
          </Button>
        </div>
      </form>
    </Modal>
  );
}
