/** Adds a provider with its key. */
import { Button, Modal, PasswordInput, Select, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { read, wire } from '../api/client';
import type { Provider } from '../api/types';
import { Failure } from '../parts/Failure';
import look from '../parts/Form.module.css';

type Kind = Exclude<Provider['kind'], 'local'>;

const kinds: { value: Kind; label: string; name: string; base_url: string; needsKey: boolean }[] = [
  { value: 'openai', label: 'OpenAI', name: 'openai', base_url: '', needsKey: true },
  { value: 'anthropic', label: 'Anthropic', name: 'anthropic', base_url: '', needsKey: true },
  { value: 'gemini', label: 'Google Gemini', name: 'gemini', base_url: '', needsKey: true },
  { value: 'azure', label: 'Azure OpenAI', name: 'azure', base_url: 'https://', needsKey: true },
  { value: 'bedrock', label: 'Amazon Bedrock', name: 'bedrock', base_url: 'https://bedrock-runtime.us-east-1.amazonaws.com', needsKey: true },
  { value: 'vertex', label: 'Google Vertex AI', name: 'vertex', base_url: '', needsKey: true },
  { value: 'mistral', label: 'Mistral', name: 'mistral', base_url: '', needsKey: true },
  { value: 'cohere', label: 'Cohere', name: 'cohere', base_url: '', needsKey: true },
  { value: 'openai-compatible', label: 'OpenAI-compatible (Ollama, vLLM, …)', name: '', base_url: 'http://127.0.0.1:11434/v1', needsKey: false },
];

export function AddProvider({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Add a provider" size={480}>
      {opened && <Form onDone={onClose} />}
    </Modal>
  );
}

function Form({ onDone }: { onDone: () => void }) {
  const [kind, setKind] = useState(kinds[0]!);
  const [name, setName] = useState(kind.name);
  const [base_url, setBaseUrl] = useState('');
  const [api_key, setApiKey] = useState('');
  const [models, setModels] = useState('');
  const queries = useQueryClient();
  const add = useMutation({
    mutationFn: () =>
      read(
        wire.POST('/api/v1/providers', {
          body: { name, kind: kind.value, base_url: base_url || null, api_key: api_key || null, models: models.split(/[\s,]+/).filter(Boolean) },
        }),
      ),
    async onSuccess() {
      await Promise.all([queries.invalidateQueries({ queryKey: ['providers'] }), queries.invalidateQueries({ queryKey: ['models'] })]);
      onDone();
    },
  });
  const ready = name.trim() !== '' && (kind.base_url === '' || base_url.trim() !== '') && (!kind.needsKey || api_key !== '');
  return (
    <form
      className={look.form}
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) add.mutate();
      }}
    >
      <Select
        label="Kind"
        data={kinds.map(({ value, label }) => ({ value, label }))}
        value={kind.value}
        onChange={(value) => {
          const next = kinds.find((one) => one.value === value)!;
          if (name === kind.name) setName(next.name);
          setKind(next);
        }}
      />
      <TextInput label="Name" description="Models are called as name/model." value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <TextInput
        label="Base URL"
        description={kind.base_url ? undefined : 'Leave it empty for the usual one.'}
        placeholder={kind.base_url || 'https://'}
        value={base_url}
        onChange={(event) => setBaseUrl(event.currentTarget.value)}
      />
      <PasswordInput
        label={kind.needsKey ? 'API key' : 'API key, if it needs one'}
        description="Stored encrypted; only its last four letters are shown again."
        autoComplete="new-password"
        value={api_key}
        onChange={(event) => setApiKey(event.currentTarget.value)}
        visibilityToggleButtonProps={{ 'aria-label': 'Show the key', tabIndex: 0, 'aria-hidden': false }}
      />
      <TextInput label="Models" description="Separated by commas. Empty means all that it offers." placeholder="gpt-4o-mini, gpt-4o" value={models} onChange={(event) => setModels(event.currentTarget.value)} />
      {add.isError && <Failure thrown={add.error} />}
      <div className={look.end}>
        <Button onClick={onDone}>Cancel</Button>
        <Button type="submit" variant="filled" disabled={!ready} loading={add.isPending}>
          Add
        </Button>
      </div>
    </form>
  );
}
