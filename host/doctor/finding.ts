/** One thing that is wrong with the machine, or soon will be. */
export interface Finding {
  /** What was looked at, in a word: `ports`, `firewall` … */
  readonly check: string;
  /** `error`: Berth does not work like this. `warning`: it works, but something will hurt. */
  readonly severity: 'error' | 'warning';
  /** Names the cause. */
  readonly problem: string;
  /** The command that mends it, or where to look. */
  readonly fix: string;
}

export const error = (check: string, problem: string, fix: string): Finding => ({
  check,
  severity: 'error',
  problem,
  fix,
});

export const warning = (check: string, problem: string, fix: string): Finding => ({
  check,
  severity: 'warning',
  problem,
  fix,
});
