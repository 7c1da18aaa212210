import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  QuantityError,
  quantityMilli,
  quantityOf,
  quantityValue,
  roundUpToMilli,
  subtractQuantities,
} from './quantity.ts';

describe('canonical form', () => {
  it.each([
    ['0', '0'],
    ['-0', '0'],
    ['0Mi', '0'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['0.5', '500m'],
    ['.5', '500m'],
    ['1.', '1'],
    ['+1', '1'],
    ['-1.5', '-1500m'],
    ['1.5Gi', '1536Mi'],
    ['1024Mi', '1Gi'],
    ['1023Ki', '1023Ki'],
    ['512', '512'],
    ['0.5Ki', '512'],
    ['0.0001Ki', '102400u'],
    ['1.0001Ki', '1024102400u'],
    ['1000', '1k'],
    ['1000k', '1M'],
    ['1e3', '1e3'],
    ['12e4', '120e3'],
    ['1E3', '1e3'],
    ['1E', '1E'],
    ['1500E-3', '1500e-3'],
    ['100n', '100n'],
    ['0.1n', '1n'],
    ['-0.1n', '-1n'],
    ['1e-300', '1e-9'],
    ['2u', '2u'],
    ['5P', '5P'],
    ['3Ei', '3Ei'],
  ])('%s → %s', (text, canonical) => expect(canonicalQuantity(text)).toBe(canonical));

  it('reads numbers', () => {
    expect(canonicalQuantity(2)).toBe('2');
    expect(canonicalQuantity(0.25)).toBe('250m');
    expect(canonicalQuantity(1e21)).toBe(canonicalQuantity('9223372036854775807e0'));
  });

  it('holds what is too large at the largest 64-bit number', () => {
    expect(parseQuantity('1e99999999999').nano).toBe((2n ** 63n - 1n) * 10n ** 9n);
    expect(parseQuantity(`-${'9'.repeat(200)}Ei`).nano).toBe(-(2n ** 63n - 1n) * 10n ** 9n);
  });
});

describe('refusals', () => {
  it.each(['', 'abc', '1 ', ' 1', '1.2.3', '1Mi5x', 'Infinity', 'NaN', '0x10', '1_000', '١'])(
    'refuses %j in words',
    (text) => expect(() => parseQuantity(text)).toThrow(/^quantities must match the regular expression/),
  );
  it.each(['--1', '1mi', '1K', '1Mii', '1ee3', '1e', '5kk', '5m3'])('refuses the suffix of %s', (text) => {
    expect(() => parseQuantity(text)).toThrow(QuantityError);
    expect(() => parseQuantity(text)).toThrow(/suffix/);
  });
});

it('refuses endless digits quickly', () => {
  expect(() => parseQuantity('9'.repeat(1_000_000))).toThrow(QuantityError);
});

describe('arithmetic', () => {
  it('adds and subtracts in the format of the first', () => {
    expect(formatQuantity(addQuantities(parseQuantity('1Gi'), parseQuantity('1024M')))).toBe(
      formatQuantity(quantityOf(2n ** 30n + 1024n * 10n ** 6n, 'BinarySI')),
    );
    expect(formatQuantity(addQuantities(parseQuantity('0'), parseQuantity('1Gi')))).toBe('1Gi');
    expect(formatQuantity(subtractQuantities(parseQuantity('1'), parseQuantity('250m')))).toBe('750m');
  });

  it('rounds away from zero', () => {
    expect(quantityMilli(parseQuantity('100n'))).toBe(1);
    expect(quantityValue(parseQuantity('1500m'))).toBe(2);
    expect(quantityValue(parseQuantity('-1500m'))).toBe(-2);
    expect(formatQuantity(roundUpToMilli(parseQuantity('100u')))).toBe('1m');
  });

  it('compares across formats', () => {
    expect(compareQuantities(parseQuantity('1Gi'), parseQuantity('1G'))).toBe(1);
    expect(compareQuantities(parseQuantity('1000m'), parseQuantity('1'))).toBe(0);
  });
});

const anyQuantity = fc
  .tuple(
    fc.constantFrom('', '-', '+'),
    fc.bigInt({ min: 0n, max: 10n ** 15n }),
    fc.option(fc.nat(999_999)),
    fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'Ki', 'Mi', 'Gi', 'e3', 'E-2', 'e+1'),
  )
  .map(([sign, whole, part, suffix]) => `${sign}${whole}${part === null ? '' : `.${part}`}${suffix}`);

describe('properties', () => {
  it('writes what reads back as the same amount, and is stable', () => {
    fc.assert(
      fc.property(anyQuantity, (text) => {
        const quantity = parseQuantity(text);
        const canonical = formatQuantity(quantity);
        expect(parseQuantity(canonical).nano).toBe(quantity.nano);
        expect(canonicalQuantity(canonical)).toBe(canonical);
      }),
    );
  });

  it('adds and takes away to where it was', () => {
    fc.assert(
      fc.property(anyQuantity, anyQuantity, (left, right) => {
        const [a, b] = [parseQuantity(left), parseQuantity(right)];
        expect(subtractQuantities(addQuantities(a, b), b).nano).toBe(a.nano);
        expect(addQuantities(a, b).nano).toBe(addQuantities(b, a).nano);
      }),
    );
  });

  it('never fails in another way than with a QuantityError', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseQuantity(text);
        } catch (error) {
          expect(error).toBeInstanceOf(QuantityError);
        }
      }),
    );
  });
});
