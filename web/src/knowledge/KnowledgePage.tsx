/** One knowledge base: its documents, its search, its versions and what could not be read. */
import { IconCircleCheck, IconUpload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { knowledge } from '../api/queries';
import type { KnowledgeDetail } from '../api/types';
import { Card } from '../parts/Card';
import { Empty } from '../parts/Empty';
import { Loaded } from '../parts/Loaded';
import { Snippet } from '../parts/Snippet';
import { ingest } from '../parts/snippets';
import table from '../parts/Table.module.css';
import { When } from '../parts/When';
import { Page } from '../shell/Page';
import { count } from '../text/numbers';
import { AddFiles } from './AddFiles';
import type { KnowledgeTab } from './address';
import { Documents } from './Documents';
import { DropArea } from './DropArea';
import { Embedded } from './Embedded';
import { SearchTester } from './SearchTester';
import { UploadProgress } from './UploadProgress';
import { useUpload } from './useUpload';
import look from './Knowledge.module.css';

const route = getRouteApi('/house/knowledge/$name');

export default function KnowledgePage() {
  const { name } = route.useParams();
  const { tab = 'documents' } = route.useSearch();
  const found = useQuery(knowledge(name));
  const adding = useUpload(name);
  return (
    <Page
      title={name}
      heading={
        <>
          <Link to="/knowledge" className={look.up}>
            Knowledge
          </Link>
          <span className={look.slash} aria-hidden>
            /
          </span>
          {name}
        </>
      }
      actions={<AddFiles onFiles={adding.start} busy={adding.busy} />}
    >
      <DropArea onFiles={adding.start} words={`Drop to add to ${name}`}>
        <div className={look.page}>
          {adding.now && <UploadProgress now={adding.now} onClose={adding.close} />}
          <Loaded from={found} isEmpty={(base) => base.documents === 0 && base.failures.length === 0} empty={!adding.now && <NoDocuments name={name} />}>
            {(base) => (
              <>
                <Facts base={base} />
                <Tabs base={base} tab={tab} />
                {tab === 'documents' && <Documents name={name} />}
                {tab === 'search' && <SearchTester name={name} />}
                {tab === 'versions' && <Versions base={base} />}
                {tab === 'failures' && <Failures base={base} />}
              </>
            )}
          </Loaded>
        </div>
      </DropArea>
    </Page>
  );
}

function NoDocuments({ name }: { name: string }) {
  return (
    <Empty icon={IconUpload} title="Drop files or a folder here">
      <p>Markdown, HTML, PDF, DOCX and text. Unchanged files are not sent again, and a file that cannot be read is named while the rest goes on.</p>
      <Snippet languages={ingest(name)} label="Or by command line" />
    </Empty>
  );
}

function Facts({ base }: { base: KnowledgeDetail }) {
  return (
    <Card flush>
      <dl className={look.facts}>
        <div>
          <dt>Documents</dt>
          <dd>{count(base.documents)}</dd>
        </div>
        <div>
          <dt>Passages</dt>
          <dd>{count(base.chunks)}</dd>
        </div>
        <div>
          <dt>Embedded</dt>
          <dd>
            <Embedded embedded={base.embedded} chunks={base.chunks} />
          </dd>
        </div>
        <div>
          <dt>Version</dt>
          <dd>{base.version ?? 'not published'}</dd>
        </div>
        {base.index_id && (
          <div>
            <dt>Index</dt>
            <dd className="mono">{base.index_id}</dd>
          </div>
        )}
        <div>
          <dt>Updated</dt>
          <dd>
            <When at={base.updated_at} />
          </dd>
        </div>
      </dl>
    </Card>
  );
}

function Tabs({ base, tab }: { base: KnowledgeDetail; tab: KnowledgeTab }) {
  const tabs: { name: KnowledgeTab; label: string; count?: number }[] = [
    { name: 'documents', label: 'Documents', count: base.documents },
    { name: 'search', label: 'Search' },
    { name: 'versions', label: 'Versions', count: base.versions.length },
    { name: 'failures', label: 'Not readable', count: base.failures.length },
  ];
  return (
    <nav className={look.tabs} aria-label={`Parts of ${base.name}`}>
      {tabs.map((one) => (
        <Link
          key={one.name}
          to="/knowledge/$name"
          params={{ name: base.name }}
          search={{ tab: one.name === 'documents' ? undefined : one.name }}
          replace
          className={look.tab}
          aria-current={one.name === tab ? 'page' : undefined}
          activeOptions={{ includeSearch: true, exact: true }}
          activeProps={{}}
        >
          {one.label}
          {one.count !== undefined && <span className={look.count}>{count(one.count)}</span>}
        </Link>
      ))}
    </nav>
  );
}

function Versions({ base }: { base: KnowledgeDetail }) {
  return (
    <Card flush>
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col">Index</th>
              <th scope="col" className={table.right}>
                Documents
              </th>
              <th scope="col" className={table.right}>
                Passages
              </th>
              <th scope="col">Embedded</th>
              <th scope="col">Published</th>
            </tr>
          </thead>
          <tbody>
            {base.versions.map((version) => (
              <tr key={version.version}>
                <td className="num">{version.version}</td>
                <td className="mono">{version.index_id}</td>
                <td className={table.right}>{count(version.documents)}</td>
                <td className={table.right}>{count(version.chunks)}</td>
                <td>
                  <Embedded embedded={version.embedded} chunks={version.chunks} />
                </td>
                <td className={table.quiet}>
                  <When at={version.created_at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function Failures({ base }: { base: KnowledgeDetail }) {
  if (base.failures.length === 0) return <Empty icon={IconCircleCheck} title="Every file could be read" />;
  return (
    <Card flush>
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">File</th>
              <th scope="col">Why it could not be read</th>
              <th scope="col">When</th>
            </tr>
          </thead>
          <tbody>
            {base.failures.map((failure) => (
              <tr key={failure.path + failure.at}>
                <td className="mono">{failure.path}</td>
                <td>{failure.reason}</td>
                <td className={`${table.quiet} ${table.nowrap}`}>
                  <When at={failure.at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}
