/** The query box and its quick filters. */
import { Button, Menu, TextInput } from '@mantine/core';
import { IconChevronDown, IconSearch, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState, type ReactNode } from 'react';
import * as queries from '../api/queries';
import { Told } from '../parts/Told';
import { useShortcuts } from '../shell/shortcuts';
import { moment } from '../text/time';
import type { TracesAddress } from './address';
import { keys, parse, write } from './query';
import look from './QueryBar.module.css';

const latencies = [250, 1000, 3000, 10_000];
const spans = [
  { label: 'Last hour', ms: 3_600_000 },
  { label: 'Last 24 hours', ms: 86_400_000 },
  { label: 'Last 7 days', ms: 604_800_000 },
];

export function QueryBar({ address, onChange }: { address: TracesAddress; onChange: (now: TracesAddress) => void }) {
  const { from, to, peek: _peek, live: _live, ...rest } = address;
  const apps = useQuery(queries.apps()).data?.items.map((app) => app.name) ?? [];
  const models = useQuery(queries.models()).data?.items.filter((model) => model.kind === 'chat').map((model) => model.id) ?? [];
  const time = { from, to };
  return (
    <div className={look.bar}>
      <Box key={write(rest)} written={write(rest)} onChange={(filters) => onChange({ ...filters, ...time })} />
      <div className={look.quick}>
        <Choice label="Status" value={address.status} options={['ok', 'error']} onChange={(status) => onChange({ ...rest, ...time, status: status as TracesAddress['status'] })} />
        <Choice label="App" value={address.app} options={apps} onChange={(app) => onChange({ ...rest, ...time, app })} />
        <Choice label="Model" value={address.model} options={models} onChange={(model) => onChange({ ...rest, ...time, model })} />
        <Choice
          label="Latency"
          value={address.min_latency_ms && latencyLabel(address.min_latency_ms)}
          options={latencies.map(latencyLabel)}
          onChange={(label) => onChange({ ...rest, ...time, min_latency_ms: latencies.find((ms) => latencyLabel(ms) === label) })}
        />
        <Choice
          label="Time"
          value={from || to ? `${from ? moment(from) : '…'} – ${to ? moment(to) : 'now'}` : undefined}
          options={spans.map((span) => span.label)}
          onChange={(label) => {
            const span = spans.find((span) => span.label === label);
            onChange({ ...rest, from: span && new Date(Date.now() - span.ms).toISOString(), to: undefined });
          }}
        />
        <Toggle on={address.cached ?? false} onChange={(cached) => onChange({ ...rest, ...time, cached: cached || undefined })}>
          Cached
        </Toggle>
      </div>
    </div>
  );
}

function Box({ written, onChange }: { written: string; onChange: (filters: TracesAddress) => void }) {
  const [text, setText] = useState(written);
  const [focused, setFocused] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const { filters, problems } = parse(text);
  useShortcuts({ '/': () => field.current?.focus() });
  return (
    <form
      role="search"
      className={look.search}
      onSubmit={(event) => {
        event.preventDefault();
        if (problems.length === 0) onChange(filters);
      }}
    >
      <TextInput
        ref={field}
        aria-label="Query"
        placeholder='status:error latency:>3s "unpaid leave"'
        leftSection={<IconSearch size={15} stroke={1.7} />}
        rightSection={
          text && (
            <button
              type="button"
              className={look.clear}
              aria-label="Clear the query"
              onClick={() => {
                setText('');
                onChange({});
              }}
            >
              <IconX size={13} stroke={2} />
            </button>
          )
        }
        classNames={{ input: look.input! }}
        spellCheck={false}
        autoComplete="off"
        value={text}
        error={problems.length > 0 && <Told text={problems[0]!} />}
        onChange={(event) => setText(event.currentTarget.value)}
        onFocus={() => setFocused(true)}
        onBlur={() => setFocused(false)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
      />
      {focused && (
        <div className={look.hint}>
          {keys.map(({ key, says }) => (
            <button
              key={key}
              type="button"
              tabIndex={-1}
              className={look.key}
              onPointerDown={(event) => {
                // Before the blur, so that the box keeps the focus.
                event.preventDefault();
                setText(`${text.trimEnd()}${text.trim() ? ' ' : ''}${key}`);
              }}
            >
              <code>{key}</code> {says}
            </button>
          ))}
        </div>
      )}
    </form>
  );
}

function Choice({ label, value, options, onChange }: { label: string; value: string | undefined | 0; options: string[]; onChange: (value: string | undefined) => void }) {
  return (
    <Menu position="bottom-start" width="max-content">
      <Menu.Target>
        <Button size="xs" className={look.choice} data-on={Boolean(value)} rightSection={<IconChevronDown size={12} stroke={1.8} />}>
          {value ? (
            <>
              <span className={look.name}>{label}</span> {value}
            </>
          ) : (
            label
          )}
        </Button>
      </Menu.Target>
      <Menu.Dropdown className={look.options}>
        {value && <Menu.Item onClick={() => onChange(undefined)}>Any</Menu.Item>}
        {options.map((option) => (
          <Menu.Item key={option} onClick={() => onChange(option)}>
            {option}
          </Menu.Item>
        ))}
        {options.length === 0 && <Menu.Label>Nothing to choose yet</Menu.Label>}
      </Menu.Dropdown>
    </Menu>
  );
}

function Toggle({ on, onChange, children }: { on: boolean; onChange: (on: boolean) => void; children: ReactNode }) {
  return (
    <Button size="xs" className={look.choice} data-on={on} aria-pressed={on} onClick={() => onChange(!on)}>
      {children}
    </Button>
  );
}

function latencyLabel(ms: number): string {
  return `over ${ms < 1000 ? `${ms} ms` : `${ms / 1000} s`}`;
}
