/** Chooses files or a folder for those who do not drag. */
import { Button, Menu } from '@mantine/core';
import { IconChevronDown, IconFile, IconFolder, IconUpload } from '@tabler/icons-react';
import { useRef } from 'react';
import { chosen } from './dropped';
import type { Found } from './uploading';

export const READABLE = '.md,.markdown,.html,.htm,.pdf,.docx,.txt';

export function AddFiles({ onFiles, busy, filled = true }: { onFiles: (found: Found[]) => void; busy: boolean; filled?: boolean }) {
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const take = (event: React.ChangeEvent<HTMLInputElement>) => {
    if (event.currentTarget.files) onFiles(chosen(event.currentTarget.files));
    event.currentTarget.value = '';
  };
  return (
    <>
      <input ref={files} type="file" hidden multiple accept={READABLE} onChange={take} aria-label="Files to add" />
      <input ref={folder} type="file" hidden multiple onChange={take} aria-label="Folder to add" {...{ webkitdirectory: '' }} />
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant={filled ? 'filled' : 'default'} loading={busy} leftSection={<IconUpload size={14} stroke={1.8} />} rightSection={<IconChevronDown size={13} stroke={1.8} />}>
            Add documents
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconFile size={15} stroke={1.7} />} onClick={() => files.current?.click()}>
            Files…
          </Menu.Item>
          <Menu.Item leftSection={<IconFolder size={15} stroke={1.7} />} onClick={() => folder.current?.click()}>
            A folder…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
