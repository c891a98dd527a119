/** Makes or changes an alias: who is asked, in which shares, and who when that fails. */
import { ActionIcon, Autocomplete, Button, Modal, Select, Textarea, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { read, wire } from '../api/client';
import { models as modelsQuery } from '../api/queries';
import type { Alias, Plan } from '../api/types';
import { Failure } from '../parts/Failure';
import form from '../parts/Form.module.css';
import { draftOf, emptyTarget, planOf, reasons, type Draft, type Reason } from './draft';
import { strategies as strategiesQuery } from './queries';

export function AliasForm({ alias, onClose }: { alias: Alias | null; onClose: () => void }) {
  const [draft, setDraft] = useState(() => draftOf(alias?.name ?? '', alias?.plan ?? null));
  const [tried, setTried] = useState(false);
  const models = useQuery(modelsQuery()).data?.items.filter((one) => one.kind !== 'app' && one.id !== draft.name).map((one) => one.id) ?? [];
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: (plan: Plan) => read(wire.PUT('/api/v1/routes/{name}', { params: { path: { name: draft.name } }, body: plan })),
    async onSuccess() {
      await Promise.all([queries.invalidateQueries({ queryKey: ['routes'] }), queries.invalidateQueries({ queryKey: ['models'] })]);
      onClose();
    },
  });
  const plan = planOf(draft);
  const set = (news: Partial<Draft>) => setDraft((now) => ({ ...now, ...news }));
  return (
    <Modal opened onClose={onClose} title={alias ? `Edit ${alias.name}` : 'Create an alias'} size={680} yOffset="6vh">
      <form
        className={form.form}
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (typeof plan !== 'string') save.mutate(plan);
        }}
      >
        <div className={form.pair}>
          <TextInput data-autofocus label="Name" placeholder="fast" disabled={alias !== null} value={draft.name} onChange={(event) => set({ name: event.currentTarget.value })} />
          <TextInput label="Description" placeholder="Short answers, cheap" value={draft.description} onChange={(event) => set({ description: event.currentTarget.value })} />
        </div>
        <Strategy draft={draft} set={set} />
        <Targets draft={draft} set={set} models={models} />
        <FallbackRows draft={draft} set={set} />
        <details className={form.more} open={alias !== null && Boolean(draft.shadow || draft.options || draft.health !== 'off')}>
          <summary>Time limits, health checks, shadow, options</summary>
          <More draft={draft} set={set} models={models} />
        </details>
        {tried && typeof plan === 'string' && (
          <p role="alert" style={{ color: 'var(--err)' }}>
            {plan}
          </p>
        )}
        {save.isError && <Failure thrown={save.error} />}
        <div className={form.end}>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="filled" loading={save.isPending}>
            {alias ? 'Save' : 'Create'}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

interface Part {
  draft: Draft;
  set: (news: Partial<Draft>) => void;
}

function Strategy({ draft, set }: Part) {
  const known = useQuery(strategiesQuery()).data?.items ?? [];
  const names = known.length ? known.map((one) => one.name) : [draft.strategy];
  return <Select label="Who is asked" description={known.find((one) => one.name === draft.strategy)?.about} data={names} value={draft.strategy} onChange={(value) => set({ strategy: value ?? 'ordered' })} />;
}

function Targets({ draft, set, models }: Part & { models: string[] }) {
  const change = (n: number, news: Partial<Draft['targets'][number]>) => set({ targets: draft.targets.map((one, at) => (at === n ? { ...one, ...news } : one)) });
  return (
    <fieldset style={{ border: 0, margin: 0, padding: 0 }}>
      <legend className={form.legend}>Models</legend>
      <div className={form.rows}>
        {draft.targets.map((target, n) => (
          // The place is what a target is called by: its model is still being typed.
          <div key={n} className={form.row}>
            <Autocomplete className={form.grow} aria-label={`Model ${n + 1}`} placeholder="provider/model" data={models} limit={30} value={target.model} onChange={(model) => change(n, { model })} />
            <TextInput className={form.short} aria-label={`Weight of model ${n + 1}`} title="Its weight beside the others; 0 means only when the others have failed" inputMode="decimal" value={target.weight} onChange={(event) => change(n, { weight: event.currentTarget.value })} />
            {draft.strategy === 'rules' && <TextInput className={form.grow} aria-label={`Condition of model ${n + 1}`} placeholder='{"tags": ["short"]}' value={target.when} onChange={(event) => change(n, { when: event.currentTarget.value })} />}
            <ActionIcon aria-label={`Remove model ${n + 1}`} disabled={draft.targets.length === 1} onClick={() => set({ targets: draft.targets.filter((_, at) => at !== n) })}>
              <IconX size={14} />
            </ActionIcon>
          </div>
        ))}
        <div>
          <Button size="xs" leftSection={<IconPlus size={12} stroke={2} />} onClick={() => set({ targets: [...draft.targets, emptyTarget] })}>
            Add a model
          </Button>
        </div>
      </div>
    </fieldset>
  );
}

function FallbackRows({ draft, set }: Part) {
  const change = (n: number, news: Partial<Draft['fallbacks'][number]>) => set({ fallbacks: draft.fallbacks.map((one, at) => (at === n ? { ...one, ...news } : one)) });
  const free = reasons.filter(({ value }) => !draft.fallbacks.some((row) => row.on === value));
  return (
    <fieldset style={{ border: 0, margin: 0, padding: 0 }}>
      <legend className={form.legend}>When they fail, ask</legend>
      <div className={form.rows}>
        {draft.fallbacks.map((row, n) => (
          <div key={row.on} className={form.row}>
            <Select className={form.middling} aria-label={`Reason ${n + 1}`} data={reasons.filter(({ value }) => value === row.on || free.some((one) => one.value === value))} value={row.on} onChange={(value) => change(n, { on: value as Reason })} />
            <TextInput className={form.grow} aria-label={`Fallbacks on ${row.on}`} placeholder="models or aliases, in order" value={row.models} onChange={(event) => change(n, { models: event.currentTarget.value })} />
            <ActionIcon aria-label={`Remove the fallbacks on ${row.on}`} onClick={() => set({ fallbacks: draft.fallbacks.filter((_, at) => at !== n) })}>
              <IconX size={14} />
            </ActionIcon>
          </div>
        ))}
        {free.length > 0 && (
          <div>
            <Button size="xs" leftSection={<IconPlus size={12} stroke={2} />} onClick={() => set({ fallbacks: [...draft.fallbacks, { on: free[0]!.value, models: '' }] })}>
              Add fallbacks
            </Button>
          </div>
        )}
      </div>
    </fieldset>
  );
}

function More({ draft, set, models }: Part & { models: string[] }) {
  return (
    <div className={form.form}>
      <div className={form.pair}>
        <TextInput label="Tries again, times" inputMode="numeric" value={draft.retries} onChange={(event) => set({ retries: event.currentTarget.value })} />
        <TextInput label="First token within, s" placeholder="no limit of its own" inputMode="decimal" value={draft.first_token_s} onChange={(event) => set({ first_token_s: event.currentTarget.value })} />
        <TextInput label="Whole answer within, s" placeholder="no limit of its own" inputMode="decimal" value={draft.total_s} onChange={(event) => set({ total_s: event.currentTarget.value })} />
      </div>
      <Select
        label="Health checks"
        data={[
          { value: 'off', label: 'Learn health from calls alone' },
          { value: 'models', label: 'Ask for the list of models, which is free' },
          { value: 'chat', label: 'Ask for one token, which is paid' },
        ]}
        value={draft.health}
        onChange={(value) => set({ health: value as Draft['health'] })}
      />
      <div className={form.pair}>
        <Autocomplete label="Shadow" description="Gets a copy; nobody waits for it." placeholder="none" data={models} limit={30} value={draft.shadow} onChange={(shadow) => set({ shadow })} />
        <TextInput label="Copies, %" inputMode="decimal" disabled={!draft.shadow} value={draft.shadow_percent} onChange={(event) => set({ shadow_percent: event.currentTarget.value })} />
      </div>
      <Textarea label="Options of the strategy" placeholder="{}" autosize={false} rows={3} styles={{ input: { height: 'auto', fontFamily: 'var(--mono)' } }} value={draft.options} onChange={(event) => set({ options: event.currentTarget.value })} />
    </div>
  );
}
