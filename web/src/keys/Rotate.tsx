/** A new secret for the same key. The old one goes on for a while, so that nothing stops. */
import { Button, Modal, Select } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { read, wire } from '../api/client';
import type { ApiKey } from '../api/types';
import { Failure } from '../parts/Failure';
import form from '../parts/Form.module.css';
import { Made } from './Made';

const overlaps = [
  { value: '0', label: 'stops at once' },
  { value: '1', label: 'works for an hour' },
  { value: '24', label: 'works for a day' },
  { value: '168', label: 'works for a week' },
];

export function Rotate({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const [hours, setHours] = useState('24');
  const queries = useQueryClient();
  const rotate = useMutation({
    mutationFn: () => read(wire.POST('/api/v1/keys/{key_id}/rotations', { params: { path: { key_id: apiKey.id } }, body: { overlap_hours: Number(hours) } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['keys'] }),
  });
  return (
    <Modal opened onClose={onClose} title={rotate.data ? 'Your new key' : `Rotate ${apiKey.name}`} size={540} closeOnClickOutside={!rotate.data} closeOnEscape={!rotate.data}>
      {rotate.data ? (
        <Made made={rotate.data} onDone={onClose} />
      ) : (
        <form
          className={form.form}
          onSubmit={(event) => {
            event.preventDefault();
            rotate.mutate();
          }}
        >
          <p>The key keeps its name, team, limits and history, and gets a new secret.</p>
          <Select label="The old secret" data={overlaps} value={hours} onChange={(value) => setHours(value ?? '24')} />
          {rotate.isError && <Failure thrown={rotate.error} />}
          <div className={form.end}>
            <Button onClick={onClose}>Cancel</Button>
            <Button type="submit" variant="filled" loading={rotate.isPending}>
              Rotate
            </Button>
          </div>
        </form>
      )}
    </Modal>
  );
}
