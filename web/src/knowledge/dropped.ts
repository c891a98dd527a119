/** The files in what was dropped, folders opened, each with its path. */
import type { Found } from './uploading';

export async function dropped(transfer: DataTransfer): Promise<Found[]> {
  // The list empties itself as soon as we wait, so the entries are taken first.
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const found = await Promise.all(entries.map(walk));
  return visible(found.flat());
}

export function chosen(files: FileList): Found[] {
  return visible(Array.from(files, (file) => ({ file, path: file.webkitRelativePath || file.name })));
}

/** Without what editors and systems leave behind in folders. */
export function visible(found: Found[]): Found[] {
  return found.filter(({ path }) => !path.split('/').some((part) => part.startsWith('.') || part === '__MACOSX' || part === 'Thumbs.db' || part.startsWith('~$')));
}

async function walk(entry: FileSystemEntry): Promise<Found[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((done, failed) => (entry as FileSystemFileEntry).file(done, failed));
    return [{ file, path: entry.fullPath.replace(/^\//, '') }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: Found[] = [];
  // A folder is read in portions; an empty one is its end.
  while (true) {
    const portion = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed));
    if (portion.length === 0) return found;
    for (const one of portion) found.push(...(await walk(one)));
  }
}
