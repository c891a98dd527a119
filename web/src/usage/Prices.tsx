/** What a token costs: models without a price, prices of your own, and pricing again what has already happened. */
import { Button, Checkbox, Modal, TextInput } from '@mantine/core';
import { IconCheck, IconSearch } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { read, wire } from '../api/client';
import type { Price, UnpricedModel } from '../api/types';
import { Card } from '../parts/Card';
import { Empty } from '../parts/Empty';
import { Failure } from '../parts/Failure';
import form from '../parts/Form.module.css';
import { Loaded, Rows } from '../parts/Loaded';
import table from '../parts/Table.module.css';
import { Tag } from '../parts/Tag';
import { When } from '../parts/When';
import { compact, count, dollars } from '../text/numbers';
import { prices as pricesQuery, repricings as repricingsQuery, unpriced as unpricedQuery } from './queries';
import look from './Usage.module.css';

interface Priced {
  provider: string;
  model: string;
  prices?: Record<string, number>;
}

export function Prices() {
  const [setting, setSetting] = useState<Priced | null>(null);
  return (
    <>
      <Unpriced onSet={setSetting} />
      <Repricings />
      <List onSet={setSetting} />
      {setting && <PriceForm of={setting} onClose={() => setSetting(null)} />}
    </>
  );
}

function Unpriced({ onSet }: { onSet: (model: UnpricedModel) => void }) {
  const unpriced = useQuery(unpricedQuery());
  return (
    <Card title="Models without a price" note="Called in the last 30 days; their cost is missing in every sum" flush>
      <Loaded
        from={unpriced}
        loading={<Rows count={2} />}
        isEmpty={(data) => data.items.length === 0}
        empty={
          <Empty icon={IconCheck} title="Every model has a price">
            Each call of the last 30 days is paid in full.
          </Empty>
        }
      >
        {(data) => (
          <div className={table.scroll}>
            <table className={table.table}>
              <thead>
                <tr>
                  <th scope="col">Model</th>
                  <th scope="col" className={table.right}>
                    Calls
                  </th>
                  <th scope="col" className={table.right}>
                    Tokens in, out
                  </th>
                  <th scope="col">Last called</th>
                  <th scope="col">
                    <span className="visually-hidden">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {data.items.map((model) => (
                  <tr key={`${model.provider}/${model.model}`}>
                    <td>
                      <code className={table.rowLink}>
                        {model.provider}/{model.model}
                      </code>
                    </td>
                    <td className={table.right}>{count(model.calls)}</td>
                    <td className={table.right}>
                      {compact(model.input_tokens)}, {compact(model.output_tokens)}
                    </td>
                    <td className={table.quiet}>
                      <When at={model.last_at} />
                    </td>
                    <td>
                      <div className={look.rowEnd}>
                        <Button size="xs" variant="filled" onClick={() => onSet(model)} aria-label={`Set the price of ${model.provider}/${model.model}`}>
                          Set its price
                        </Button>
                      </div>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
    </Card>
  );
}

function Repricings() {
  const repricings = useQuery(repricingsQuery());
  if (!repricings.data?.items.length) return null;
  return (
    <Card title="Priced again" flush>
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Which</th>
              <th scope="col">State</th>
              <th scope="col" className={table.right}>
                Changed
              </th>
              <th scope="col" className={table.right}>
                Difference
              </th>
            </tr>
          </thead>
          <tbody>
            {repricings.data.items.slice(0, 5).map((one) => (
              <tr key={one.id}>
                <td>
                  <When at={one.created_at} />
                </td>
                <td>
                  <code>
                    {one.scope.provider || '*'}/{one.scope.model || '*'}
                  </code>{' '}
                  <span className={table.quiet}>{one.scope.only_unpriced === false ? 'all calls' : 'calls without a price'}</span>
                </td>
                <td>
                  <Tag tone={one.status === 'done' ? 'ok' : one.status === 'failed' ? 'err' : 'accent'} title={one.error ?? undefined}>
                    {one.status}
                  </Tag>
                </td>
                <td className={table.right}>
                  {count(one.changed)} <span className={table.quiet}>of {count(one.looked_at)}</span>
                </td>
                <td className={table.right}>{dollars(one.difference_usd)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function List({ onSet }: { onSet: (price: Priced) => void }) {
  const [q, setQ] = useState('');
  const prices = useQuery(pricesQuery(q.trim()));
  return (
    <Card
      title="Price list"
      note="US dollars for a million tokens; yours stand before the list's"
      flush
      actions={<TextInput className={look.find} aria-label="Find a price" placeholder="Find a model" leftSection={<IconSearch size={14} stroke={1.7} />} value={q} onChange={(event) => setQ(event.currentTarget.value)} />}
    >
      <Loaded from={prices} loading={<Rows count={6} />} isEmpty={(data) => data.items.length === 0} empty={<Empty icon={IconSearch} title="No price for a model like that">Look for a provider or a part of the name.</Empty>}>
        {(data) => (
          <div className={table.scroll}>
            <table className={table.table}>
              <thead>
                <tr>
                  <th scope="col">Model</th>
                  <th scope="col" className={table.right}>
                    Input
                  </th>
                  <th scope="col" className={table.right}>
                    Output
                  </th>
                  <th scope="col" className={table.right}>
                    Cache read
                  </th>
                  <th scope="col">From</th>
                  <th scope="col">
                    <span className="visually-hidden">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {data.items.map((price) => (
                  <Row key={price.id} price={price} onSet={() => onSet(price)} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
    </Card>
  );
}

function Row({ price, onSet }: { price: Price; onSet: () => void }) {
  const queries = useQueryClient();
  const withdraw = useMutation({ mutationFn: () => wire.DELETE('/api/v1/prices/{price_id}', { params: { path: { price_id: price.id } } }), onSuccess: () => queries.invalidateQueries({ queryKey: ['prices'] }) });
  const shown = (unit: string) => (price.prices[unit] === undefined ? <span className={table.quiet}>–</span> : perMillion(price.prices[unit]!));
  return (
    <tr>
      <td>
        <code>
          {price.provider}/{price.model}
        </code>{' '}
        {price.service_tier && <Tag>{price.service_tier}</Tag>} {price.hours && <Tag>some hours</Tag>} {price.above.length > 0 && <Tag>more for long prompts</Tag>}
      </td>
      <td className={table.right}>{shown('input')}</td>
      <td className={table.right}>{shown('output')}</td>
      <td className={table.right}>{shown('cache_read')}</td>
      <td>
        {price.source === 'set' ? <Tag tone="accent">yours</Tag> : <span className={table.quiet}>price list</span>} <span className={look.sub}>{price.note}</span>
      </td>
      <td>
        <div className={look.rowEnd}>
          {price.source === 'set' && (
            <Button size="xs" variant="subtle" loading={withdraw.isPending} onClick={() => withdraw.mutate()}>
              Withdraw
            </Button>
          )}
          <Button size="xs" variant="subtle" onClick={onSet} aria-label={`Set a price of ${price.provider}/${price.model}`}>
            Set yours
          </Button>
        </div>
        {withdraw.isError && <Failure thrown={withdraw.error} />}
      </td>
    </tr>
  );
}

function PriceForm({ of, onClose }: { of: Priced; onClose: () => void }) {
  const [input, setInput] = useState(text(of.prices?.input));
  const [output, setOutput] = useState(text(of.prices?.output));
  const [cached, setCached] = useState(text(of.prices?.cache_read));
  const [note, setNote] = useState('');
  const [past, setPast] = useState(true);
  const queries = useQueryClient();
  const save = useMutation({
    async mutationFn() {
      const prices = Object.fromEntries(Object.entries({ input, output, cache_read: cached }).filter(([, value]) => value.trim()));
      await read(wire.POST('/api/v1/prices', { body: { provider: of.provider, model: of.model, prices, note } }));
      if (past) await read(wire.POST('/api/v1/prices/repricings', { body: { provider: of.provider, model: of.model } }));
    },
    async onSuccess() {
      await Promise.all(['prices', 'usage', 'models', 'overview'].map((noun) => queries.invalidateQueries({ queryKey: [noun] })));
      onClose();
    },
  });
  const ready = input.trim() !== '' && [input, output, cached].every((value) => !value.trim() || Number(value) >= 0);
  return (
    <Modal opened onClose={onClose} title={`The price of ${of.provider}/${of.model}`} size={500}>
      <form
        className={form.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) save.mutate();
        }}
      >
        <p className={look.sub}>US dollars for a million tokens. 0 says that it is free.</p>
        <div className={form.pair}>
          <TextInput data-autofocus label="Input" inputMode="decimal" placeholder="0.20" value={input} onChange={(event) => setInput(event.currentTarget.value)} />
          <TextInput label="Output" inputMode="decimal" placeholder="0.60" value={output} onChange={(event) => setOutput(event.currentTarget.value)} />
          <TextInput label="Read from cache" inputMode="decimal" placeholder="as input" value={cached} onChange={(event) => setCached(event.currentTarget.value)} />
        </div>
        <TextInput label="Note" placeholder="our power bill" value={note} onChange={(event) => setNote(event.currentTarget.value)} />
        <Checkbox label="Price past calls that have no price, too" checked={past} onChange={(event) => setPast(event.currentTarget.checked)} />
        {save.isError && <Failure thrown={save.error} />}
        <div className={form.end}>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="filled" disabled={!ready} loading={save.isPending}>
            Set the price
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function perMillion(usd: number): string {
  return usd === 0 ? '$0' : `$${usd.toFixed(Math.max(2, Math.min(6, 1 - Math.floor(Math.log10(usd)))))}`;
}

function text(value: number | undefined): string {
  return value === undefined ? '' : String(value);
}
