import { spawn } from 'node:child_process';

/** A network command failed; the message holds what it said. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';
}

export type RunCommand = (command: string, args: readonly string[], input?: string) => Promise<string>;

/** What is written beyond about this is lost. */
export const outputBytesMax = 1024 * 1024;
/** nft repeats the whole line that it refuses, which may name hundreds of elements: of a failure the beginning and the end are told. */
const saidMax = 1_000;

const shortened = (text: string): string =>
  text.length <= saidMax ? text : `${text.slice(0, saidMax / 2)} […] ${text.slice(-saidMax / 2)}`;

/** Where distributions keep them; an agent may be started with less. */
export const commandPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Runs `nft`, `ip` and the like. Rejects with a NetworkError. */
export const runCommand: RunCommand = (command, args, input = '') =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'pipe', env: { ...process.env, PATH: commandPath, LC_ALL: 'C' } });
    let output = '';
    const collect = (chunk: Buffer): void => {
      if (output.length < outputBytesMax) output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', (error) =>
      reject(new NetworkError(`${command} cannot be run: ${error.message}`, { cause: error })),
    );
    child.once('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new NetworkError(`${command} ${args.join(' ')}: ${shortened(output.trim()) || `exit code ${code}`}`));
    });
    child.stdin.on('error', () => {}); // Its end is told by the exit code.
    child.stdin.end(input);
  });
