import { describe, expect, test } from 'vitest';
import { messages } from './messages';

const hello = [{ role: 'user', text: 'Hello', calls: [] }];

describe('messages are found in every usual shape', () => {
  test.each([
    ['a list', [{ role: 'user', content: 'Hello' }]],
    ['a request', { model: 'x', messages: [{ role: 'user', content: 'Hello' }] }],
    ['parts of OpenAI and Anthropic', [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }]],
    ['parts of OpenTelemetry', [{ role: 'user', parts: [{ type: 'text', content: 'Hello' }] }]],
    ['a single message', { role: 'user', content: 'Hello' }],
    ['a reply', { choices: [{ message: { role: 'user', content: 'Hello' } }] }],
  ])('%s', (_, value) => {
    expect(messages(value)).toEqual(hello);
  });
});

test('calls of tools are kept with their arguments', () => {
  const openai = messages([{ role: 'assistant', content: null, tool_calls: [{ function: { name: 'get_leave', arguments: '{"year":2026}' } }] }]);
  const anthropic = messages([{ role: 'assistant', content: [{ type: 'tool_use', name: 'get_leave', input: { year: 2026 } }] }]);

  expect(openai).toEqual([{ role: 'assistant', text: '', calls: [{ name: 'get_leave', arguments: '{"year":2026}' }] }]);
  expect(anthropic?.[0]?.calls[0]?.name).toBe('get_leave');
});

test.each([['just text'], [42], [null], [[]], [{ query: 'leave' }], [[{ text: 'no role' }]]])('%j is not a conversation', (value) => {
  expect(messages(value)).toBeNull();
});
