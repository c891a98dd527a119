/** When a whole page cannot be shown. */
import { Button } from '@mantine/core';
import { useRouter, type ErrorComponentProps } from '@tanstack/react-router';
import { Failure } from '../parts/Failure';
import { Page } from './Page';
import look from './PageFailed.module.css';

export function PageFailed({ error }: ErrorComponentProps) {
  const router = useRouter();
  return (
    <div className={look.whole}>
      <Failure thrown={error} onRetry={() => void router.invalidate()} />
    </div>
  );
}

export function PageMissing() {
  const router = useRouter();
  return (
    <Page title="Nothing here">
      <div className={look.whole}>
        <p className={look.words}>There is no page at this address.</p>
        <Button onClick={() => void router.navigate({ to: '/' })}>Go to the overview</Button>
      </div>
    </Page>
  );
}
