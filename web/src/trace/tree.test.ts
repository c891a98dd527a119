import { expect, test } from 'vitest';
import type { Span } from '../api/types';
import { rows, tree } from './tree';

const span = (span_id: string, parent_id: string | null, offset_ms = 0, latency_ms = 1) => ({ span_id, parent_id, offset_ms, latency_ms }) as Span;
const ids = (spans: Span[], folded: string[] = []) => rows(tree(spans), new Set(folded)).map((row) => `${'·'.repeat(row.level - 1)}${row.span.span_id}`);

test('children stand below their parent, in the order of time', () => {
  expect(ids([span('late', 'top', 5), span('top', null), span('early', 'top', 1), span('inner', 'early', 2)])).toEqual(['top', '·early', '··inner', '·late']);
});

test('a span without its parent stands at the top', () => {
  expect(ids([span('top', null), span('lost', 'never-arrived', 3)])).toEqual(['top', 'lost']);
});

test('spans that name each other as parents still show', () => {
  expect(ids([span('a', 'b'), span('b', 'a'), span('self', 'self')]).toSorted()).toEqual(['a', 'b', 'self']);
});

test('a folded span hides what is below it', () => {
  const spans = [span('top', null), span('mid', 'top', 1), span('leaf', 'mid', 2), span('other', 'top', 3)];

  expect(ids(spans, ['mid'])).toEqual(['top', '·mid', '·other']);
  expect(rows(tree(spans), new Set(['mid']))[1]).toMatchObject({ folds: true, open: false, place: 1, siblings: 2 });
});
