/** Container images from what is on this machine, for where no registry is in reach. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { requireCommand } from '../packages.ts';
import { type ArchiveEntry, buildTar, sha256 } from './archive.ts';
import { pauseExecutable, pauseScript } from './pause.ts';

export interface ImageSource {
  /** Full name with host and tag, as `berth.local/pause:1`. */
  readonly name: string;
  /** The folders that a file is in are made by themselves. */
  readonly files: readonly ArchiveEntry[];
  readonly entrypoint?: readonly string[] | undefined;
  readonly cmd?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly workingDir?: string | undefined;
  readonly user?: string | undefined;
  readonly stopSignal?: string | undefined;
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', arm: 'arm', s390x: 's390x' };

/** One layer, as an archive that `ctr images import` and `docker load` both read. The same source gives the same bytes. */
export async function buildImageArchive(source: ImageSource): Promise<Buffer> {
  const layer = await buildTar(withFolders(source.files));
  const config = json({
    architecture: architectures[process.arch] ?? process.arch,
    os: 'linux',
    config: {
      Entrypoint: source.entrypoint,
      Cmd: source.cmd,
      Env: Object.entries(source.env ?? {}).map(([name, value]) => `${name}=${value}`),
      Labels: source.labels,
      WorkingDir: source.workingDir,
      User: source.user,
      StopSignal: source.stopSignal,
    },
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
    history: [{ created: new Date(0).toISOString(), created_by: 'berth' }],
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: describe('application/vnd.oci.image.config.v1+json', config),
    layers: [describe('application/vnd.oci.image.layer.v1.tar', layer)],
  });
  const index = json({
    schemaVersion: 2,
    manifests: [
      {
        ...describe('application/vnd.oci.image.manifest.v1+json', manifest),
        annotations: {
          'io.containerd.image.name': source.name,
          'org.opencontainers.image.ref.name': source.name.slice(source.name.lastIndexOf(':') + 1),
        },
      },
    ],
  });
  const docker = [{ Config: blobPath(config), RepoTags: [source.name], Layers: [blobPath(layer)] }];
  return buildTar([
    { path: 'blobs', directory: true },
    { path: 'blobs/sha256', directory: true },
    ...[layer, config, manifest].map((content) => ({ path: blobPath(content), content })),
    { path: 'index.json', content: index },
    { path: 'manifest.json', content: json(docker) },
    { path: 'oci-layout', content: json({ imageLayoutVersion: '1.0.0' }) },
  ]);
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const blobPath = (content: Buffer): string => `blobs/sha256/${sha256(content)}`;
const describe = (mediaType: string, content: Buffer) => ({
  mediaType,
  digest: `sha256:${sha256(content)}`,
  size: content.length,
});

function withFolders(files: readonly ArchiveEntry[]): ArchiveEntry[] {
  const given = new Set(files.map((file) => file.path));
  const folders = new Set<string>();
  for (const { path } of files) {
    const parts = path.split('/').slice(0, -1);
    parts.forEach((_, depth) => {
      const folder = parts.slice(0, depth + 1).join('/');
      if (!given.has(folder)) folders.add(folder);
    });
  }
  return [...[...folders].sort().map((path) => ({ path, directory: true })), ...files];
}

export const pauseImageName = 'berth.local/pause:1';
export const busyboxImageName = 'berth.local/busybox:1';

/** The image of every pod's sandbox. */
export async function pauseImage(): Promise<Buffer> {
  const program = pauseExecutable(process.arch);
  if (program) {
    const files = [{ path: 'pause', content: program, mode: 0o755 }];
    return buildImageArchive({ name: pauseImageName, files, entrypoint: ['/pause'] });
  }
  const files = [{ path: 'bin/busybox', content: await readFile(requireCommand('/bin/busybox')), mode: 0o755 }];
  const entrypoint = ['/bin/busybox', 'sh', '-c', pauseScript];
  return buildImageArchive({ name: pauseImageName, files, entrypoint });
}

/** A small userland, shell included. Throws a HostError that names the package when busybox is missing. */
export async function busyboxImage(): Promise<Buffer> {
  const files = await busyboxFiles();
  return buildImageArchive({ name: busyboxImageName, files, cmd: ['sh'], env: { PATH: searchPath } });
}

export const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What a busybox image holds, for images that add something of their own to it. */
export async function busyboxFiles(): Promise<ArchiveEntry[]> {
  const busybox = requireCommand('/bin/busybox');
  const { stdout } = await promisify(execFile)(busybox, ['--list']);
  const applets = stdout.split('\n').filter((name) => name !== '' && name !== 'busybox');
  return [
    { path: 'bin/busybox', content: await readFile(busybox), mode: 0o755 },
    ...applets.map((name) => ({ path: `bin/${name}`, linkTo: 'busybox' })),
    { path: 'etc/passwd', content: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' },
    { path: 'etc/group', content: 'root:x:0:\nnobody:x:65534:\n' },
    { path: 'usr/bin', linkTo: '../bin' },
    { path: 'root', directory: true, mode: 0o700 },
    { path: 'tmp', directory: true, mode: 0o1777 },
  ];
}
