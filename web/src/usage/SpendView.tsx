/** The money: over time, by whom, compared with before, and where the month will end. */
import { ActionIcon, SegmentedControl, Select } from '@mantine/core';
import { IconCoins, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { keys as keysQuery } from '../api/queries';
import type { Spend } from '../api/types';
import { ChartCard } from '../charts/ChartCard';
import { Card } from '../parts/Card';
import { Empty } from '../parts/Empty';
import { Loaded } from '../parts/Loaded';
import { Snippet } from '../parts/Snippet';
import { chatCall } from '../parts/snippets';
import table from '../parts/Table.module.css';
import { Tag } from '../parts/Tag';
import { compact, count, dollars, milliseconds, percent, plural } from '../text/numbers';
import { filtersOf, spans, ways, type UsageAddress, type Way } from './address';
import { forecast as forecastQuery, spend as spendQuery } from './queries';
import { change, nameOf, REST, stacks } from './spending';
import look from './Usage.module.css';

const route = getRouteApi('/house/usage/$section');
/** How the list of traces calls the same thing. */
const traced: Partial<Record<Way, 'team' | 'key' | 'app' | 'model' | 'tag' | 'user' | 'environment'>> = { team: 'team', key: 'key', app: 'app', model: 'model', tag: 'tag', user: 'user', environment: 'environment' };

export function SpendView() {
  const address = route.useSearch();
  const navigate = route.useNavigate();
  const { by = 'model', days = 30 } = address;
  const filters = filtersOf(address);
  const report = useQuery(spendQuery(by, days, filters));
  const names = useKeyNames(by === 'key' || filters.key !== undefined);
  const span = spans.find((one) => one.days === days)!;
  const go = (news: UsageAddress) => void navigate({ search: (now) => ({ ...now, ...news }), replace: true });
  return (
    <>
      <div className={look.controls}>
        <Select className={look.by} aria-label="Told by" data={ways.map((way) => ({ value: way, label: `by ${way}` }))} value={by} onChange={(value) => go({ by: value as Way })} />
        {Object.entries(filters).map(([way, value]) => (
          <span key={way} className={look.filter}>
            {way}: {names.get(value) ?? value}
            <ActionIcon size={20} aria-label={`Remove the filter ${way}`} onClick={() => go({ [way]: undefined })}>
              <IconX size={12} />
            </ActionIcon>
          </span>
        ))}
        <div className={look.last}>
          <SegmentedControl aria-label="Look back over" data={spans.map((one) => ({ value: String(one.days), label: one.label }))} value={String(days)} onChange={(value) => go({ days: Number(value) })} />
        </div>
      </div>
      <Loaded
        from={report}
        isEmpty={(data) => data.total.calls === 0}
        empty={
          <Empty icon={IconCoins} title={`No model was called in ${span.words}`}>
            <p>Every call shows up here within seconds, with what it cost.</p>
            <Snippet languages={chatCall('policy-bot')} label="A first call" />
          </Empty>
        }
      >
        {(data) => <Told report={data} names={names} words={span.words} onOnly={(key) => go({ [data.by]: key, by: data.by === 'model' ? 'key' : 'model' })} />}
      </Loaded>
    </>
  );
}

function Told({ report, names, words, onOnly }: { report: Spend; names: Map<string, string>; words: string; onOnly: (key: string) => void }) {
  const series = stacks(report, names);
  const bucket_ms = report.step === 'hour' ? 3_600_000 : 86_400_000;
  const at = report.at.map((moment) => Date.parse(moment));
  return (
    <>
      <Tiles report={report} />
      {report.total.cost_usd > 0 && (
        <ChartCard
          title="Spend"
          note={`by ${report.by}, each bar ${report.step === 'hour' ? 'an hour' : 'a day'}`}
          kind="bars"
          whole={false}
          from={at[0] ?? Date.parse(report.from)}
          to={(at.at(-1) ?? Date.parse(report.to)) + bucket_ms}
          at={at}
          bucket_ms={bucket_ms}
          format={(usd) => dollars(usd)}
          summary={`${dollars(report.total.cost_usd)} were spent in ${words}. The largest part: ${series[0]?.name ?? 'nobody'}.`}
          series={series}
        />
      )}
      <Groups report={report} names={names} colors={new Map(series.map((one) => [one.name, one.color]))} onOnly={onOnly} />
    </>
  );
}

function Tiles({ report }: { report: Spend }) {
  const forecast = useQuery(forecastQuery()).data;
  const { total, previous, savings } = report;
  const changed = change(total.cost_usd, previous?.cost_usd);
  const tiles = [
    { label: 'Spent', value: dollars(total.cost_usd), note: changed ? `${changed.words} than before: ${dollars(previous?.cost_usd)}`.replace('as before than before', 'as before') : 'nothing before to compare with' },
    {
      label: 'The month will end at',
      value: forecast?.expected_usd == null ? '–' : dollars(forecast.expected_usd),
      note: forecast?.expected_usd == null ? 'needs three days of history' : `${dollars(forecast.low_usd)} to ${dollars(forecast.high_usd)}, in 4 of 5 cases`,
      title: forecast?.says,
    },
    { label: 'Calls', value: compact(total.calls), note: `${percent(total.errors, total.calls)} failed` },
    { label: 'Tokens', value: compact(total.input_tokens + total.output_tokens), note: `${compact(total.output_tokens)} of them written` },
    { label: 'Saved by caches', value: dollars(savings.saved_usd), note: `${plural(savings.hits, 'hit')}, ${milliseconds(savings.saved_ms)} of waiting` },
  ];
  return (
    <>
      <div className={look.tiles}>
        {tiles.map((tile) => (
          <div key={tile.label} className={look.tile} title={tile.title}>
            <div className={look.label}>{tile.label}</div>
            <div className={look.value}>{tile.value}</div>
            <div className={look.note}>{tile.note}</div>
          </div>
        ))}
      </div>
      {total.unpriced_calls > 0 && (
        <p className={look.controls}>
          <Tag tone="warn">{count(total.unpriced_calls)} without a price</Tag>
          <span>Their cost is missing in every sum here.</span>
          <Link to="/usage/$section" params={{ section: 'prices' }}>
            Set the prices
          </Link>
        </p>
      )}
    </>
  );
}

function Groups({ report, names, colors, onOnly }: { report: Spend; names: Map<string, string>; colors: Map<string, string>; onOnly: (key: string) => void }) {
  const sorted = [...report.groups].sort((a, b) => b.sums.cost_usd - a.sums.cost_usd);
  const filter = traced[report.by as Way];
  return (
    <Card title={`By ${report.by}`} note={report.by === 'tag' ? 'A call with two tags counts for both' : 'Choose one to see it alone'} flush>
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">{report.by[0]!.toUpperCase() + report.by.slice(1)}</th>
              <th scope="col" className={table.right}>
                Cost
              </th>
              <th scope="col" className={table.right}>
                Before
              </th>
              <th scope="col" className={table.right}>
                Calls
              </th>
              <th scope="col" className={table.right}>
                Failed
              </th>
              <th scope="col" className={table.right}>
                Tokens in, out
              </th>
              <th scope="col">
                <span className="visually-hidden">Traces</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {sorted.map((group) => {
              const name = nameOf(group.key, group.label, report.by, names);
              const changed = change(group.sums.cost_usd, group.previous_cost_usd);
              return (
                <tr key={group.key}>
                  <td>
                    <span className={look.swatch} style={{ background: colors.get(name) ?? (group.sums.cost_usd > 0 ? REST : 'transparent') }} aria-hidden />
                    {group.key ? (
                      <button type="button" className={look.link} onClick={() => onOnly(group.key)}>
                        {name}
                      </button>
                    ) : (
                      <span className={table.quiet}>{name}</span>
                    )}
                  </td>
                  <td className={table.right}>
                    {group.sums.unpriced_calls > 0 && group.sums.cost_usd === 0 ? <Tag tone="warn">no price</Tag> : dollars(group.sums.cost_usd)}
                    {group.sums.unpriced_calls > 0 && group.sums.cost_usd > 0 && <span className={table.quiet}> + {count(group.sums.unpriced_calls)} unpriced</span>}
                  </td>
                  <td className={table.right}>{changed ? <span className={changed.direction === 'up' ? look.up : changed.direction === 'down' ? look.down : undefined}>{changed.words}</span> : <span className={table.quiet}>–</span>}</td>
                  <td className={table.right}>{count(group.sums.calls)}</td>
                  <td className={table.right}>{percent(group.sums.errors, group.sums.calls)}</td>
                  <td className={table.right}>
                    {compact(group.sums.input_tokens)}, {compact(group.sums.output_tokens)}
                  </td>
                  <td className={table.right}>
                    {filter && group.key && (
                      <Link to="/traces" search={{ [filter]: group.key, from: report.from, to: report.to }} aria-label={`Traces of ${name}`}>
                        Traces
                      </Link>
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function useKeyNames(wanted: boolean): Map<string, string> {
  const keys = useQuery({ ...keysQuery(), enabled: wanted });
  return new Map(keys.data?.items.map((key) => [key.id, key.name]) ?? []);
}
