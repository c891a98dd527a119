/** Signing in: by the one-time link of this machine, or by password. */
import { Button, PasswordInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { base, read, wire } from '../api/client';
import { me } from '../api/queries';
import { asRefusal } from '../api/refusal';
import { Failure } from '../parts/Failure';
import { Waiting } from '../parts/Loaded';
import { Mark } from '../shell/Mark';
import look from './LoginPage.module.css';

const route = getRouteApi('/login');

export default function LoginPage() {
  const { token, next } = route.useSearch();
  const signIn = useSignIn(next);
  const [password, setPassword] = useState('');

  useEffect(() => {
    document.title = 'Sign in · Quarterdeck';
  }, []);
  useEffect(() => {
    if (token) spend(token, () => signIn.mutate({ link_token: token }));
    // A link is good for one use: it is spent when it is first seen, whatever renders after.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [token]);

  const byPassword = signIn.variables !== undefined && 'password' in signIn.variables;
  const linkRefused = token !== undefined && signIn.isError && !byPassword;
  if (token && !linkRefused && !byPassword) {
    return (
      <main className={look.page}>
        <Waiting label="Signing you in" />
      </main>
    );
  }
  return (
    <main className={look.page}>
      <div className={look.card}>
        <div className={look.head}>
          <Mark size={34} />
          <h1 className={look.title}>Sign in to Quarterdeck</h1>
        </div>
        {linkRefused && <Failure thrown={signIn.error} title="This link does not sign you in" />}
        <form
          className={look.form}
          onSubmit={(event) => {
            event.preventDefault();
            signIn.mutate({ password });
          }}
        >
          <input type="hidden" name="username" autoComplete="username" value="admin" />
          <PasswordInput
            label="Password"
            name="password"
            autoComplete="current-password"
            autoFocus
            required
            withAsterisk={false}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            visibilityToggleButtonProps={{ 'aria-label': 'Show the password', tabIndex: 0, 'aria-hidden': false }}
            error={signIn.isError && !linkRefused ? sentence(signIn.error) : null}
          />
          <Button type="submit" variant="filled" fullWidth loading={signIn.isPending}>
            Sign in
          </Button>
        </form>
        <p className={look.hint}>
          No password yet? On the machine where it runs, <code>quarterdeck up</code> prints a link that signs you in once. Set a password under Settings after that.
        </p>
      </div>
    </main>
  );
}

type Credential = { password: string } | { link_token: string };

function useSignIn(next: string | undefined) {
  const router = useRouter();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Credential) => read(wire.POST('/api/v1/sessions', { body })),
    onSuccess(somebody) {
      queries.clear();
      queries.setQueryData(me().queryKey, somebody);
      // Replaces the address, so that the spent link does not stay in the history.
      router.history.replace(`${base}${next ?? '/'}`);
    },
  });
}

const spent = new Set<string>();
function spend(token: string, use: () => void): void {
  if (spent.has(token)) return;
  spent.add(token);
  use();
}

function sentence(thrown: unknown): string {
  const refusal = asRefusal(thrown);
  return refusal.request_id && refusal.status >= 500 ? `${refusal.message} (request ${refusal.request_id})` : refusal.message;
}
