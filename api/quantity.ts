/** Exact amounts of resources (`1500m`, `1.5Gi`, `1e3`), read and written as Kubernetes' resource.Quantity. */

/** How an amount is written: `1500M`, `1536Mi` or `1500e6`. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

/** `nano` is the amount in billionths of its unit; finer amounts are rounded away from zero when they are read. */
export interface Quantity {
  readonly nano: bigint;
  readonly format: QuantityFormat;
}

/** The text is not a quantity; the message is Kubernetes' own. */
export class QuantityError extends Error {
  override readonly name = 'QuantityError';
}

const formatWrong = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const suffixWrong = "unable to parse quantity's suffix";

const shape = /^([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/;
/** Longer texts are refused: no sensible amount needs them, and big numbers cost time to read. */
const textLengthMax = 256;
/** Beyond it an amount is over every cap (or rounds up to 1n), so the power need not be computed. */
const exponentMax = 100;
const nanoPerUnit = 10n ** 9n;
/** As Kubernetes: larger amounts are held at the largest signed 64-bit number. */
const nanoMax = (2n ** 63n - 1n) * nanoPerUnit;

const decimalSuffixes = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const binarySuffixes = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** Throws a QuantityError. Numbers are read as their decimal text. */
export function parseQuantity(text: string | number): Quantity {
  const source = String(text);
  const parts = source.length > textLengthMax || source === '' ? null : shape.exec(source);
  if (!parts) throw new QuantityError(formatWrong);
  const [, sign, whole = '', fraction = '', suffix = ''] = parts;
  const scale = readSuffix(suffix);
  const digits = BigInt(`0${whole}${fraction}`);
  const magnitude = scaleToNano(digits, fraction.length, scale);
  const nano = sign === '-' ? -magnitude : magnitude;
  const fractionOnly = scale.format === 'BinarySI' && magnitude > 0n && magnitude < nanoPerUnit;
  return { nano, format: fractionOnly ? 'DecimalSI' : scale.format };
}

interface Scale {
  readonly base: 2n | 10n;
  readonly exponent: number;
  readonly format: QuantityFormat;
}

function readSuffix(suffix: string): Scale {
  const decimal = decimalSuffixes.indexOf(suffix);
  if (decimal >= 0) return { base: 10n, exponent: (decimal - 3) * 3, format: 'DecimalSI' };
  const binary = binarySuffixes.indexOf(suffix);
  if (binary >= 0) return { base: 2n, exponent: (binary + 1) * 10, format: 'BinarySI' };
  if (/^[eE][+-]?\d+$/.test(suffix)) {
    const exponent = Math.max(-10 * textLengthMax, Math.min(Number(suffix.slice(1)), exponentMax));
    return { base: 10n, exponent, format: 'DecimalExponent' };
  }
  throw new QuantityError(suffixWrong);
}

function scaleToNano(digits: bigint, fractionDigits: number, { base, exponent }: Scale): bigint {
  const up = base === 2n ? 2n ** BigInt(exponent) : 10n ** BigInt(Math.max(exponent, 0));
  const down = 10n ** BigInt(fractionDigits + (base === 10n ? Math.max(-exponent, 0) : 0));
  const nano = divideAwayFromZero(digits * up * nanoPerUnit, down);
  return nano > nanoMax ? nanoMax : nano;
}

function divideAwayFromZero(amount: bigint, by: bigint): bigint {
  const quotient = amount / by;
  if (amount % by === 0n) return quotient;
  return amount < 0n ? quotient - 1n : quotient + 1n;
}

/** Thousandths of the unit, rounded away from zero: CPU as millicores. */
export const quantityMilli = (quantity: Quantity): number => Number(divideAwayFromZero(quantity.nano, 10n ** 6n));

/** Whole units, rounded away from zero: memory as bytes. */
export const quantityValue = (quantity: Quantity): number => Number(divideAwayFromZero(quantity.nano, nanoPerUnit));

/** The canonical form: no fraction, the largest suffix that keeps every digit. */
export function formatQuantity({ nano, format }: Quantity): string {
  if (nano === 0n) return '0';
  const magnitude = nano < 0n ? -nano : nano;
  const binary = format === 'BinarySI' && magnitude >= 1024n * nanoPerUnit && nano % nanoPerUnit === 0n;
  return binary ? formatBinary(nano / nanoPerUnit) : formatDecimal(nano, format === 'DecimalExponent');
}

function formatBinary(value: bigint): string {
  let [mantissa, power] = [value, 0];
  while (mantissa % 1024n === 0n && power < binarySuffixes.length) {
    mantissa /= 1024n;
    power += 1;
  }
  return `${mantissa}${power === 0 ? '' : binarySuffixes[power - 1]}`;
}

function formatDecimal(nano: bigint, exponentForm: boolean): string {
  let [mantissa, power] = [nano, 0];
  while (mantissa % 1000n === 0n && power < decimalSuffixes.length - 1) {
    mantissa /= 1000n;
    power += 1;
  }
  const exponent = (power - 3) * 3;
  if (exponentForm) return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`;
  return `${mantissa}${decimalSuffixes[power]}`;
}

/** Negative, zero or positive, as for sorting. */
export const compareQuantities = (a: Quantity, b: Quantity): number => (a.nano < b.nano ? -1 : a.nano > b.nano ? 1 : 0);

/** Written in the format of `a`, or of `b` when `a` is zero. */
export const addQuantities = (a: Quantity, b: Quantity): Quantity => ({
  nano: a.nano + b.nano,
  format: a.nano === 0n ? b.format : a.format,
});

/** Written in the format of `a`, or of `b` when `a` is zero. */
export const subtractQuantities = (a: Quantity, b: Quantity): Quantity => ({
  nano: a.nano - b.nano,
  format: a.nano === 0n ? b.format : a.format,
});

/** Rounds away from zero to thousandths, which is the finest that lists of resources keep. */
export const roundUpToMilli = (quantity: Quantity): Quantity => ({
  ...quantity,
  nano: divideAwayFromZero(quantity.nano, 10n ** 6n) * 10n ** 6n,
});

/** Throws a QuantityError. `1000m` → `1`, `1.5Gi` → `1536Mi`, `0.5` → `500m`. */
export const canonicalQuantity = (text: string | number): string => formatQuantity(parseQuantity(text));

/** For amounts that are computed: `quantityOf(3n * 2n ** 30n, 'BinarySI')`. */
export const quantityOf = (value: bigint | number, format: QuantityFormat = 'DecimalSI'): Quantity => ({
  nano: BigInt(value) * nanoPerUnit,
  format,
});
