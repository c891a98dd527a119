/** Copies a text and says so for a moment. */
import { ActionIcon, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useState } from 'react';

export function CopyButton({ text, label = 'Copy', size = 24 }: { text: string; label?: string; size?: number }) {
  const [copied, setCopied] = useState(false);
  async function copy() {
    if (!(await toClipboard(text))) return;
    setCopied(true);
    setTimeout(() => setCopied(false), 1600);
  }
  return (
    <Tooltip label={copied ? 'Copied' : label}>
      <ActionIcon size={size} aria-label={copied ? 'Copied' : label} onClick={() => void copy()}>
        {copied ? <IconCheck size={14} stroke={2} color="var(--ok)" /> : <IconCopy size={14} stroke={1.7} />}
      </ActionIcon>
    </Tooltip>
  );
}

/** The clipboard is closed on plain HTTP away from this machine; a selection still copies there. */
async function toClipboard(text: string): Promise<boolean> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  const field = document.createElement('textarea');
  field.value = text;
  field.style.position = 'fixed';
  field.style.opacity = '0';
  document.body.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  return done;
}
