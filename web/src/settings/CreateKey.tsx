/** Makes a key and shows it, this once. */
import { Button, Checkbox, Modal, Select, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { origin, read, wire } from '../api/client';
import type { CreatedKey } from '../api/types';
import { CopyButton } from '../parts/CopyButton';
import { Failure } from '../parts/Failure';
import { Snippet } from '../parts/Snippet';
import look from './Settings.module.css';

const scopes = [
  { value: 'gateway', label: 'Gateway', says: 'call apps and models, send traces' },
  { value: 'read', label: 'Read', says: 'see traces, knowledge and settings' },
  { value: 'write', label: 'Write', says: 'add documents, apps and releases' },
  { value: 'admin', label: 'Admin', says: 'everything, with keys and providers' },
] as const;

type Scope = (typeof scopes)[number]['value'];

const lives = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'One year' },
  { value: '', label: 'Never' },
];

export function CreateKey({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: (body: { name: string; scopes: Scope[]; expires_in_days: number | null }) => read(wire.POST('/api/v1/keys', { body })),
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

function Form({ busy, thrown, onCreate, onCancel }: { busy: boolean; thrown: unknown; onCreate: (body: { name: string; scopes: Scope[]; expires_in_days: number | null }) => void; onCancel: () => void }) {
  const [name, setName] = useState('');
  const [chosen, setChosen] = useState<Scope[]>(['gateway']);
  const [days, setDays] = useState('90');
  const ready = name.trim() !== '' && chosen.length > 0;
  return (
    <form
      className={look.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) onCreate({ name: name.trim(), scopes: chosen, expires_in_days: days ? Number(days) : null });
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

function Made({ made, onDone }: { made: CreatedKey; onDone: () => void }) {
  return (
    <div className={look.form}>
      <p>
        Copy <strong>{made.key.name}</strong> now. Only its hash is kept, so it cannot be shown again.
      </p>
      <div className={look.secret}>
        <code>{made.secret}</code>
        <CopyButton text={made.secret} label="Copy the key" size={28} />
      </div>
      <Snippet
        label="Use the key"
        languages={[
          { name: 'Shell', code: `export OPENAI_BASE_URL=${origin}/v1\nexport OPENAI_API_KEY=${made.secret}` },
          { name: 'Python', code: `from openai import OpenAI\n\nclient = OpenAI(base_url="${origin}/v1", api_key="${made.secret}")` },
        ]}
      />
      <div className={look.end}>
        <Button variant="filled" onClick={onDone}>
          I have copied it
        </Button>
      </div>
    </div>
  );
}
