/** Takes a key back. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { wire } from '../api/client';
import type { ApiKey } from '../api/types';
import { Confirm } from '../parts/Confirm';
import { Failure } from '../parts/Failure';

export function Revoke({ apiKey, opened, onClose }: { apiKey: ApiKey; opened: boolean; onClose: () => void }) {
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => wire.DELETE('/api/v1/keys/{key_id}', { params: { path: { key_id: apiKey.id } } }),
    async onSuccess() {
      onClose();
      await queries.invalidateQueries({ queryKey: ['keys'] });
    },
  });
  return (
    <Confirm opened={opened} onClose={onClose} title={`Revoke ${apiKey.name}?`} verb="Revoke" busy={revoke.isPending} onConfirm={() => revoke.mutate()}>
      <p>Programs that use it are refused from now on. This cannot be undone.</p>
      {revoke.isError && <Failure thrown={revoke.error} />}
    </Confirm>
  );
}
