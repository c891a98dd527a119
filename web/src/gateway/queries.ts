/** What the gateway's page reads. Health is alive, so it is asked again every few seconds. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { read, wire } from '../api/client';

const LIVE = 3000;

export const aliases = () => queryOptions({ queryKey: ['routes'], queryFn: ({ signal }) => read(wire.GET('/api/v1/routes', { signal })), refetchInterval: LIVE });
export const strategies = () => queryOptions({ queryKey: ['strategies'], queryFn: ({ signal }) => read(wire.GET('/api/v1/routing/strategies', { signal })), staleTime: Infinity });
export const guardrails = () => queryOptions({ queryKey: ['guardrails'], queryFn: ({ signal }) => read(wire.GET('/api/v1/guardrails', { signal })) });
export const checkKinds = () => queryOptions({ queryKey: ['guardrail-checks'], queryFn: ({ signal }) => read(wire.GET('/api/v1/guardrail-checks', { signal })), staleTime: Infinity });
export const exactCache = () => queryOptions({ queryKey: ['cache'], queryFn: ({ signal }) => read(wire.GET('/api/v1/cache', { signal })), refetchInterval: 5 * LIVE });
export const semanticCaches = () => queryOptions({ queryKey: ['semantic-caches'], queryFn: ({ signal }) => read(wire.GET('/api/v1/semantic-caches', { signal })), refetchInterval: 5 * LIVE });
export const routers = () => queryOptions({ queryKey: ['routers'], queryFn: ({ signal }) => read(wire.GET('/api/v1/routers', { signal })) });
export const mcpServers = () => queryOptions({ queryKey: ['mcp'], queryFn: ({ signal }) => read(wire.GET('/api/v1/mcp/servers', { signal })) });
export const mcpTools = (name: string) =>
  queryOptions({ queryKey: ['mcp', name], queryFn: ({ signal }) => read(wire.GET('/api/v1/mcp/servers/{name}/tools', { params: { path: { name } }, signal })), placeholderData: keepPreviousData });
