/** Makes a key and shows it, this once. */
import { Button, Checkbox, Modal, Select, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { read, wire } from '../api/client';
import type { KeyWish } from '../api/types';
import { Failure } from '../parts/Failure';
import look from '../parts/Form.module.css';
import { Made } from './Made';
import { TermFields } from './TermFields';
import { noTerms, wishOf, type Scope } from './terms';

const scopes = [
  { value: 'gateway', label: 'Gateway', says: 'call apps and models, send traces' },
  { value: 'read', label: 'Read', says: 'see traces, knowledge and settings' },
  { value: 'write', label: 'Write', says: 'add documents, apps and releases' },
  { value: 'admin', label: 'Admin', says: 'everything, with keys and providers' },
] as const;

const lives = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'One year' },
  { value: '', label: 'Never' },
];

export function CreateKey({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: (body: KeyWish) => read(wire.POST('/api/v1/keys', { body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['keys'] }),
  });
  function close() {
    onClose();
    create.reset();
  }
  return (
    // A key that was not copied is lost: only its own button closes it.
    <Modal opened={opened} onClose={close} title={create.data ? 'Your new key' : 'Create a key'} size={540} closeOnClickOutside={!create.data} closeOnEscape={!create.data}>
      {create.data ? <Made made={create.data} onDone={close} /> : <Form busy={create.isPending} thrown={create.error} onCreate={create.mutate} onCancel={close} />}
    </Modal>
  );
}

function Form({ busy, thrown, onCreate, onCancel }: { busy: boolean; thrown: unknown; onCreate: (body: KeyWish) => void; onCancel: () => void }) {
  const [name, setName] = useState('');
  const [chosen, setChosen] = useState<Scope[]>(['gateway']);
  const [days, setDays] = useState('90');
  const [terms, setTerms] = useState(noTerms);
  const ready = name.trim() !== '' && chosen.length > 0;
  return (
    <form
      className={look.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) onCreate({ name: name.trim(), scopes: chosen, expires_in_days: days ? Number(days) : null, ...wishOf(terms) });
      }}
    >
      <TextInput data-autofocus label="Name" description="Who or what uses it." placeholder="support-backend" value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <Checkbox.Group label="It may" value={chosen} onChange={(values) => setChosen(values as Scope[])}>
        <div className={look.form} style={{ gap: 8, paddingTop: 4 }}>
          {scopes.map((scope) => (
            <Checkbox key={scope.value} value={scope.value} label={`${scope.label}: ${scope.says}`} />
          ))}
        </div>
      </Checkbox.Group>
      <Select label="Expires after" data={lives} value={days} onChange={(value) => setDays(value ?? '')} />
      <TermFields terms={terms} onChange={setTerms} />
      {Boolean(thrown) && <Failure thrown={thrown} />}
      <div className={look.end}>
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" variant="filled" disabled={!ready} loading={busy}>
          Create
        </Button>
      </div>
    </form>
  );
}
