import { existsSync, readFileSync } from 'node:fs';

/** Pids are reused: a process is ours only when its command line says so. */
export interface ProcessMark {
  /** Every one of these must appear among the arguments. */
  readonly arguments: readonly string[];
}

/** The pid in `file` when that process is alive and carries the mark. */
export function readLivePid(file: string, mark: ProcessMark): number | undefined {
  if (!existsSync(file)) return undefined;
  const pid = Number(readFileSync(file, 'utf8').trim());
  return Number.isInteger(pid) && pid > 1 && isMarked(pid, mark) ? pid : undefined;
}

export function isMarked(pid: number, mark: ProcessMark): boolean {
  const found = commandLine(pid);
  return found !== undefined && mark.arguments.every((one) => found.includes(one));
}

/** Undefined when the process is gone or a zombie. */
export function commandLine(pid: number): readonly string[] | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return line === '' ? undefined : line.split('\0');
  } catch {
    return undefined;
  }
}

export const isAlive = (pid: number): boolean => commandLine(pid) !== undefined;
