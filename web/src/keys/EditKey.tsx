/** Changes what a key may. Its secret stays. */
import { Button, Modal, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { read, wire } from '../api/client';
import type { ApiKey } from '../api/types';
import { Failure } from '../parts/Failure';
import form from '../parts/Form.module.css';
import { TermFields } from './TermFields';
import { termsOf, wishOf } from './terms';

export function EditKey({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const [name, setName] = useState(apiKey.name);
  const [terms, setTerms] = useState(() => termsOf(apiKey));
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: () => read(wire.PATCH('/api/v1/keys/{key_id}', { params: { path: { key_id: apiKey.id } }, body: { name: name.trim(), terms: { ...wishOf(terms), passthrough: apiKey.passthrough, metadata: apiKey.metadata } } })),
    async onSuccess() {
      await queries.invalidateQueries({ queryKey: ['keys'] });
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title={`Change ${apiKey.name}`} size={560}>
      <form
        className={form.form}
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim()) save.mutate();
        }}
      >
        <TextInput data-autofocus label="Name" value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <TermFields terms={terms} onChange={setTerms} />
        {save.isError && <Failure thrown={save.error} />}
        <div className={form.end}>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="filled" disabled={!name.trim()} loading={save.isPending}>
            Save
          </Button>
        </div>
      </form>
    </Modal>
  );
}
