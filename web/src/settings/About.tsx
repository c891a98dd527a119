/** What runs here, and as whom one is signed in. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { origin } from '../api/client';
import { me } from '../api/queries';
import { Card } from '../parts/Card';
import { CopyButton } from '../parts/CopyButton';
import { Loaded } from '../parts/Loaded';
import { useSignOut } from '../shell/useSignOut';
import look from './Settings.module.css';

export function About() {
  const somebody = useQuery(me());
  const signOut = useSignOut();
  return (
    <Loaded from={somebody}>
      {(data) => (
        <>
          <Card title="This server">
            <dl className={look.facts}>
              <dt>Version</dt>
              <dd className="num">{data.version}</dd>
              <dt>Address for programs</dt>
              <dd>
                <code>{origin}/v1</code>
                <CopyButton text={`${origin}/v1`} label="Copy the address" />
              </dd>
              <dt>Project</dt>
              <dd>{data.project.name}</dd>
              <dt>Licence</dt>
              <dd>Apache-2.0</dd>
              <dt>Telemetry</dt>
              <dd>None. Nothing here calls home, and this page loads nothing from outside.</dd>
            </dl>
          </Card>
          <Card
            title="Signed in"
            actions={
              <Button size="xs" loading={signOut.isPending} onClick={() => signOut.mutate()}>
                Sign out
              </Button>
            }
          >
            <dl className={look.facts}>
              <dt>As</dt>
              <dd>{data.name}</dd>
              <dt>By</dt>
              <dd>{{ admin: 'admin key', key: 'API key', session: 'session of this browser' }[data.kind]}</dd>
              <dt>May</dt>
              <dd>{data.scopes.join(', ')}</dd>
            </dl>
          </Card>
        </>
      )}
    </Loaded>
  );
}
