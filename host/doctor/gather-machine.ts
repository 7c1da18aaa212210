import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fdatasyncSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { statfs } from 'node:fs/promises';
import { request } from 'node:https';
import { release } from 'node:os';
import { dirname, join } from 'node:path';
import { cgroupVersion } from '../machine.ts';
import { findCommand } from '../packages.ts';
import { ask, readText } from './ask.ts';
import type { CgroupFacts, ClockFacts, KernelFacts, MemoryFacts, SecurityFacts, StorageFacts } from './facts.ts';
import { neededFeatures } from './judge-machine.ts';

export function gatherCgroups(): CgroupFacts {
  const version = cgroupVersion();
  const root = '/sys/fs/cgroup';
  const controllers =
    version === 'v2'
      ? (readText(join(root, 'cgroup.controllers')) ?? '').split(' ')
      : enabledControllers(readText('/proc/cgroups') ?? '').filter((one) => existsSync(join(root, one)));
  return { version, controllers, writable: mayWrite(version === 'v1' ? join(root, 'memory') : root) };
}

/** Lines of name, hierarchy, number of groups, enabled. */
export const enabledControllers = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('#') && line.endsWith('1'))
    .map((line) => line.split('\t')[0] ?? '');

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const sysctls = [
  'net/ipv4/ip_forward',
  'net/ipv4/conf/all/forwarding',
  'net/ipv4/conf/all/rp_filter',
  'net/netfilter/nf_conntrack_count',
  'net/netfilter/nf_conntrack_max',
];

export async function gatherKernel(): Promise<KernelFacts> {
  const version = release();
  const folder = `/lib/modules/${version}`;
  const known = [readText(join(folder, 'modules.builtin')), readText(join(folder, 'modules.dep'))];
  const tables = await ask('nft', 'list', 'tables');
  return {
    release: version,
    features: Object.fromEntries(neededFeatures.map((name) => [name, hasFeature(name, known)])),
    nftTrouble: tables === undefined || tables.code === 0 ? undefined : (tables.stderr.split('\n')[0] ?? ''),
    sysctls: Object.fromEntries(sysctls.map((name) => [name, readText(`/proc/sys/${name}`)])),
  };
}

/** A kernel without any list of its modules may have been built with everything in it: nothing is known then. */
function hasFeature(name: string, lists: readonly (string | undefined)[]): boolean | undefined {
  if (existsSync(`/sys/module/${name}`)) return true;
  if (name === 'overlay' && /\boverlay$/m.test(readText('/proc/filesystems') ?? '')) return true;
  if (lists.every((list) => list === undefined)) return undefined;
  const pattern = new RegExp(`/${name.replaceAll('_', '[_-]')}\\.ko`);
  return lists.some((list) => list !== undefined && pattern.test(list));
}

const syncWrites = 9;

/** Makes one small file and removes it again: there is no other way to know how long a durable write takes. */
export async function gatherStorage(folder: string, withSync: boolean): Promise<StorageFacts> {
  const place = existing(folder);
  const { bavail, blocks, bsize } = await statfs(place);
  const syncMs = withSync ? measureSync(place) : [];
  return { folder, freeBytes: bavail * bsize, totalBytes: blocks * bsize, syncMs };
}

const existing = (folder: string): string => (existsSync(folder) ? folder : existing(dirname(folder)));

function measureSync(folder: string): number[] {
  const file = join(folder, `.berth-doctor-${process.pid}`);
  const times: number[] = [];
  let handle: number | undefined;
  try {
    handle = openSync(file, 'w', 0o600);
    const bytes = Buffer.alloc(2048, 1);
    for (let count = 0; count < syncWrites; count++) {
      const startMs = performance.now();
      writeSync(handle, bytes);
      fdatasyncSync(handle);
      times.push(performance.now() - startMs);
    }
  } catch {
    // A disk that cannot be written to is told of by what needs it.
  } finally {
    if (handle !== undefined) {
      closeSync(handle);
      rmSync(file, { force: true });
    }
  }
  return times;
}

export function gatherMemory(): MemoryFacts {
  const text = readText('/proc/meminfo') ?? '';
  const bytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return { totalBytes: bytes('MemTotal'), availableBytes: bytes('MemAvailable'), swapTotalBytes: bytes('SwapTotal') };
}

export function gatherSecurity(): SecurityFacts {
  const on = readText('/sys/module/apparmor/parameters/enabled') === 'Y';
  return {
    selinuxEnforcing: readText('/sys/fs/selinux/enforce') === '1',
    appArmor: !on ? 'off' : findCommand('apparmor_parser') ? 'on' : 'without-tools',
  };
}

const timeKeepers = new Set(['chronyd', 'systemd-timesyn', 'ntpd', 'openntpd', 'ntpd-rs', 'busybox-ntpd']);
const answerMs = 3_000;

/** `server`: `https://192.0.2.1:6443`; absent when the clock that counts is this machine's. */
export async function gatherClock(server: string | undefined): Promise<ClockFacts> {
  const skew = server === undefined ? undefined : await skewTo(server);
  return { skewMs: skew?.skewMs, uncertainMs: skew?.uncertainMs ?? 0, services: timeServices() };
}

/** In a container the machine around it keeps the time: there is nothing to say. */
function timeServices(): readonly string[] | undefined {
  if (!existsSync('/run/systemd/system')) return undefined;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => readText(`/proc/${pid}/comm`) ?? '')
    .filter((name) => timeKeepers.has(name));
}

/** The Date of an answer, which has whole seconds only. Nothing is believed of the server but its clock. */
function skewTo(server: string): Promise<{ skewMs: number; uncertainMs: number } | undefined> {
  return new Promise((resolve) => {
    const startMs = Date.now();
    const call = request(
      new URL('/version', server),
      { method: 'GET', rejectUnauthorized: false, agent: false, timeout: answerMs },
      (response) => {
        const endMs = Date.now();
        const theirs = Date.parse(response.headers.date ?? '');
        response.resume();
        call.destroy();
        if (Number.isNaN(theirs)) return resolve(undefined);
        resolve({
          skewMs: Math.round(theirs + 500 - (startMs + endMs) / 2),
          uncertainMs: 500 + (endMs - startMs) / 2,
        });
      },
    );
    call.once('timeout', () => call.destroy(new Error('no answer')));
    call.once('error', () => resolve(undefined));
    call.end();
  });
}
