import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRealClock } from '#base/real/clock.ts';
import { HostError } from '../../errors.ts';
import { type HostLayout, hostLayout } from '../../layout.ts';
import type { BackgroundProcess, ProcessKeeper } from '../keeper.ts';
import { commandLine, isAlive } from '../pid.ts';
import { waitUntil } from '../supervised.ts';
import { createSystemdKeeper, unitName } from './keeper.ts';

let home: string;
let layout: HostLayout;
let unitFolder: string;
let keeper: ProcessKeeper;

beforeEach(() => {
  home = mkdtempSync('/var/tmp/h-systemd-');
  layout = hostLayout(join(home, 'berth'));
  unitFolder = join(home, 'systemd/units');
  const systemctl = join(home, 'systemctl');
  const fake = join(import.meta.dirname, 'testing/fake-systemctl.ts');
  writeFileSync(systemctl, `#!/bin/sh\nFAKE_SYSTEMD=${home}/systemd exec ${process.execPath} ${fake} "$@"\n`);
  chmodSync(systemctl, 0o755);
  keeper = createSystemdKeeper(layout, { unitFolder, systemctl });
});
afterEach(async () => {
  await keeper.stop('server');
  await keeper.stop('etcd');
  rmSync(home, { recursive: true });
});

const sleeper = (name: 'etcd' | 'server', more: Partial<BackgroundProcess> = {}): BackgroundProcess => ({
  name,
  purpose: 'a test',
  runDir: home,
  logFile: join(home, `${name}.log`),
  command: ['/bin/sleep', '1000'],
  ...more,
});
const calls = (): string[] => {
  const file = join(home, 'systemd/calls');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  rmSync(file, { force: true });
  return lines.filter((line) => !line.startsWith('show'));
};
const [etcdUnit, serverUnit] = ['etcd', 'server'].map((name) => (): string => `${layout.cgroupRoot}-${name}.service`);
const pidOf = (name: 'etcd' | 'server'): number => keeper.states([name]).get(name)?.pid ?? 0;

describe('the systemd keeper', () => {
  it('names units after the cluster, so that several share a machine', () => {
    expect(unitName(hostLayout(undefined), 'server')).toBe('berth-server.service');
    expect(unitName(layout, 'server')).toMatch(/^berth-[0-9a-f]{6}-server\.service$/);
  });

  it('knows nothing before the first start, and asks systemd nothing', () => {
    expect(keeper.states(['etcd', 'server']).size).toBe(0);
    keeper.forget();
    expect(calls()).toEqual([]);
  });

  it('writes, enables and starts what does not run, once', () => {
    const processes = [sleeper('etcd'), sleeper('server', { after: ['etcd', 'containerd'] })];
    expect(keeper.start(processes)).toEqual(['etcd', 'server']);
    const units = `${etcdUnit?.()} ${serverUnit?.()}`;
    expect(calls()).toEqual(['daemon-reload', `enable --quiet ${units}`, `start ${units}`]);
    const pid = pidOf('server');
    expect(commandLine(pid)?.slice(0, 2)).toEqual(['/bin/sleep', '1000']);
    expect(keeper.start(processes)).toEqual([]);
    expect(pidOf('server')).toBe(pid);
    expect(calls()).toEqual([`enable --quiet ${units}`]);
  });

  it('starts again only what was changed', () => {
    keeper.start([sleeper('etcd'), sleeper('server')]);
    const [etcd, server] = [pidOf('etcd'), pidOf('server')];
    expect(keeper.start([sleeper('etcd'), sleeper('server', { command: ['/bin/sleep', '2000'] })])).toEqual(['server']);
    expect(pidOf('etcd')).toBe(etcd);
    expect(pidOf('server')).not.toBe(server);
  });

  it('orders a unit only after those that are on the machine', () => {
    keeper.start([sleeper('server', { after: ['etcd', 'containerd'] })]);
    expect(readFileSync(join(unitFolder, serverUnit?.() ?? ''), 'utf8')).toContain('After=network-online.target\n');
  });

  it('stops for good: after the next boot too', async () => {
    keeper.start([sleeper('etcd')]);
    const pid = pidOf('etcd');
    await keeper.stop('etcd');
    expect(await waitUntil(() => !isAlive(pid), createRealClock(), 5_000)).toBe(true);
    expect(keeper.states(['etcd']).get('etcd')).toEqual({ kept: false, pid: undefined });
    expect(readdirSync(join(home, 'systemd/enabled'))).toEqual([]);
    expect(keeper.start([sleeper('etcd')])).toEqual(['etcd']);
    expect(readdirSync(join(home, 'systemd/enabled'))).toEqual([etcdUnit?.()]);
  });

  it('forgets: no unit, no environment is left', async () => {
    keeper.start([sleeper('etcd'), sleeper('server')]);
    await keeper.stop('server');
    await keeper.stop('etcd');
    keeper.forget();
    expect(readdirSync(unitFolder)).toEqual([]);
    expect(readdirSync(join(home, 'systemd/loaded'))).toEqual([]);
    expect(existsSync(join(layout.stateDir, 'units'))).toBe(false);
  });

  it('passes arguments and environment as they are, whatever is in them', async () => {
    const strange = ['a b', '$HOME', '100%', 'say "hi"', '\\n', "it's"];
    const logFile = join(home, 'etcd.log');
    const command = [
      '/bin/sh',
      '-c',
      'for one; do printf "[%s]\\n" "$one"; done; echo "$ODD"; exec sleep 1000',
      'sh',
      ...strange,
    ];
    const [program = '', ...args] = command;
    keeper.start([sleeper('etcd', { command: [program, ...args], env: { ODD: 'x=1 y' }, logFile })]);
    const expected = [...strange.map((one) => `[${one}]`), 'x=1 y', ''].join('\n');
    await waitUntil(() => existsSync(logFile) && readFileSync(logFile, 'utf8') === expected, createRealClock(), 5_000);
    expect(readFileSync(logFile, 'utf8')).toBe(expected);
  });

  it('ends them in the inverse order with the machine, and what comes after an end knows which of both it is', async () => {
    const log = join(home, 'order.log');
    const env = { PATH: `${home}:${process.env.PATH}` };
    const tells = (name: 'etcd' | 'server', more: Partial<BackgroundProcess>) =>
      sleeper(name, {
        command: [
          '/bin/sh',
          '-c',
          `trap 'sleep 0.2; echo ${name} ends >>${log}; exit' TERM; while :; do sleep 0.05; done`,
        ],
        env,
        ...more,
      });
    const afterStop = ['/bin/sh', '-c', `echo after etcd: $(systemctl is-system-running) >>${log}`] as const;
    keeper.start([tells('etcd', { afterStop }), tells('server', { after: ['etcd'] })]);
    const said = (): string[] => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []);
    await keeper.stop('etcd');
    expect(said()).toEqual(['etcd ends', 'after etcd: running']);
    keeper.start([tells('etcd', { afterStop })]);
    rmSync(log);
    execFileSync(join(home, 'systemctl'), ['poweroff']);
    expect(said()).toEqual(['server ends', 'etcd ends', 'after etcd: stopping']);
  });

  it('says what systemd said', () => {
    writeFileSync(join(home, 'systemctl'), '#!/bin/sh\necho "Access denied" >&2\nexit 1\n');
    expect(() => keeper.start([sleeper('etcd')])).toThrow(HostError);
    expect(() => keeper.start([sleeper('etcd')])).toThrow(/systemctl .* failed: Access denied/);
    rmSync(unitFolder, { recursive: true });
  });
});
