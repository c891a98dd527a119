/** The fields for what a key may: its team, models, addresses, tools and tags. */
import { Autocomplete, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import form from '../parts/Form.module.css';
import { teams } from '../usage/queries';
import type { Terms } from './terms';

export function TermFields({ terms, onChange }: { terms: Terms; onChange: (terms: Terms) => void }) {
  const names = useQuery(teams()).data?.items.map((team) => team.name) ?? [];
  const set = (news: Partial<Terms>) => onChange({ ...terms, ...news });
  return (
    <>
      <div className={form.pair}>
        <Autocomplete label="Team" placeholder="none" data={names} value={terms.team} onChange={(team) => set({ team })} />
        <TextInput label="Tags" placeholder="put on all its calls" value={terms.tags} onChange={(event) => set({ tags: event.currentTarget.value })} />
      </div>
      <TextInput label="Models" description="Names or patterns, such as openai/*. Empty means all." value={terms.models} onChange={(event) => set({ models: event.currentTarget.value })} />
      <div className={form.pair}>
        <TextInput label="Only from these addresses" placeholder="192.0.2.0/24" value={terms.ips} onChange={(event) => set({ ips: event.currentTarget.value })} />
        <TextInput label="Only these MCP tools" placeholder="github__get_*" value={terms.tools} onChange={(event) => set({ tools: event.currentTarget.value })} />
      </div>
    </>
  );
}
