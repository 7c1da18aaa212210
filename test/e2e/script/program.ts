import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand } from '#host/packages.ts';
import { mustRun } from '../../harness/run.ts';
import { appears, type Printed } from './match.ts';
import type { Flavour, Step } from './step.ts';

export interface Program {
  readonly title: string;
  readonly flavour: Flavour;
  readonly command: string;
}

const root = join(import.meta.dirname, '../../..');
/** kubectl 1.24 brought the words and verbs of today. */
const firstMinorOfToday = 24;

/** The machine's kubectl, Debian's beside it where tools/install-test-packages.ts could bring another version, and `berth`. */
export async function programs(): Promise<Program[]> {
  const found: Program[] = [];
  const versions = new Set<string>();
  for (const command of [findCommand('kubectl'), join(root, '.cache/kubectl-debian/usr/bin/kubectl')]) {
    if (!command || !existsSync(command)) continue;
    const version = /v1\.(\d+)[^",\s]*/.exec(await mustRun(command, ['version', '--client']));
    if (!version || versions.has(version[0])) continue;
    versions.add(version[0]);
    const flavour = Number(version[1]) < firstMinorOfToday ? 'old-kubectl' : 'kubectl';
    found.push({ title: `kubectl ${version[0]}`, flavour, command });
  }
  return [...found, { title: 'berth', flavour: 'berth', command: join(root, 'bin/berth') }];
}

export interface Place {
  readonly namespace: string;
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
}

const stepMaxMs = 40_000;

/** The words of a line as a shell splits them. */
export function words(line: string, { dir, namespace }: Place): string[] {
  const filled = line.replaceAll('{dir}', dir).replaceAll('{ns}', namespace);
  return (filled.match(/(?:[^\s']|'[^']*')+/g) ?? []).map((word) => word.replaceAll("'", ''));
}

/** Runs one step's program to its end, or until it has printed what the step waits for. */
export function invoke(program: Program, step: Step, place: Place): Promise<Printed & { fetched?: string }> {
  const args = [...words(step.run, place)];
  const inner = args.indexOf('--');
  if (!/(^| )(-A|--namespace|-n)( |$)/.test(step.run)) {
    args.splice(inner < 0 ? args.length : inner, 0, '--namespace', place.namespace);
  }
  const quoted = [program.command, ...args].map((word) => `'${word}'`).join(' ');
  const [command, all] = step.tty ? ['script', ['-qec', quoted, '/dev/null']] : [program.command, args];
  const child = spawn(command, all, { env: { ...process.env, ...place.env, ...step.env }, killSignal: 'SIGKILL' });
  return follow(child, program, step, place);
}

function follow(
  child: ChildProcess,
  program: Program,
  step: Step,
  place: Place,
): Promise<Printed & { fetched?: string }> {
  return new Promise((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    let fetched: string | undefined;
    let working: Promise<unknown> | undefined;
    const timer = setTimeout(() => child.kill('SIGKILL'), stepMaxMs);
    const onText = async (): Promise<void> => {
      if (step.meanwhile && !working && stdout.includes('\n')) {
        working = (async () => {
          for (const run of step.meanwhile ?? [])
            await mustRun(program.command, [...words(run, place), '-n', place.namespace], { env: place.env });
        })();
        await working;
      }
      const port = /Forwarding from 127\.0\.0\.1:(\d+)/.exec(stdout)?.[1];
      if (step.fetches !== undefined && port && !working) {
        working = fetch(`http://127.0.0.1:${port}/`).then(async (answer) => {
          fetched = await answer.text();
        });
        await working.finally(() => child.kill('SIGINT'));
      }
      if (step.until !== undefined && appears(stdout, step.until, place.namespace)) child.kill('SIGINT');
    };
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      onText().catch(reject);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr, ...(fetched !== undefined && { fetched }) });
    });
    child.stdin?.on('error', () => {}); // It may end without reading its input.
    // What is stopped from outside must not see its input end before.
    if (step.until === undefined) child.stdin?.end(step.input ?? '');
    else child.stdin?.write(step.input ?? '');
  });
}
