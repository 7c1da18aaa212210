import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'begin-anew-'));
  const module = JSON.stringify(join(import.meta.dirname, 'begin-anew.ts'));
  writeFileSync(
    join(folder, 'program.ts'),
    `import { beginAnewWhenCold, stripperIsLoaded } from ${module};
const args: readonly string[] = process.argv.slice(2);
console.error('begun');
beginAnewWhenCold(process.env);
console.log(JSON.stringify({ pid: process.pid, args, flags: process.execArgv, cold: stripperIsLoaded() }));
`,
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the program; how often it began, and what it told at its end. */
async function run(cache: string | undefined, more: NodeJS.ProcessEnv = {}) {
  const args = ['--max-semi-space-size=4', join(folder, 'program.ts'), 'agent', '--log-level', 'debug'];
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  const child = spawn(process.execPath, args, {
    env: { ...env, ...(cache && { NODE_COMPILE_CACHE: cache }), ...more },
  });
  const texts = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    texts.out += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    texts.err += chunk;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect({ code, err: texts.err.replaceAll('begun\n', '') }).toEqual({ code: 0, err: '' });
  const told: unknown = JSON.parse(texts.out);
  return { begun: texts.err.split('begun\n').length - 1, pid: child.pid, told };
}

const same = (pid: number | undefined) => ({
  pid,
  args: ['agent', '--log-level', 'debug'],
  flags: ['--max-semi-space-size=4'],
});

it('a process whose code was not compiled yet begins anew without the stripper, as the same process', async () => {
  const cache = join(folder, 'cache');
  const first = await run(cache);
  expect(first).toMatchObject({ begun: 2, told: { ...same(first.pid), cold: false } });
  const second = await run(cache);
  expect(second).toMatchObject({ begun: 1, told: { ...same(second.pid), cold: false } });
});

it('goes on as it is where there is no cache', async () => {
  const { begun, pid, told } = await run(undefined);
  expect({ begun, told }).toEqual({ begun: 1, told: { ...same(pid), cold: true } });
});

it('does not begin a third time where the cache kept nothing', async () => {
  const { begun, told } = await run(join(folder, 'cache'), { BERTH_BEGUN_ANEW: '1' });
  expect({ begun, told }).toMatchObject({ begun: 1, told: { cold: true } });
});
