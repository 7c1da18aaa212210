/** What a killed run leaves of its own engine is gone after the next run's start. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { commandLine } from '#host/processes/pid.ts';
import { cgroupFolders } from '#host/removal/cgroups.ts';
import { mountsUnder } from '#host/removal/mounts.ts';
import { connectEngine } from '#test/harness/engine/client.ts';
import { startDaemon } from '#test/harness/engine/daemon.ts';
import {
  cgroupOf,
  folderOf,
  killProgramsOf,
  removeDaemonTraces,
  sweepDaemons,
} from '#test/harness/engine/daemon-traces.ts';
import { etcdImage, etcdImageName } from '#test/harness/engine/etcd-image.ts';
import { ownerOf } from '#test/harness/engine/owner.ts';
import { readEngineSettings, writeEngineSettings } from '#test/harness/engine/settings.ts';
import { startEtcd } from '#test/harness/etcd.ts';
import { sweepEtcdFolders } from '#test/harness/etcd-folder.ts';

const isOurOwn = basename(dirname(readEngineSettings()?.socketPath ?? '')).startsWith('berth-engine-');

test('a killed run leaves nothing for longer than to the next one', async (context) => {
  if (!isOurOwn) context.skip('this run has no engine of its own');
  const run = spawn('sleep', ['600']);
  await once(run, 'spawn');
  const owner = ownerOf(run.pid);
  onTestFinished(async () => {
    run.kill('SIGKILL');
    await removeDaemonTraces(owner);
  });
  const { socketPath } = await startDaemon(owner);
  const client = await connectEngine(socketPath);
  for await (const _ of await client.container.dockerode.loadImage(Readable.from([await etcdImage(owner)]))) void _;
  writeEngineSettings({ socketPath, image: etcdImageName(owner), owner });
  await startEtcd();
  const etcds = () => programsNaming(`-${owner}-`);
  const leftovers = () => ({
    programs: [...programsNaming(`${folderOf(owner)}/`), ...etcds()],
    mounts: mountsUnder([folderOf(owner)]),
    cgroups: cgroupFolders(cgroupOf(owner)),
    folders: [folderOf(owner)].filter(existsSync),
    data: readdirSync('/dev/shm').filter((name) => name.includes(owner)),
  });

  await sweepDaemons();
  expect(etcds(), 'a living run is left alone').toHaveLength(1);

  await killProgramsOf(folderOf(owner));
  run.kill('SIGKILL');
  await once(run, 'exit');
  expect(etcds(), 'containers outlive their engine').toHaveLength(1);
  await sweepEtcdFolders();
  await sweepDaemons();
  expect(leftovers()).toEqual({ programs: [], mounts: [], cgroups: [], folders: [], data: [] });
});

const programsNaming = (text: string): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => commandLine(Number(pid))?.join(' ') ?? '')
    .filter((line) => line.includes(text));
