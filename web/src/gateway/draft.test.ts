import { expect, test } from 'vitest';
import type { Plan } from '../api/types';
import { draftOf, planOf } from './draft';

const plan: Plan = {
  description: 'Short answers',
  strategy: 'weighted',
  targets: [
    { model: 'openai/gpt-4o-mini', weight: 3, parameters: { temperature: 0 }, timeouts: null, when: { tags: ['short'] } },
    { model: 'gpus/house-7b', weight: 1, parameters: {}, timeouts: null, when: null },
  ],
  options: { by: 'user' },
  retries: 2,
  longest_wait_s: 7,
  fallbacks: { any: ['openai/gpt-4o'], budget: ['gpus/house-7b', 'local/extractive'] },
  timeouts: { connect_s: 2, first_token_s: 5, idle_s: null, total_s: null },
  shadow: { model: 'gpus/house-7b', share: 0.2 },
  health_check: { every_s: 10, by: 'chat' },
};

test('a plan that is opened and saved is the same plan, with what the form does not show', () => {
  expect(planOf(draftOf('fast', plan))).toEqual(plan);
});

test.each([
  ['fast one', {}, 'A name has'],
  ['fast', { targets: [{ model: ' ', weight: '1', when: '', was: null }] }, 'at least one model'],
  ['fast', { targets: [{ model: 'a/b', weight: 'much', when: '', was: null }] }, 'weight of a/b'],
  ['fast', { targets: [{ model: 'a/b', weight: '1', when: '[1]', was: null }] }, 'condition of a/b'],
  ['fast', { options: '{' }, 'options'],
  ['fast', { shadow_percent: '120' }, 'share of copies'],
])('a draft that cannot be a plan says why (%#)', (name, change, words) => {
  expect(planOf({ ...draftOf(name, plan), ...change })).toContain(words);
});
