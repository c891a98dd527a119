import { describe, expect, test } from 'vitest';
import { bytes, compact, dollars, milliseconds, percent, plural } from './numbers';

const plain = (text: string) => text.replaceAll('\u2009', ' ');

describe('latency', () => {
  test.each([
    [0.44, '0.4 ms'],
    [9.96, '10 ms'],
    [812.4, '812 ms'],
    [999.6, '1.00 s'],
    [1234, '1.23 s'],
    [59_990, '59.99 s'],
    [61_000, '1 min 1 s'],
    [null, '–'],
  ])('%s ms reads %s', (ms, words) => {
    expect(plain(milliseconds(ms))).toBe(words);
  });
});

describe('money', () => {
  test.each([
    [0, '$0'],
    [0.0000002, '< $0.0001'],
    [0.0191, '$0.0191'],
    [0.99999, '$1.0000'],
    [1234.5, '$1,234.50'],
    [-0.5, '−$0.5000'],
  ])('%s reads %s', (usd, words) => {
    expect(plain(dollars(usd))).toBe(words);
  });

  test('an unknown price is never shown as zero', () => {
    expect(dollars(null)).toBe('no price');
  });

  test('no amount is written in scientific notation', () => {
    for (let power = -12; power < 9; power += 1) expect(dollars(3 * 10 ** power)).not.toMatch(/e/i);
  });
});

describe('counts and shares', () => {
  test.each([
    [950, '950'],
    [9_999, '9,999'],
    [12_345, '12.3k'],
    [999_499, '999k'],
    [999_500, '1M'],
    [2_500_000, '2.5M'],
  ])('%s in a small place reads %s', (value, words) => {
    expect(compact(value)).toBe(words);
  });

  test('a share that is nearly nothing or nearly all does not round to it', () => {
    expect(plain(percent(1, 100_000))).toBe('< 0.1 %');
    expect(plain(percent(99_999, 100_000))).toBe('> 99.9 %');
    expect(plain(percent(0, 10))).toBe('0 %');
    expect(plain(percent(1, 0))).toBe('–');
  });

  test('sizes and plurals read naturally', () => {
    expect(plain(bytes(512))).toBe('512 B');
    expect(plain(bytes(48_200))).toBe('48.2 kB');
    expect(plural(1, 'span')).toBe('1 span');
    expect(plural(1200, 'query', 'queries')).toBe('1,200 queries');
  });
});
