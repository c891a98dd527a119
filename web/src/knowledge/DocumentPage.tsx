/** One document, cut as the search sees it: every passage with its place. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useLocation } from '@tanstack/react-router';
import { useEffect } from 'react';
import { base as apiBase } from '../api/client';
import { document_ } from '../api/queries';
import type { Chunk, DocumentDetail } from '../api/types';
import { position } from '../ask/position';
import { CopyButton } from '../parts/CopyButton';
import { Card } from '../parts/Card';
import { Loaded } from '../parts/Loaded';
import { Tag } from '../parts/Tag';
import { When } from '../parts/When';
import { Page } from '../shell/Page';
import { bytes, count, plural } from '../text/numbers';
import { kind } from './Documents';
import base from './Knowledge.module.css';
import look from './DocumentPage.module.css';

const route = getRouteApi('/house/knowledge/$name/documents/$documentId');

export default function DocumentPage() {
  const { name, documentId } = route.useParams();
  const found = useQuery(document_(name, documentId));
  return (
    <Page
      title={found.data?.title ?? 'Document'}
      heading={
        <>
          <Link to="/knowledge" className={base.up}>
            Knowledge
          </Link>
          <span className={base.slash} aria-hidden>
            /
          </span>
          <Link to="/knowledge/$name" params={{ name }} className={base.up}>
            {name}
          </Link>
          <span className={base.slash} aria-hidden>
            /
          </span>
          <span className={look.heading}>{found.data?.title ?? 'Document'}</span>
        </>
      }
    >
      <Loaded from={found}>{(document) => <Passages name={name} document={document} />}</Loaded>
    </Page>
  );
}

function Passages({ name, document }: { name: string; document: DocumentDetail }) {
  const { hash } = useLocation();
  useEffect(() => {
    if (hash) window.document.getElementById(hash)?.scrollIntoView({ block: 'center' });
  }, [hash]);
  return (
    <div className={look.page}>
      <Card flush>
        <dl className={base.facts}>
          <div>
            <dt>Path</dt>
            <dd className="mono">{document.path}</dd>
          </div>
          <div>
            <dt>Kind</dt>
            <dd>
              <Tag>{kind(document.media_type)}</Tag>
            </dd>
          </div>
          <div>
            <dt>Size</dt>
            <dd>{bytes(document.size)}</dd>
          </div>
          <div>
            <dt>Passages</dt>
            <dd>{count(document.chunks.length)}</dd>
          </div>
          <div>
            <dt>Added</dt>
            <dd>
              <When at={document.ingested_at} />
            </dd>
          </div>
          <div>
            <dt>Original</dt>
            <dd>
              <a href={`${apiBase}/api/v1/knowledge/${encodeURIComponent(name)}/documents/${document.id}/original`} download>
                Download
              </a>
            </dd>
          </div>
          <div>
            <dt>SHA-256</dt>
            <dd className="mono">
              {document.sha256.slice(0, 12)}
              <CopyButton text={document.sha256} label="Copy the SHA-256" size={20} />
            </dd>
          </div>
        </dl>
      </Card>
      <p className={look.says}>{plural(document.chunks.length, 'passage')}, as the search and the apps see them.</p>
      <ol className={look.chunks}>
        {document.chunks.map((chunk) => (
          <Passage key={chunk.id} chunk={chunk} aimed={chunk.id === hash} />
        ))}
      </ol>
    </div>
  );
}

function Passage({ chunk, aimed }: { chunk: Chunk; aimed: boolean }) {
  return (
    <li id={chunk.id} className={look.chunk} data-aimed={aimed}>
      <div className={look.place}>
        <span className={look.n}>{chunk.ordinal + 1}</span>
        <span>{position(chunk)}</span>
      </div>
      <div className={look.body}>
        {chunk.heading_path.length > 0 && <p className={look.section}>{chunk.heading_path.join(' › ')}</p>}
        <p className={look.text}>{chunk.text}</p>
      </div>
    </li>
  );
}
