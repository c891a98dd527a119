import { expect, test } from 'vitest';
import { verdicts } from './verdicts';

test('the verdicts of a guard are read sentence by sentence', () => {
  const value = [
    { sentence: 'You get 25 days.', outcome: 'passed', score: 0.98, evidence: 'Employees get 25 days.', supported_by: 1, citations: [1], problems: [] },
    { sentence: 'It is paid in May.', outcome: 'withheld', score: 0.1, evidence: '', problems: ['a number that no passage has'] },
  ];

  expect(verdicts(value)).toEqual([
    { sentence: 'You get 25 days.', outcome: 'passed', score: 0.98, evidence: 'Employees get 25 days.', problems: [] },
    { sentence: 'It is paid in May.', outcome: 'withheld', score: 0.1, evidence: '', problems: ['a number that no passage has'] },
  ]);
});

test.each([[[]], [null], ['pass'], [[{ sentence: 'No outcome' }]]])('%j holds no verdicts', (value) => {
  expect(verdicts(value)).toBeNull();
});
