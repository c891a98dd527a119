/** A limit in words: whom it concerns, how much, and in which unit. */
import type { Limit } from '../api/types';
import { compact, count, dollars } from '../text/numbers';

export const subjects: Limit['subject'][] = ['project', 'team', 'user', 'key', 'tag', 'model', 'app'];
export const metrics: { value: Limit['metric']; label: string }[] = [
  { value: 'cost', label: 'cost, in US dollars' },
  { value: 'requests', label: 'requests' },
  { value: 'tokens', label: 'tokens' },
  { value: 'input_tokens', label: 'input tokens' },
  { value: 'output_tokens', label: 'output tokens' },
  { value: 'concurrency', label: 'requests at the same time' },
];
export const windows: Limit['window'][] = ['second', 'minute', 'hour', 'day', 'week', 'month', 'total'];

export function amount(metric: Limit['metric'], value: number): string {
  if (metric === 'cost') return dollars(value);
  return value < 10_000 ? count(value) : compact(value);
}

export function terms(limit: Pick<Limit, 'metric' | 'amount' | 'window'>): string {
  const unit = { cost: '', requests: ' requests', tokens: ' tokens', input_tokens: ' input tokens', output_tokens: ' output tokens', concurrency: ' at the same time' }[limit.metric];
  const per = limit.metric === 'concurrency' ? '' : limit.window === 'total' ? ' in all' : ` a ${limit.window}`;
  return `${amount(limit.metric, limit.amount)}${unit}${per}`;
}

export function whom(limit: Pick<Limit, 'subject' | 'subject_id' | 'each'>): string {
  if (limit.subject === 'project') return 'the whole project';
  if (limit.subject_id === '*') return limit.each ? `each ${limit.subject}` : `all ${limit.subject}s together`;
  return `${limit.subject} ${limit.subject_id}${limit.each ? ', each' : ''}`;
}
