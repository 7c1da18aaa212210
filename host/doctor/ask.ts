import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isJsonObject } from '#api/schema/record.ts';
import { findCommand } from '../packages.ts';

export interface Asked {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const timeoutMs = 10_000;
const outputMax = 64 * 2 ** 20;

/** What a program says; undefined when it is not installed. Never rejects. */
export function ask(command: string, ...args: readonly string[]): Promise<Asked | undefined> {
  const path = findCommand(command);
  if (!path) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    execFile(path, args, { timeout: timeoutMs, maxBuffer: outputMax }, (failure, stdout, stderr) => {
      const code = failure === null ? 0 : typeof failure.code === 'number' ? failure.code : 1;
      resolve({ code, stdout, stderr });
    });
  });
}

/** Its standard output, where it succeeded. */
export const answerOf = async (command: string, ...args: readonly string[]): Promise<string | undefined> => {
  const asked = await ask(command, ...args);
  return asked?.code === 0 ? asked.stdout : undefined;
};

/** The JSON of `ip -json …`; an empty list when there is none. */
export async function askIp(...args: readonly string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const text = await answerOf('ip', '-json', ...args);
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value) ? value.filter(isJsonObject) : [];
  } catch {
    return [];
  }
}

/** Trimmed; undefined when it cannot be read. */
export function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
