/** An error, told whole: what happened, why, what to do, and the request id to look for. */
import { Button } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { asRefusal, headline, remedy } from '../api/refusal';
import { CopyButton } from './CopyButton';
import { Told } from './Told';
import look from './Failure.module.css';

export function Failure({ thrown, onRetry, title }: { thrown: unknown; onRetry?: () => void; title?: string }) {
  const refusal = asRefusal(thrown);
  const what = title ?? headline(refusal);
  const advice = remedy(refusal);
  const whole = [what, refusal.message, advice, refusal.request_id && `request id: ${refusal.request_id}`].filter(Boolean).join('\n');
  return (
    <div className={look.failure} role="alert">
      <IconAlertTriangle className={look.icon} size={16} stroke={1.7} aria-hidden />
      <div className={look.body}>
        <p className={look.what}>{what}</p>
        <p className={look.why}>
          <Told text={refusal.message} />
        </p>
        {advice && (
          <p className={look.why}>
            <Told text={advice} />
          </p>
        )}
        <div className={look.foot}>
          {onRetry && (
            <Button size="xs" onClick={onRetry}>
              Try again
            </Button>
          )}
          {refusal.request_id && (
            <span className={look.id}>
              request <code>{refusal.request_id}</code>
            </span>
          )}
          <CopyButton text={whole} label="Copy the error" />
        </div>
      </div>
    </div>
  );
}
