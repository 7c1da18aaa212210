/** Installs what the tests need of Debian, where it is missing: the packages of `berth up`, and a kubectl. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand, installPackages, missingPackages, type NeededPackage } from '#host/packages.ts';

const cache = join(import.meta.dirname, '../.cache');
mkdirSync(cache, { recursive: true });

const forTests: readonly NeededPackage[] = [
  { name: 'etcd-client', provides: ['etcdctl'], why: 'the yardstick of the store' },
  { name: 'iputils-ping', provides: ['ping'], why: 'the doctor measures paths with it' },
  { name: 'curl', provides: ['curl'], why: 'a plain HTTP client' },
  // A kubectl that is on the machine already is used as it is.
  { name: 'kubernetes-client', provides: ['kubectl'], why: 'a real client' },
  {
    name: 'docker-registry',
    provides: ['docker-registry'],
    why: 'a real image registry',
    units: ['docker-registry.service'],
  },
  { name: 'qemu-system-x86', provides: ['qemu-system-x86_64'], why: 'whole virtual machines' },
  { name: 'qemu-utils', provides: ['qemu-img'], why: 'their disks' },
  { name: 'mmdebstrap', provides: ['mmdebstrap'], why: 'their image, and those of manifests/guestbook' },
];
const missing = [
  ...missingPackages('server'),
  ...forTests.filter((one) => !one.provides.some((file) => findCommand(file))),
];
for (const one of missing) console.log(`installing ${one.name}: ${one.why}`);
await installPackages(missing, join(cache, 'install.log'));
await installEngine();
bringOldKubectl();

/** For etcd in containers; the tests can do without, so that it cannot be had fails nothing. */
async function installEngine(): Promise<void> {
  if (findCommand('dockerd') || process.env.DOCKER_HOST || existsSync('/var/run/docker.sock')) return;
  const units = ['docker.service', 'docker.socket'];
  const engine = { name: 'docker.io', provides: ['dockerd'], why: "testcontainers' engine", units };
  console.log(`installing ${engine.name}: ${engine.why}`);
  try {
    await installPackages([engine], join(cache, 'install.log'));
  } catch (error) {
    console.log(`${engine.name} cannot be had here: ${error instanceof Error ? error.message : error}`);
  }
}

/** Debian's kubectl 1.20 beside the machine's newer one, unpacked and not installed: both must work. */
function bringOldKubectl(): void {
  const folder = join(cache, 'kubectl-debian');
  if (findCommand(join(folder, 'usr/bin/kubectl'))) return;
  mkdirSync(folder, { recursive: true });
  const result = spawnSync('sh', ['-c', 'apt-get download kubernetes-client && dpkg -x kubernetes-client_*.deb .'], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (result.status !== 0) console.log(`Debian's own kubectl cannot be had here: ${result.stderr.trim()}`);
}
