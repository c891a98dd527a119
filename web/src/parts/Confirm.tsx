/** Asks once more before something that cannot be undone. */
import { Button, Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import look from './Form.module.css';

interface Props {
  opened: boolean;
  onClose: () => void;
  title: string;
  verb: string;
  busy: boolean;
  onConfirm: () => void;
  children: ReactNode;
}

export function Confirm({ opened, onClose, title, verb, busy, onConfirm, children }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title={title} size={440}>
      <div className={look.form}>
        {children}
        <div className={look.end}>
          <Button data-autofocus onClick={onClose}>
            Cancel
          </Button>
          <Button variant="filled" color="red.8" loading={busy} onClick={onConfirm}>
            {verb}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
