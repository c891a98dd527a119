/** An upload of this page: start it, follow it, put it away. */
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { upload, type Found, type Upload } from './uploading';

export function useUpload(name: string) {
  const queries = useQueryClient();
  const [now, setNow] = useState<Upload | null>(null);
  const busy = now !== null && now.phase !== 'done' && now.phase !== 'failed';
  async function start(found: Found[]) {
    if (busy || found.length === 0) return;
    await upload(name, found, setNow);
    await queries.invalidateQueries({ queryKey: ['knowledge'] });
  }
  return { now, busy, start: (found: Found[]) => void start(found), close: () => setNow(null) };
}
