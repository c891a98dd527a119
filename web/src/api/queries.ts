/** Everything the pages read, each with its key: the first word is the noun, so a change invalidates by noun. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { read, wire } from './client';
import type { operations } from './schema';

export type TraceFilters = Omit<NonNullable<operations['list_traces']['parameters']['query']>, 'limit' | 'cursor'>;
export type SearchMode = 'fused' | 'text' | 'vector';

const SECOND = 1000;
const PAGE = 100;

export const me = () =>
  queryOptions({ queryKey: ['me'], queryFn: ({ signal }) => read(wire.GET('/api/v1/me', { signal })), staleTime: Infinity, retry: false });

export const overview = (hours: number) =>
  queryOptions({
    queryKey: ['overview', hours],
    queryFn: ({ signal }) => read(wire.GET('/api/v1/overview', { params: { query: { hours } }, signal })),
    refetchInterval: 15 * SECOND,
    placeholderData: keepPreviousData,
  });

export const traces = (filters: TraceFilters, options: { live?: boolean } = {}) =>
  infiniteQueryOptions({
    queryKey: ['traces', 'list', filters],
    queryFn: ({ signal, pageParam }) => read(wire.GET('/api/v1/traces', { params: { query: { ...filters, limit: PAGE, cursor: pageParam } }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    // Before the first trace somebody waits for it in front of the page.
    refetchInterval: ({ state }) => (options.live || state.data?.pages[0]?.total === 0 ? 3 * SECOND : false),
  });

export const traceHistogram = (filters: TraceFilters, options: { live?: boolean } = {}) =>
  queryOptions({
    queryKey: ['traces', 'histogram', filters],
    queryFn: ({ signal }) => read(wire.GET('/api/v1/traces/histogram', { params: { query: { ...filters, buckets: 72 } }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (options.live || state.data?.buckets.length === 0 ? 3 * SECOND : false),
  });

export const recentQuestions = (app: string) =>
  queryOptions({
    queryKey: ['traces', 'recent', app],
    queryFn: ({ signal }) => read(wire.GET('/api/v1/traces', { params: { query: { app, status: 'ok', limit: 30 } }, signal })),
    staleTime: 60 * SECOND,
  });

export const trace = (id: string) =>
  queryOptions({ queryKey: ['traces', 'one', id], queryFn: ({ signal }) => read(wire.GET('/api/v1/traces/{trace_id}', { params: { path: { trace_id: id } }, signal })) });

export const apps = () => queryOptions({ queryKey: ['apps'], queryFn: ({ signal }) => read(wire.GET('/api/v1/apps', { signal })), staleTime: 30 * SECOND });

export const app = (name: string) =>
  queryOptions({ queryKey: ['apps', name], queryFn: ({ signal }) => read(wire.GET('/api/v1/apps/{name}', { params: { path: { name } }, signal })), staleTime: 30 * SECOND });

export const models = () => queryOptions({ queryKey: ['models'], queryFn: ({ signal }) => read(wire.GET('/api/v1/models', { signal })), staleTime: 30 * SECOND });

export const knowledgeBases = () => queryOptions({ queryKey: ['knowledge'], queryFn: ({ signal }) => read(wire.GET('/api/v1/knowledge', { signal })) });

export const knowledge = (name: string) =>
  queryOptions({
    queryKey: ['knowledge', name],
    queryFn: ({ signal }) => read(wire.GET('/api/v1/knowledge/{name}', { params: { path: { name } }, signal })),
    // Embedding is a background job: look again while it runs.
    refetchInterval: ({ state }) => (state.data && state.data.embedded < state.data.chunks ? 1.5 * SECOND : false),
  });

export const documents = (name: string, q: string) =>
  infiniteQueryOptions({
    queryKey: ['knowledge', name, 'documents', q],
    queryFn: ({ signal, pageParam }) =>
      read(wire.GET('/api/v1/knowledge/{name}/documents', { params: { path: { name }, query: { q: q || null, limit: PAGE, cursor: pageParam } }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });

export const document_ = (name: string, id: string) =>
  queryOptions({
    queryKey: ['knowledge', name, 'document', id],
    queryFn: ({ signal }) => read(wire.GET('/api/v1/knowledge/{name}/documents/{id}', { params: { path: { name, id } }, signal })),
  });

export const searches = (name: string, q: string, mode: SearchMode) =>
  queryOptions({
    queryKey: ['knowledge', name, 'search', q, mode],
    queryFn: ({ signal }) => read(wire.GET('/api/v1/knowledge/{name}/searches', { params: { path: { name }, query: { q, mode, limit: 10 } }, signal })),
    placeholderData: keepPreviousData,
  });

export const chunk = (id: string) =>
  queryOptions({ queryKey: ['chunks', id], queryFn: ({ signal }) => read(wire.GET('/api/v1/chunks/{id}', { params: { path: { id } }, signal })), staleTime: Infinity });

export const providers = () => queryOptions({ queryKey: ['providers'], queryFn: ({ signal }) => read(wire.GET('/api/v1/providers', { signal })) });

export const keys = () => queryOptions({ queryKey: ['keys'], queryFn: ({ signal }) => read(wire.GET('/api/v1/keys', { signal })) });
