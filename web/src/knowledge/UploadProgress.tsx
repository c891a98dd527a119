/** How far an upload is, and which files did not make it and why. */
import { ActionIcon, Progress } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconX } from '@tabler/icons-react';
import { Card } from '../parts/Card';
import { Failure } from '../parts/Failure';
import { plural } from '../text/numbers';
import type { FileState, Upload } from './uploading';
import look from './UploadProgress.module.css';

export function UploadProgress({ now, onClose }: { now: Upload; onClose: () => void }) {
  const files = [...now.files];
  const settled = files.filter(([, file]) => file.state !== 'waiting' && file.state !== 'sending').length;
  const bad = files.filter((entry): entry is [string, Extract<FileState, { reason: string }>] => 'reason' in entry[1]);
  const over = now.phase === 'done' || now.phase === 'failed';
  return (
    <Card
      title={titles[now.phase]}
      note={<span role="status">{words(now)}</span>}
      actions={
        over && (
          <ActionIcon aria-label="Close the upload" onClick={onClose}>
            <IconX size={15} stroke={1.7} />
          </ActionIcon>
        )
      }
    >
      <div className={look.body}>
        {!over && <Progress value={(settled / Math.max(1, files.length)) * 100} size={6} aria-label="Upload" color="violet" />}
        {now.failure !== null && <Failure thrown={now.failure} />}
        {now.phase === 'done' && bad.length === 0 && (
          <p className={look.fine}>
            <IconCheck size={14} stroke={2} aria-hidden />
            Everything was taken. Search works now; the meanings of new passages are still being computed.
          </p>
        )}
        {bad.length > 0 && (
          <ul className={look.bad}>
            {bad.map(([path, file]) => (
              <li key={path}>
                <IconAlertTriangle size={14} stroke={1.8} aria-label="Not taken" />
                <code>{path}</code>
                <span>{file.reason}</span>
              </li>
            ))}
          </ul>
        )}
      </div>
    </Card>
  );
}

const titles: Record<Upload['phase'], string> = {
  reading: 'Reading the files',
  sending: 'Sending',
  publishing: 'Publishing a version',
  done: 'Documents added',
  failed: 'The upload stopped',
};

function words({ files }: Upload): string {
  const count = (state: FileState['state']) => [...files.values()].filter((file) => file.state === state).length;
  const parts = [
    count('stored') && `${plural(count('stored'), 'file')} stored`,
    count('unchanged') && `${count('unchanged')} unchanged`,
    count('refused') + count('failed') && `${count('refused') + count('failed')} not taken`,
    count('waiting') + count('sending') && `${count('waiting') + count('sending')} to go`,
  ];
  return parts.filter(Boolean).join(' · ');
}
