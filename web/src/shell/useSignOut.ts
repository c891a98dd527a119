/** Ends the session and forgets what it showed. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { wire } from '../api/client';
import { forgetConversations } from '../ask/conversation';

export function useSignOut() {
  const navigate = useNavigate();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => wire.DELETE('/api/v1/sessions/current'),
    async onSettled() {
      forgetConversations();
      await navigate({ to: '/login', search: {} });
      queries.clear();
    },
  });
}
