/** The documents of a knowledge base. */
import { Button, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconFilterOff, IconSearch } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { documents } from '../api/queries';
import { Card } from '../parts/Card';
import { Empty } from '../parts/Empty';
import { Loaded, Rows } from '../parts/Loaded';
import table from '../parts/Table.module.css';
import { Tag } from '../parts/Tag';
import { When } from '../parts/When';
import { useShortcuts } from '../shell/shortcuts';
import { bytes, count } from '../text/numbers';
import look from './Knowledge.module.css';

export function Documents({ name }: { name: string }) {
  const [words, setWords] = useState('');
  const [q] = useDebouncedValue(words.trim(), 200);
  const found = useInfiniteQuery(documents(name, q));
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  const field = useRef<HTMLInputElement>(null);
  useShortcuts({ '/': () => field.current?.focus() });
  return (
    <>
      <TextInput ref={field} className={look.filter} aria-label="Find a document" placeholder="Find by title or path" leftSection={<IconSearch size={15} stroke={1.7} />} value={words} onChange={(event) => setWords(event.currentTarget.value)} />
      <Card flush>
        <Loaded from={found} loading={<Rows count={10} height={42} />} isEmpty={() => items.length === 0} empty={<Empty icon={IconFilterOff} title={`No document matches “${q}”`} />}>
          {() => (
            <>
              <div className={table.scroll}>
                <table className={table.table}>
                  <thead>
                    <tr>
                      <th scope="col">Document</th>
                      <th scope="col">Kind</th>
                      <th scope="col" className={table.right}>
                        Size
                      </th>
                      <th scope="col" className={table.right}>
                        Passages
                      </th>
                      <th scope="col">Added</th>
                    </tr>
                  </thead>
                  <tbody>
                    {items.map((document) => (
                      <tr key={document.id}>
                        <td>
                          <Link to="/knowledge/$name/documents/$documentId" params={{ name, documentId: document.id }} className={table.rowLink}>
                            {document.title}
                          </Link>
                          <div className={look.path}>{document.path}</div>
                        </td>
                        <td>
                          <Tag>{kind(document.media_type)}</Tag>
                        </td>
                        <td className={table.right}>{bytes(document.size)}</td>
                        <td className={table.right}>{count(document.chunks)}</td>
                        <td className={`${table.quiet} ${table.nowrap}`}>
                          <When at={document.ingested_at} />
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
              {found.hasNextPage && (
                <div className={look.more}>
                  <Button loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
                    Show more
                  </Button>
                </div>
              )}
            </>
          )}
        </Loaded>
      </Card>
    </>
  );
}

const names: Record<string, string> = {
  'text/markdown': 'Markdown',
  'text/html': 'HTML',
  'text/plain': 'Text',
  'application/pdf': 'PDF',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'DOCX',
};

export function kind(media_type: string): string {
  return names[media_type] ?? media_type;
}
