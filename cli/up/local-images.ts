import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HostError } from '#host/errors.ts';
import { type LocalImage, localImages } from '#host/images/local.ts';
import type { HostLayout } from '#host/layout.ts';
import { requireCommand } from '#host/packages.ts';
import { waitUntil } from '#host/processes/supervised.ts';
import type { CliContext } from '../command.ts';

/**
 * Builds the pause image and the examples' images from what is on the machine and gives them to our containerd, those
 * that it lacks. Returns a line that says what there is. Throws a HostError when containerd does not come up.
 */
export async function importLocalImages(layout: HostLayout, context: CliContext): Promise<string> {
  const wanted = localImages();
  let present: readonly string[] = [];
  const answered = await waitUntil(
    async () => {
      const listed = await ctr(layout, ['images', 'ls', '-q']);
      present = listed.stdout.split('\n');
      return listed.code === 0;
    },
    context.clock,
    60_000,
  );
  if (!answered) {
    const log = join(layout.logDir, 'containerd.log');
    throw new HostError(`containerd does not answer:\n${lastLines(log)}`, `The whole log is ${log}`);
  }
  const missing = wanted.filter((image) => !present.includes(image.name));
  for (const image of missing) await importImage(layout, image);
  return wanted.map((image) => image.name).join(', ');
}

async function importImage(layout: HostLayout, image: LocalImage): Promise<void> {
  const result = await ctr(layout, ['images', 'import', '-'], await image.build());
  if (result.code !== 0)
    throw new HostError(`${image.name} cannot be imported: ${result.stderr.trim()}`, 'See containerd.log');
}

interface CtrResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function ctr(layout: HostLayout, args: readonly string[], input?: Buffer): Promise<CtrResult> {
  const all = ['--address', layout.containerdSocket, '--connect-timeout', '2s', '--namespace', 'k8s.io', ...args];
  return new Promise((resolve, reject) => {
    const child = spawn(requireCommand('ctr'), all, { stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.on('error', () => {}); // Its end is told by the exit code.
    child.stdin.end(input);
  });
}

function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
  } catch {
    return '(no log)';
  }
}
