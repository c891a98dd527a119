/** What must not go in or come out: each guardrail with its switch, and a text to try it on. */
import { Button, Select, Textarea } from '@mantine/core';
import { IconShieldCheck } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { read, wire } from '../api/client';
import { asRefusal } from '../api/refusal';
import type { Guardrail } from '../api/types';
import { Card } from '../parts/Card';
import { Empty } from '../parts/Empty';
import { Failure } from '../parts/Failure';
import form from '../parts/Form.module.css';
import { Loaded, Rows } from '../parts/Loaded';
import { Owner } from '../parts/Owner';
import { Snippet } from '../parts/Snippet';
import table from '../parts/Table.module.css';
import { Tag } from '../parts/Tag';
import { milliseconds, plural } from '../text/numbers';
import { guardrails as guardrailsQuery } from './queries';
import look from './Gateway.module.css';

export function Guardrails() {
  const guardrails = useQuery(guardrailsQuery());
  return (
    <>
      <Card title={guardrails.data ? plural(guardrails.data.items.length, 'guardrail') : 'Guardrails'} flush>
        <Loaded
          from={guardrails}
          loading={<Rows count={3} height={42} />}
          isEmpty={(data) => data.items.length === 0}
          empty={
            <Empty icon={IconShieldCheck} title="No guardrail yet">
              <p>Nothing is looked at, so nothing is held up. A first one, which keeps personal data from providers:</p>
              <Snippet label="A first guardrail" languages={[{ name: 'Shell', code: 'quarterdeck guardrails set personal --check personal_data --action redact' }]} />
            </Empty>
          }
        >
          {(data) => (
            <div className={table.scroll}>
              <table className={table.table}>
                <thead>
                  <tr>
                    <th scope="col">Guardrail</th>
                    <th scope="col">Looks for</th>
                    <th scope="col">At</th>
                    <th scope="col">Does</th>
                    <th scope="col">Comes from</th>
                    <th scope="col">State</th>
                  </tr>
                </thead>
                <tbody>
                  {data.items.map((guardrail) => (
                    <Row key={guardrail.id} guardrail={guardrail} />
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </Loaded>
      </Card>
      {guardrails.data && guardrails.data.items.length > 0 && <Trial names={guardrails.data.items.map((one) => one.name)} />}
    </>
  );
}

function Row({ guardrail }: { guardrail: Guardrail }) {
  const queries = useQueryClient();
  const flip = useMutation({
    mutationFn: () => read(wire.PATCH('/api/v1/guardrails/{name}', { params: { path: { name: guardrail.name } }, body: { enabled: !guardrail.enabled } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['guardrails'] }),
  });
  return (
    <tr>
      <td>
        <strong className={table.rowLink}>{guardrail.name}</strong>
        <div className={look.sub}>{guardrail.description}</div>
      </td>
      <td>{guardrail.checks.map((check) => String(check.kind ?? check.check ?? '')).filter(Boolean).join(', ')}</td>
      <td>{guardrail.stages.join(', ')}</td>
      <td>
        <Tag tone={guardrail.action === 'block' ? 'err' : guardrail.action === 'redact' ? 'warn' : 'plain'}>{guardrail.action}</Tag>
      </td>
      <td>
        <Owner owner={guardrail.owner} />
      </td>
      <td>
        <Tag tone={guardrail.enabled ? 'ok' : 'plain'}>{guardrail.enabled ? 'on' : 'off'}</Tag>{' '}
        {guardrail.owner !== 'file' && (
          <Button size="xs" variant="subtle" loading={flip.isPending} onClick={() => flip.mutate()} aria-label={`Switch ${guardrail.name} ${guardrail.enabled ? 'off' : 'on'}`}>
            Switch {guardrail.enabled ? 'off' : 'on'}
          </Button>
        )}
        {flip.isError && <p className={look.sub}>{asRefusal(flip.error).message}</p>}
      </td>
    </tr>
  );
}

function Trial({ names }: { names: string[] }) {
  const [name, setName] = useState(names[0]!);
  const [text, setText] = useState('');
  const trial = useMutation({ mutationFn: () => read(wire.POST('/api/v1/guardrails/{name}/trials', { params: { path: { name } }, body: { text } })) });
  return (
    <Card title="Try one on a text" note="Nothing is sent to a model">
      <form
        className={form.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim()) trial.mutate();
        }}
      >
        <Select label="Guardrail" data={names} value={name} onChange={(value) => setName(value ?? names[0]!)} maw={320} />
        <Textarea label="Text" rows={3} styles={{ input: { height: 'auto' } }} value={text} onChange={(event) => setText(event.currentTarget.value)} />
        <div>
          <Button type="submit" disabled={!text.trim()} loading={trial.isPending}>
            Look at it
          </Button>
        </div>
        {trial.isError && <Failure thrown={trial.error} />}
        {trial.data && (
          <div role="status" className={form.rows}>
            {trial.data.verdicts.map((verdict) => (
              <div key={verdict.check} className={form.row}>
                <Tag tone={verdict.outcome === 'blocked' ? 'err' : verdict.action === 'none' ? 'ok' : 'warn'}>{verdict.outcome === 'blocked' ? 'blocked' : verdict.action === 'none' ? 'nothing found' : verdict.action}</Tag>
                <span>
                  {verdict.check} {verdict.label && `found ${verdict.label}`} <span className={look.sub}>in {milliseconds(verdict.ms)}</span>
                </span>
              </div>
            ))}
            {!trial.data.blocked && <p className={look.said}>{trial.data.text}</p>}
          </div>
        )}
      </form>
    </Card>
  );
}
