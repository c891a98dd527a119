import { expect, test } from 'vitest';
import { grown, nothingYet, sources, type Citation } from './answer';

const passage = (n: number) => ({ n, chunk_id: `chk_${n}`, title: `Document ${n}`, quote: null }) as Citation;
const piece = (body: object) => JSON.stringify(body);

test('the pieces of a stream add up to an answer with its sources, tokens and end', () => {
  const pieces = [
    piece({ model: 'policy-bot', choices: [{ delta: { role: 'assistant' } }], passages: [passage(1), passage(2)] }),
    piece({ choices: [{ delta: { content: 'You get 25 days' } }] }),
    piece({ choices: [{ delta: { content: ' [1].' } }] }),
    piece({ choices: [{ delta: {}, finish_reason: 'stop' }], citations: [passage(1)], declined: false }),
    piece({ choices: [], usage: { prompt_tokens: 640, completion_tokens: 12 } }),
  ];

  const answer = pieces.reduce(grown, nothingYet);

  expect(answer).toMatchObject({ text: 'You get 25 days [1].', model: 'policy-bot', finish: 'stop', declined: false, tokens: { input: 640, output: 12 } });
  expect(answer.citations.map((citation) => citation.chunk_id)).toEqual(['chk_1']);
});

test('a mark can be followed before the answer is finished', () => {
  const answer = grown(nothingYet, piece({ passages: [passage(1)] }));

  expect(sources(answer).get(1)?.chunk_id).toBe('chk_1');
});

test('an error in the middle of a stream is thrown with what the server said', () => {
  const broken = piece({ error: { message: 'The provider `openai` went silent.', code: 'provider_silent', request_id: 'req_1' } });

  expect(() => grown(nothingYet, broken)).toThrow(expect.objectContaining({ message: 'The provider `openai` went silent.', request_id: 'req_1' }));
});
