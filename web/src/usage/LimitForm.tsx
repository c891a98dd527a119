/** Sets a limit or a budget. */
import { Autocomplete, Button, Checkbox, Modal, Select, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { read, wire } from '../api/client';
import { apps, keys, models } from '../api/queries';
import type { Limit, LimitWish } from '../api/types';
import { Failure } from '../parts/Failure';
import form from '../parts/Form.module.css';
import { metrics, subjects, windows } from './limitWords';
import { teams } from './queries';

export function LimitForm({ limit, onClose }: { limit: Limit | null; onClose: () => void }) {
  const [name, setName] = useState(limit?.name ?? '');
  const [subject, setSubject] = useState<Limit['subject']>(limit?.subject ?? 'team');
  const [whom, setWhom] = useState(limit?.subject_id ?? '');
  const [each, setEach] = useState(limit?.each ?? true);
  const [metric, setMetric] = useState<Limit['metric']>(limit?.metric ?? 'cost');
  const [amount, setAmount] = useState(limit ? String(limit.amount) : '');
  const [window, setWindow] = useState<Limit['window']>(limit?.window === 'now' ? 'month' : (limit?.window ?? 'month'));
  const [hard, setHard] = useState(limit?.hard ?? true);
  const [enabled, setEnabled] = useState(limit?.enabled ?? true);
  const [alert, setAlert] = useState(limit ? limit.alert_at.map((share) => share * 100).join(', ') : '80, 100');
  const queries = useQueryClient();
  const offers = useOffers(subject);
  const many = subject !== 'project' && /[*?]/.test(whom);
  const body: LimitWish = {
    name: name.trim(),
    subject,
    subject_id: subject === 'project' ? null : (offers.find((one) => one.label === whom)?.value ?? whom.trim()),
    each: many && each,
    metric,
    amount: Number(amount),
    window: metric === 'concurrency' ? null : window,
    hard,
    enabled,
    alert_at: alert.split(/[\s,%]+/).filter(Boolean).map((share) => Number(share) / 100),
  };
  const save = useMutation({
    mutationFn: async () => {
      const { name: _name, ...terms } = body;
      return limit ? read(wire.PUT('/api/v1/limits/{name}', { params: { path: { name: limit.name } }, body: terms })) : read(wire.POST('/api/v1/limits', { body }));
    },
    async onSuccess() {
      await queries.invalidateQueries({ queryKey: ['limits'] });
      onClose();
    },
  });
  const ready = body.name !== '' && amount.trim() !== '' && body.amount >= 0 && (subject === 'project' || whom.trim() !== '') && (body.alert_at ?? []).every((share) => share > 0);
  return (
    <Modal opened onClose={onClose} title={limit ? `Edit ${limit.name}` : 'Set a limit'} size={560} yOffset="8vh">
      <form
        className={form.form}
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) save.mutate();
        }}
      >
        <TextInput data-autofocus label="Name" placeholder="search-month" disabled={limit !== null} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <div className={form.pair}>
          <Select
            label="For"
            data={subjects.map((one) => ({ value: one, label: one === 'project' ? 'the whole project' : one }))}
            value={subject}
            onChange={(value) => {
              setSubject(value as Limit['subject']);
              setWhom('');
            }}
          />
          {subject !== 'project' && <Autocomplete label="Which" placeholder={subject === 'model' ? 'openai/*' : '* for all'} data={offers.map((one) => one.label)} limit={30} value={whom} onChange={setWhom} />}
        </div>
        {many && <Checkbox label={`Each ${subject} has the amount for itself`} checked={each} onChange={(event) => setEach(event.currentTarget.checked)} />}
        <div className={form.pair}>
          <TextInput label="At most" inputMode="decimal" placeholder={metric === 'cost' ? '100' : '60'} value={amount} onChange={(event) => setAmount(event.currentTarget.value)} />
          <Select label="Of" data={metrics} value={metric} onChange={(value) => setMetric(value as Limit['metric'])} />
          {metric !== 'concurrency' && <Select label="In a" data={windows.map((one) => ({ value: one, label: one === 'total' ? 'lifetime' : one }))} value={window} onChange={(value) => setWindow(value as Limit['window'])} />}
        </div>
        <Select
          label="When it is used up"
          data={[
            { value: 'hard', label: 'refuse requests' },
            { value: 'soft', label: 'only raise alerts' },
          ]}
          value={hard ? 'hard' : 'soft'}
          onChange={(value) => setHard(value === 'hard')}
        />
        <TextInput label="Alert at, %" value={alert} onChange={(event) => setAlert(event.currentTarget.value)} />
        {limit && <Checkbox label="It holds" checked={enabled} onChange={(event) => setEnabled(event.currentTarget.checked)} />}
        {save.isError && <Failure thrown={save.error} />}
        <div className={form.end}>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="filled" disabled={!ready} loading={save.isPending}>
            {limit ? 'Save' : 'Set it'}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function useOffers(subject: Limit['subject']): { value: string; label: string }[] {
  const found = {
    team: useQuery(teams()).data?.items.map((one) => one.name),
    key: useQuery(keys()).data?.items.filter((one) => !one.revoked_at).map((one) => one.name),
    model: useQuery(models()).data?.items.filter((one) => one.kind !== 'app').map((one) => one.id),
    app: useQuery(apps()).data?.items.map((one) => one.name),
    project: [],
    user: [],
    tag: [],
  }[subject];
  return [...new Set(found ?? [])].map((name) => ({ value: name, label: name }));
}
