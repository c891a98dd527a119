import { expect, test } from 'vitest';
import { addressOf, setupOf } from './address';
import { codeOf } from './code';
import { bodyOf } from './setup';

const setup = { ...setupOf({ models: 'fast,openai/gpt-4o', system: 'Be brief.', ask: 'Why?', temperature: '0.2' }) };

test('a setup in the address is the same setup again', () => {
  const whole = { ...setup, separate: true, columns: [{ id: 1, model: 'a', ask: 'x, "y"' }, { id: 2, model: 'b', ask: '' }], images: ['https://example.com/a.png'], tools: '[]', schema: '{}' };

  expect(setupOf(addressOf(whole))).toEqual(whole);
});

test('an image from this machine stays out of the address', () => {
  expect(addressOf({ ...setup, images: ['data:image/png;base64,AAAA'] })).not.toHaveProperty('images');
});

test('a column becomes a request, with what is shared and nothing that is empty', () => {
  expect(bodyOf(setup, setup.columns[1]!)).toEqual({
    model: 'openai/gpt-4o',
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Why?' },
    ],
    temperature: 0.2,
  });
});

test('images, tools and a schema are sent in the words of the API', () => {
  const body = bodyOf({ ...setup, images: ['data:image/png;base64,AAAA'], tools: '[{"type":"function"}]', schema: '{"type":"object"}' }, setup.columns[0]!);

  expect(body).toMatchObject({ tools: [{ type: 'function' }], response_format: { type: 'json_schema', json_schema: { schema: { type: 'object' } } } });
  expect(body).toHaveProperty(['messages', 1, 'content', 1], { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } });
});

test.each([
  [{ ask: ' ' }, 'Write something'],
  [{ temperature: 'hot' }, 'temperature'],
  [{ tools: '{}' }, 'JSON list'],
  [{ schema: '[' }, 'JSON object'],
])('%o cannot be asked, and says why', (news, words) => {
  expect(bodyOf({ ...setup, ...news }, setup.columns[0]!)).toContain(words);
});

test('code quotes what a shell or a language would trip over', () => {
  const code = codeOf({ model: 'fast', messages: [{ role: 'user', content: "It's $5" }] }, 'http://host/v1');

  expect(code.find((one) => one.name === 'curl')!.code).toContain(`It'\\''s $5`);
  expect(code.find((one) => one.name === 'Python')!.code).toContain('base_url="http://host/v1"');
  expect(code.find((one) => one.name === 'Python')!.code).not.toMatch(/\btrue\b|\bnull\b/);
});
