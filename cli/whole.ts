import { CliError } from './command.ts';

/** A whole number not below `least`. Throws a CliError that names the flag. */
export function whole(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= least) return value;
  throw new CliError(`${flag} must be a whole number from ${least}, but is ${JSON.stringify(text)}`, { exitCode: 2 });
}
