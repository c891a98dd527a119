/** Files into a knowledge base: offer what there is, send what is wanted, publish a version. */
import { base, provenance, read, wire } from '../api/client';
import { asRefusal, refusalOf, unreachable } from '../api/refusal';
import type { FileReply } from '../api/types';
import { sha256 } from './sha256';

/** A file with its path inside the folder it was dropped with. */
export interface Found {
  path: string;
  file: File;
}

export type FileState = { state: 'waiting' | 'sending' | 'unchanged' } | { state: 'stored'; chunks: number } | { state: 'refused' | 'failed'; reason: string };

export interface Upload {
  files: Map<string, FileState>;
  phase: 'reading' | 'sending' | 'publishing' | 'done' | 'failed';
  failure: unknown;
}

const AT_ONCE = 3;
const LARGEST_MB = 100;

export async function upload(name: string, found: Found[], tell: (now: Upload) => void): Promise<void> {
  const files = new Map<string, FileState>(found.map(({ path }) => [path, { state: 'waiting' }]));
  const now = (phase: Upload['phase'], failure: unknown = null) => tell({ files: new Map(files), phase, failure });
  const mark = (path: string, state: FileState) => (files.set(path, state), now('sending'));
  try {
    now('reading');
    const manifest = [];
    for (const { path, file } of found) {
      if (file.size > LARGEST_MB * 1_000_000) files.set(path, { state: 'refused', reason: `It is larger than ${LARGEST_MB} MB.` });
      else manifest.push({ path, size: file.size, sha256: await sha256(new Uint8Array(await file.arrayBuffer())) });
    }
    const { wanted } = await read(wire.POST('/api/v1/knowledge/{name}/manifests', { params: { path: { name } }, body: { files: manifest } }));
    const missing = new Set(wanted);
    for (const { path } of manifest) if (!missing.has(path)) files.set(path, { state: 'unchanged' });
    now('sending');

    const queue = found.filter(({ path }) => missing.has(path));
    const sender = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        mark(next.path, { state: 'sending' });
        mark(next.path, await send(name, next));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, sender));

    now('publishing');
    await read(wire.POST('/api/v1/knowledge/{name}/versions', { params: { path: { name } }, body: { paths: null, prune: false } }));
    now('done');
  } catch (thrown) {
    now('failed', thrown);
  }
}

/** One bad file is told by name and reason while the rest goes on. */
async function send(name: string, { path, file }: Found): Promise<FileState> {
  try {
    const address = `${base}/api/v1/knowledge/${encodeURIComponent(name)}/files?path=${encodeURIComponent(path)}`;
    const reply = await fetch(address, { method: 'PUT', body: file, headers: { ...provenance, 'content-type': 'application/octet-stream' } }).catch((thrown: unknown) => {
      throw unreachable(thrown);
    });
    if (!reply.ok) throw await refusalOf(reply);
    const { status, chunks, reason } = (await reply.json()) as FileReply;
    if (status === 'refused') return { state: 'refused', reason: reason ?? 'The server gives no reason.' };
    return status === 'stored' ? { state: 'stored', chunks } : { state: 'unchanged' };
  } catch (thrown) {
    return { state: 'failed', reason: asRefusal(thrown).message };
  }
}
