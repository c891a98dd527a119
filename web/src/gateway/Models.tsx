/** Everything that can be called as `model`, with what it costs. */
import { TextInput } from '@mantine/core';
import { IconSearch, IconVector } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useRef } from 'react';
import { models as modelsQuery } from '../api/queries';
import type { Model } from '../api/types';
import { Card } from '../parts/Card';
import { CopyButton } from '../parts/CopyButton';
import { Empty } from '../parts/Empty';
import { Loaded, Rows } from '../parts/Loaded';
import table from '../parts/Table.module.css';
import { Tag } from '../parts/Tag';
import { matching } from '../shell/matching';
import { useShortcuts } from '../shell/shortcuts';
import { dollars, plural } from '../text/numbers';
import look from './Gateway.module.css';

const route = getRouteApi('/house/gateway/$section');

export function Models() {
  const { q = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const models = useQuery(modelsQuery());
  const field = useRef<HTMLInputElement>(null);
  useShortcuts({ '/': () => field.current?.focus() });
  return (
    <Card
      title={models.data ? plural(models.data.items.length, 'model') : 'Models'}
      note="Prices in US dollars for a million tokens, as of today"
      flush
      actions={
        <TextInput
          ref={field}
          className={look.find}
          aria-label="Find a model"
          placeholder="Find a model"
          leftSection={<IconSearch size={14} stroke={1.7} />}
          value={q}
          onChange={(event) => void navigate({ search: event.currentTarget.value ? { q: event.currentTarget.value } : {}, replace: true })}
        />
      }
    >
      <Loaded from={models} loading={<Rows count={8} />} isEmpty={(data) => matching(data.items, q, words).length === 0} empty={<Empty icon={IconVector} title="No model is called like that">Look for a provider or a part of the name.</Empty>}>
        {(data) => (
          <div className={table.scroll}>
            <table className={table.table}>
              <thead>
                <tr>
                  <th scope="col">Model</th>
                  <th scope="col">Provider</th>
                  <th scope="col">Kind</th>
                  <th scope="col" className={table.right}>
                    Input
                  </th>
                  <th scope="col" className={table.right}>
                    Output
                  </th>
                  <th scope="col">
                    <span className="visually-hidden">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {matching(data.items, q, words).map((model) => (
                  <Row key={model.id} model={model} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
    </Card>
  );
}

function Row({ model }: { model: Model }) {
  const own = model.kind === 'app' || model.kind === 'alias';
  const priceless = !model.priced && !own;
  return (
    <tr>
      <td>
        <code className={table.rowLink}>{model.id}</code>
      </td>
      <td>{own ? <span className={table.quiet}>here</span> : model.provider}</td>
      <td>{model.kind}</td>
      <td className={table.right}>{own ? <span className={table.quiet}>as its models</span> : priceless ? <Tag tone="warn">no price</Tag> : price(model.input_usd_per_million)}</td>
      <td className={table.right}>{own || priceless ? '' : price(model.output_usd_per_million)}</td>
      <td>
        <div className={look.rowEnd}>
          {priceless && (
            <Link to="/usage/$section" params={{ section: 'prices' }}>
              Set a price
            </Link>
          )}
          {model.kind !== 'embedding' && (
            <Link to="/playground" search={{ models: model.id }}>
              Playground
            </Link>
          )}
          <CopyButton text={model.id} label={`Copy ${model.id}`} />
        </div>
      </td>
    </tr>
  );
}

function price(usd: number | null): string {
  return usd === null ? '' : usd >= 0.01 || usd === 0 ? `$${usd.toFixed(2)}` : dollars(usd);
}

function words(model: Model): string {
  return `${model.id} ${model.provider} ${model.kind}`;
}
