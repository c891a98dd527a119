import { expect, test } from 'vitest';
import { suggestions } from './suggesting';

const asked = (input_preview: string, declined = false) => ({ input_preview, declined });

test('what the app itself suggests comes before everything else', () => {
  const offered = suggestions(['How much leave do I get?'], [asked('Who signs expenses?')], [{ title: 'Leave' }]);

  expect(offered).toEqual({ from: 'app', questions: ['How much leave do I get?'] });
});

test('questions that were answered are offered again, each once', () => {
  const offered = suggestions([], [asked('How much leave do I get?'), asked('how much leave  do I get'), asked('When is the raise paid?', true), asked('Who signs expenses?'), asked('Can I work abroad?')], []);

  expect(offered).toEqual({ from: 'traces', questions: ['How much leave do I get?', 'Who signs expenses?', 'Can I work abroad?'] });
});

test('a question that was cut off in its preview is not offered', () => {
  const offered = suggestions([], [asked('How much leave do I get if I am…'), asked('ok'), asked('Who signs expenses?')], []);

  expect(offered.questions).toEqual([]);
});

test('before anyone has asked, documents from all over give a start', () => {
  const documents = Array.from({ length: 20 }, (_, n) => ({ title: `Policy ${n}` }));

  const offered = suggestions([], [], documents);

  expect(offered.from).toBe('documents');
  expect(offered.questions).toHaveLength(5);
  expect(offered.questions).toContain('What does “Policy 16” say?');
});
