import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findCommand } from '../../packages.ts';
import type { BackgroundProcess } from '../keeper.ts';
import { quoteArgument, renderEnvironment, renderUnit } from './unit.ts';

const containerd: BackgroundProcess = {
  name: 'containerd',
  purpose: 'containerd, which runs the containers',
  runDir: '/run/berth',
  logFile: '/var/log/berth/containerd.log',
  command: ['/usr/bin/containerd', '--config', '/var/lib/berth/containerd.toml'],
  childrenOutlive: true,
  afterStop: ['/bin/sh', '/opt/berth/kill-containers.sh', 'berth'],
};
const options = {
  unitOf: (name: string) => (name === 'etcd' ? 'berth-etcd.service' : undefined),
  environmentFile: '/var/lib/berth/units/containerd.env',
  needsFolders: ['/var/lib/berth', '/opt/berth'],
  mayLowerOomScore: true,
};

it('a unit of ours', () => {
  expect(renderUnit(containerd, options)).toMatchInlineSnapshot(`
    "# Written by berth at every start; changes are lost.
    [Unit]
    Description=Berth: containerd, which runs the containers
    After=network-online.target remote-fs.target
    Wants=network-online.target
    RequiresMountsFor="/var/lib/berth" "/opt/berth"
    StartLimitIntervalSec=0

    [Service]
    EnvironmentFile=/var/lib/berth/units/containerd.env
    ExecStartPre=/bin/mkdir -p "/run/berth" "/var/log/berth"
    ExecStart="/usr/bin/containerd" "--config" "/var/lib/berth/containerd.toml"
    StandardOutput=append:/var/log/berth/containerd.log
    StandardError=append:/var/log/berth/containerd.log
    ExecStopPost="/bin/sh" "/opt/berth/kill-containers.sh" "berth"
    Restart=always
    RestartSec=1
    TimeoutStopSec=10
    KillMode=process
    Delegate=yes
    CPUWeight=1000
    LimitNOFILE=1048576
    LimitNPROC=infinity
    LimitCORE=infinity
    TasksMax=infinity
    OOMScoreAdjust=-999

    [Install]
    WantedBy=multi-user.target
    "
  `);
});

it('leaves children to their end only where they are meant to outlive it', () => {
  const unit = renderUnit({ ...containerd, childrenOutlive: false }, options);
  expect(unit).toContain('\nKillMode=mixed\n');
  expect(unit).not.toContain('Delegate');
});

it('does not lower the score where systemd could not', () => {
  expect(renderUnit(containerd, { ...options, mayLowerOomScore: false })).not.toContain('OOMScoreAdjust');
});

it('comes after what it needs, where that is on the machine', () => {
  const unit = renderUnit({ ...containerd, after: ['etcd', 'server'] }, options);
  expect(unit).toContain('\nAfter=network-online.target berth-etcd.service remote-fs.target\n');
  expect(unit).toContain('\nWants=network-online.target berth-etcd.service\n');
});

it('has the time that its end takes, and the disk where others wait for it', () => {
  const unit = renderUnit({ ...containerd, stopSeconds: 30, waitedForOnDisk: true }, options);
  expect(unit).toContain('\nTimeoutStopSec=30\n');
  expect(unit).toContain('\nIOWeight=1000\n');
  expect(renderUnit(containerd, options)).not.toContain('IOWeight');
});

it('leaves niceness alone: containers would inherit it', () => {
  expect(renderUnit(containerd, options)).not.toContain('Nice');
});

it.each([
  ['plain', '"plain"'],
  ['a b', '"a b"'],
  ['50%', '"50%%"'],
  ['$PATH', '"$$PATH"'],
  ['"\\', '"\\"\\\\"'],
])('quotes %s', (text, quoted) => expect(quoteArgument(text)).toBe(quoted));

it('writes an environment', () => {
  expect(renderEnvironment({ A: '1', B: 'x "y" $z' })).toBe('A="1"\nB="x \\"y\\" \\$z"\n');
});

it("holds before systemd's own check", (context) => {
  const analyze = findCommand('systemd-analyze') ?? context.skip('systemd-analyze is not on this machine');
  const folder = mkdtempSync(join(tmpdir(), 'berth unit '));
  try {
    const command = [process.execPath, 'a b', '$HOME', '100%', '"'] as const;
    const logFile = join(folder, 'x.log');
    const unit = renderUnit(
      { ...containerd, command: [...command], runDir: folder, logFile },
      { ...options, environmentFile: join(folder, 'x.env'), needsFolders: [folder] },
    );
    const file = join(folder, 'berth-x.service');
    writeFileSync(file, unit);
    const env = { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` };
    const { stdout, stderr } = spawnSync(analyze, ['verify', file], { encoding: 'utf8', env });
    expect(`${stdout}${stderr}`).not.toContain('berth-x');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
