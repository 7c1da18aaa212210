/** For options that may be given again: all their values in order. */
export const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** The same for options that take a list: `-L app,tier -L zone`. */
export const collectCommas = (value: string, before: readonly string[] = []): string[] => [
  ...before,
  ...value.split(','),
];
