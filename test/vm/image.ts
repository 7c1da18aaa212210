import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** What a machine boots from. All machines share it; each has a layer of its own above the disk. */
export interface VmImage {
  readonly kernel: string;
  readonly initrd: string;
  /** ext4, raw. */
  readonly disk: string;
}

/** Outside the checkout: it takes half a minute to make and depends on this file and on Debian only. */
const cache = '/var/cache/berth-test-vm';
const diskBytes = 6 * 1024 ** 3;

/** As small as a Debian with systemd gets, with what Berth would install itself: these machines have no way to a mirror. */
const packages = [
  ...[
    'apt',
    'systemd',
    'systemd-sysv',
    'dbus',
    'udev',
    'kmod',
    'procps',
    'iproute2',
    'iputils-ping',
    'ca-certificates',
  ],
  ...['linux-image-cloud-amd64', 'initramfs-tools', 'zstd', 'qemu-guest-agent'],
  ...['etcd-server', 'containerd', 'runc', 'containernetworking-plugins', 'nftables', 'conntrack', 'busybox-static'],
];

/** The initramfs holds only what finds the disk: every module less is a faster boot. */
const initramfs = ['MODULES=list', 'COMPRESS=zstd'];
const initramfsModules = ['virtio_pci', 'virtio_blk', 'ext4', 'crc32c_generic'];

const files: Readonly<Record<string, string>> = {
  '/etc/fstab': '/dev/vda / ext4 defaults,noatime 0 0\n/dev/vdb /opt/berth ext4 defaults,noatime 0 0\n',
  '/etc/resolv.conf': '',
  '/etc/hosts': '127.0.0.1 localhost\n',
  '/etc/systemd/journald.conf.d/small.conf': '[Journal]\nStorage=volatile\nRuntimeMaxUse=16M\n',
};

/** Their packages start them; on a machine of Berth they would only take memory, and a user may not have them. */
const unitsOff = [
  'etcd.service',
  'containerd.service',
  'docker.service',
  'docker.socket',
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
];
const unitsMasked = ['serial-getty@ttyS0.service', 'getty@tty1.service', 'systemd-timesyncd.service', 'fstrim.timer'];
const unitsOn = ['systemd-networkd.service', 'systemd-network-generator.service'];

/** Makes the image, or takes the one that an earlier run made from the same recipe, with `more` packages. Needs mmdebstrap and mke2fs. */
export async function buildImage(progress: (line: string) => void, more: readonly string[] = []): Promise<VmImage> {
  const installed = [...packages, ...more];
  const recipe = JSON.stringify([
    installed,
    initramfs,
    initramfsModules,
    files,
    unitsOff,
    unitsMasked,
    unitsOn,
    diskBytes,
  ]);
  const folder = join(cache, createHash('sha256').update(recipe).digest('hex').slice(0, 12));
  const image = {
    kernel: join(folder, 'vmlinuz'),
    initrd: join(folder, 'initrd.img'),
    disk: join(folder, 'root.ext4'),
  };
  if (existsSync(folder)) return image;
  progress('building the image from Debian packages');
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'building-'));
  try {
    await install(join(work, 'root'), installed);
    await exec('sh', [
      '-c',
      `cp ${work}/root/boot/vmlinuz-* ${work}/vmlinuz && cp ${work}/root/boot/initrd.img-* ${work}/initrd.img`,
    ]);
    await exec('mke2fs', [
      ...['-q', '-t', 'ext4', '-d', join(work, 'root'), '-E', 'root_owner=0:0', '-O', '^metadata_csum'],
      ...[join(work, 'root.ext4'), `${diskBytes / 1024}k`],
    ]);
    rmSync(join(work, 'root'), { recursive: true });
    renameSync(work, folder);
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    throw error;
  }
  return image;
}

async function install(root: string, installed: readonly string[]): Promise<void> {
  const hooks = join(root, '..', 'hooks');
  mkdirSync(hooks);
  const script = (name: string, lines: readonly string[]): string => {
    const file = join(hooks, name);
    writeFileSync(file, `#!/bin/sh\nset -eu\n${lines.join('\n')}\n`, { mode: 0o755 });
    return file;
  };
  const before = script('before', [
    'mkdir -p "$1/etc/initramfs-tools/conf.d"',
    ...initramfs.map((line) => `echo ${line} >> "$1/etc/initramfs-tools/conf.d/berth"`),
    ...initramfsModules.map((name) => `echo ${name} >> "$1/etc/initramfs-tools/modules"`),
  ]);
  const after = script('after', [
    ...Object.entries(files).flatMap(([path, text]) => [
      `mkdir -p "$(dirname "$1${path}")"`,
      `rm -f "$1${path}"`,
      `cat > "$1${path}" <<'END'\n${text}END`,
    ]),
    'mkdir -p "$1/opt/berth"',
    ...unitsOff.map((unit) => `systemctl --root="$1" disable ${unit} 2>/dev/null || true`),
    ...unitsMasked.map((unit) => `systemctl --root="$1" mask ${unit}`),
    ...unitsOn.map((unit) => `systemctl --root="$1" enable ${unit}`),
    'rm -f "$1/etc/machine-id" "$1/etc/hostname"',
    ': > "$1/etc/machine-id"',
  ]);
  const languages = ['doc', 'man', 'locale'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
  await exec(
    'mmdebstrap',
    [
      ...['--mode=root', '--variant=essential', '--quiet', ...languages, `--include=${installed.join(',')}`],
      ...[`--essential-hook=${before}`, `--customize-hook=${after}`, 'bookworm', root, ...aptSources()],
    ],
    { maxBuffer: 16 * 1024 ** 2 },
  );
}

/** The mirrors that this machine uses. */
function aptSources(): string[] {
  const candidates = ['/etc/apt/sources.list', '/etc/apt/sources.list.d/debian.sources'];
  const found = candidates.filter((file) => existsSync(file) && /bookworm/.test(readFileSync(file, 'utf8')));
  if (found.length === 0) throw new Error(`no mirror of Debian 12 is named in ${candidates.join(' or ')}`);
  return found;
}
