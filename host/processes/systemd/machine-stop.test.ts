import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRealClock } from '#base/real/clock.ts';
import { hostLayout } from '../../layout.ts';
import { isAlive } from '../pid.ts';
import { waitUntil } from '../supervised.ts';
import { isMachineStopping, killContainers } from './machine-stop.ts';

const clock = createRealClock();
let folder: string;
let started: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync('/var/tmp/h-machine-stop-');
  started = [];
});
afterEach(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** A process that does not listen to SIGTERM, under this name and with these arguments. */
const deaf = async (name = 'sh', ...args: readonly string[]): Promise<number> => {
  const script = join(folder, name);
  const ready = join(folder, `ready-${started.length}`);
  writeFileSync(script, `#!/bin/sh\ntrap '' TERM\n: >${ready}\nwhile :; do sleep 0.1; done\n`, { mode: 0o755 });
  const child = spawn(script, args, { stdio: 'ignore' });
  started.push(child);
  await waitUntil(() => spawnSync('test', ['-e', ready]).status === 0, clock, 5_000);
  return child.pid ?? 0;
};
const group = (path: string, pids: readonly number[], more: Readonly<Record<string, string>> = {}): string => {
  const at = join(folder, 'cgroup', path);
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, 'cgroup.procs'), pids.map((pid) => `${pid}\n`).join(''));
  for (const [name, text] of Object.entries(more)) writeFileSync(join(at, name), text);
  return at;
};
/** systemctl as it answers in that state, exit code included. */
const machineIs = (state: string): string => {
  const systemctl = join(folder, 'systemctl');
  const right = '[ "$*" = is-system-running ] || exit 64';
  writeFileSync(systemctl, `#!/bin/sh\n${right}\necho ${state}\n[ ${state} = running ]\n`);
  chmodSync(systemctl, 0o755);
  return systemctl;
};
const kill = (): { readonly code: number | null; readonly words: string } => {
  const layout = { ...hostLayout(undefined), containerdSocket: join(folder, 'containerd.sock') };
  const [program, ...args] = killContainers(layout);
  const env = { PATH: `${folder}:${process.env.PATH}` };
  const { status, stdout, stderr } = spawnSync(program, [...args, join(folder, 'cgroup')], { encoding: 'utf8', env });
  return { code: status, words: `${stdout}${stderr}` };
};

describe('what runs after containerd has ended', () => {
  it.each(['running', 'degraded', 'maintenance', 'starting', 'unknown', ''])(
    'leaves containers alone on a machine that is "%s"',
    async (state) => {
      machineIs(state);
      const pid = await deaf();
      group('berth/pod1', [pid]);
      expect(kill()).toEqual({ code: 0, words: '' });
      expect(isAlive(pid)).toBe(true);
    },
  );

  it('leaves them alone where systemd says nothing', async () => {
    const pid = await deaf();
    group('berth/pod1', [pid]);
    writeFileSync(join(folder, 'systemctl'), '#!/bin/sh\necho "Failed to connect to bus" >&2\nexit 1\n', {
      mode: 0o755,
    });
    expect(kill()).toEqual({ code: 0, words: '' });
    expect(isAlive(pid)).toBe(true);
  });

  it('kills all of them on a machine that stops, in each tree and at each depth, and nobody else', async () => {
    machineIs('stopping');
    const [inner, outer, other, foreign] = [await deaf(), await deaf(), await deaf(), await deaf()];
    for (const above of ['freezer/berth', 'freezer/berth/burstable']) group(above, []);
    const pod = group('freezer/berth/burstable/pod1', [outer]);
    const container = group('freezer/berth/burstable/pod1/abc', [inner]);
    const own = group('freezer/berth-1a2b3c/pod1', [other]);
    group('freezer/system.slice', [foreign]);
    // As the kernel does: who has ended is not listed.
    const ended = waitUntil(
      () => {
        if (isAlive(inner) || isAlive(outer)) return false;
        for (const at of [pod, container]) writeFileSync(join(at, 'cgroup.procs'), '');
        return true;
      },
      clock,
      10_000,
    );
    const done = new Promise<number | null>((resolve) => {
      const layout = { ...hostLayout(undefined), containerdSocket: join(folder, 'containerd.sock') };
      const [program, ...args] = killContainers(layout);
      const env = { PATH: `${folder}:${process.env.PATH}` };
      spawn(program, [...args, join(folder, 'cgroup')], { env, stdio: 'ignore' }).on('exit', resolve);
    });
    expect([await ended, await done]).toEqual([true, 0]);
    expect([other, foreign].map(isAlive)).toEqual([true, true]);
    expect(readFileSync(join(own, 'cgroup.procs'), 'utf8')).toBe(`${other}\n`);
  });

  it('lets the kernel kill whole groups where it can', () => {
    machineIs('stopping');
    const root = group('berth', [], { 'cgroup.kill': '' });
    expect(kill()).toEqual({ code: 0, words: '' });
    expect(readFileSync(join(root, 'cgroup.kill'), 'utf8')).toBe('1\n');
  });

  it('kills the shims of this containerd, and no others', async () => {
    machineIs('stopping');
    const socket = join(folder, 'containerd.sock');
    const own = await deaf('containerd-shim-runc-v2', '-id', 'x', '-address', socket);
    const other = await deaf('containerd-shim-runc-v3', '-id', 'x', '-address', `${socket}2`);
    const client = await deaf('ctr', '-a', socket);
    expect(kill()).toEqual({ code: 0, words: '' });
    expect(await waitUntil(() => !isAlive(own), clock, 5_000)).toBe(true);
    expect([other, client].map(isAlive)).toEqual([true, true]);
  });
});

describe('whether the machine stops', () => {
  const asked = (systemctl: string): Promise<boolean> => isMachineStopping({ systemctl, runs: folder });
  it('is what systemd says', async () => {
    expect(await asked(machineIs('stopping'))).toBe(true);
    for (const state of ['running', 'degraded', 'starting']) expect(await asked(machineIs(state))).toBe(false);
  });
  it('is no where there is no systemd, or none that answers', async () => {
    expect(await isMachineStopping({ systemctl: machineIs('stopping'), runs: join(folder, 'none') })).toBe(false);
    expect(await asked(join(folder, 'none'))).toBe(false);
  });
});
