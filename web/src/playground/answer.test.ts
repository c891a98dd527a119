import { expect, test } from 'vitest';
import { Refusal } from '../api/refusal';
import { begun, grown } from './answer';

test('words, thoughts and tokens add up', () => {
  const pieces = [{ choices: [{ delta: { reasoning_content: 'Hm' } }] }, { choices: [{ delta: { content: 'Par' } }] }, { choices: [{ delta: { content: 'is' }, finish_reason: 'stop' }] }, { choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } }];

  const run = pieces.reduce((now, piece) => grown(now, JSON.stringify(piece)), begun);

  expect(run).toMatchObject({ state: 'streaming', text: 'Paris', thoughts: 'Hm', finish: 'stop', tokens: { input: 3, output: 2 } });
});

test('the pieces of tool calls come together, each at its place', () => {
  const pieces = [
    { index: 0, function: { name: 'weather', arguments: '' } },
    { index: 1, function: { name: 'time', arguments: '{}' } },
    { index: 0, function: { arguments: '{"city"' } },
    { index: 0, function: { arguments: ':1}' } },
  ];

  const run = pieces.reduce((now, call) => grown(now, JSON.stringify({ choices: [{ delta: { tool_calls: [call] } }] })), begun);

  expect(run.tools).toEqual([
    { name: 'weather', arguments: '{"city":1}' },
    { name: 'time', arguments: '{}' },
  ]);
});

test('an error in the stream is thrown in the words of the server', () => {
  expect(() => grown(begun, '{"error": {"message": "It broke.", "code": "upstream_error"}}')).toThrow(Refusal);
});
