/** What the usage page reads. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { read, wire } from '../api/client';
import type { Filters, Way } from './address';

const DAY = 86_400_000;

export const spend = (by: Way, days: number, filters: Filters) =>
  queryOptions({
    queryKey: ['usage', by, days, filters],
    queryFn: ({ signal }) => read(wire.GET('/api/v1/usage', { params: { query: { ...filters, by, step: days <= 2 ? 'hour' : 'day', from: new Date(Date.now() - days * DAY).toISOString() } }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
export const forecast = () => queryOptions({ queryKey: ['usage', 'forecast'], queryFn: ({ signal }) => read(wire.GET('/api/v1/usage/forecast', { signal })), staleTime: 60_000 });
export const limits = () => queryOptions({ queryKey: ['limits'], queryFn: ({ signal }) => read(wire.GET('/api/v1/limits', { signal })) });
export const limitUsage = () => queryOptions({ queryKey: ['limits', 'usage'], queryFn: ({ signal }) => read(wire.GET('/api/v1/limit-usage', { signal })), refetchInterval: 3000 });
export const alerts = () => queryOptions({ queryKey: ['limits', 'alerts'], queryFn: ({ signal }) => read(wire.GET('/api/v1/limit-alerts', { signal })), refetchInterval: 15_000 });
export const unpriced = () => queryOptions({ queryKey: ['prices', 'unpriced'], queryFn: ({ signal }) => read(wire.GET('/api/v1/prices/unpriced', { signal })) });
export const prices = (q: string) => queryOptions({ queryKey: ['prices', 'list', q], queryFn: ({ signal }) => read(wire.GET('/api/v1/prices', { params: { query: { q, limit: 50 } }, signal })), placeholderData: keepPreviousData });
export const repricings = () =>
  queryOptions({
    queryKey: ['prices', 'repricings'],
    queryFn: ({ signal }) => read(wire.GET('/api/v1/prices/repricings', { signal })),
    refetchInterval: ({ state }) => (state.data?.items.some((one) => one.status === 'waiting' || one.status === 'running') ? 1000 : false),
  });
export const teams = () => queryOptions({ queryKey: ['teams'], queryFn: ({ signal }) => read(wire.GET('/api/v1/teams', { signal })) });
