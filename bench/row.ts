/** One line of the table: what we take, beside the peer or the physical limit measured in the same run. */
export interface BenchRow {
  readonly what: string;
  readonly ours: string;
  readonly limit: string;
  /** Ours as a part or a multiple of the limit, in words. */
  readonly ratio: string;
  readonly goal: string;
  readonly met: boolean;
}

export interface Measurement {
  readonly name: string;
  /** Takes minutes: runs only when it is named. */
  readonly onRequest?: boolean;
  run(report: (line: string) => void): Promise<readonly BenchRow[]>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

export const ms = (value: number): string => `${value.toFixed(0)} ms`;
export const perSecond = (value: number): string => `${value.toFixed(value < 100 ? 1 : 0)}/s`;
export const percent = (value: number): string => `${(value * 100).toFixed(0)}%`;
