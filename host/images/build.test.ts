import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { eventually } from '#test/harness/eventually.ts';
import { buildImageArchive, busyboxImage, pauseImage } from './build.ts';
import { pauseExecutable } from './pause.ts';

async function readAll(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) if (chunk instanceof Uint8Array) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function unpack(archive: Buffer): Promise<Map<string, { content: Buffer; mode: number; linkTo: string }>> {
  const files = new Map<string, { content: Buffer; mode: number; linkTo: string }>();
  const reader = Readable.from([archive]).pipe(extract());
  for await (const entry of reader) {
    const { name, mode = 0, linkname } = entry.header;
    files.set(name.replace(/\/$/, ''), { content: await readAll(entry), mode, linkTo: linkname ?? '' });
  }
  return files;
}

const layerOf = async (archive: Buffer) => {
  const outer = await unpack(archive);
  const [image] = JSON.parse(outer.get('manifest.json')?.content.toString() ?? '');
  return unpack(outer.get(image.Layers[0])?.content ?? Buffer.alloc(0));
};

describe('buildImageArchive', () => {
  const source = {
    name: 'berth.local/x:7',
    files: [{ path: 'a/b/c', content: 'hi', mode: 0o755 }],
    entrypoint: ['/a/b/c'],
    env: { A: '1' },
    labels: { l: 'v' },
  };

  it('describes its blobs by their digests, for containerd and for docker', async () => {
    const files = await unpack(await buildImageArchive(source));
    const index = JSON.parse(files.get('index.json')?.content.toString() ?? '');
    const [entry] = index.manifests;
    expect(entry.annotations['io.containerd.image.name']).toBe('berth.local/x:7');
    const read = (digest: string) => files.get(`blobs/sha256/${digest.replace('sha256:', '')}`)?.content;
    const manifest = JSON.parse(read(entry.digest)?.toString() ?? '');
    const config = JSON.parse(read(manifest.config.digest)?.toString() ?? '');
    expect(config.config).toMatchObject({ Entrypoint: ['/a/b/c'], Env: ['A=1'], Labels: { l: 'v' } });
    expect(config.rootfs.diff_ids).toEqual([manifest.layers[0].digest]);
    expect(read(manifest.layers[0].digest)).toHaveLength(manifest.layers[0].size);
  });

  it('makes the folders a file is in, and keeps its mode', async () => {
    const layer = await layerOf(await buildImageArchive(source));
    expect([...layer.keys()]).toEqual(['a', 'a/b', 'a/b/c']);
    expect(layer.get('a/b/c')).toMatchObject({ mode: 0o755, content: Buffer.from('hi') });
  });

  it('gives the same bytes every time', async () => {
    expect(await buildImageArchive(source)).toEqual(await buildImageArchive(source));
    expect(await pauseImage()).toEqual(await pauseImage());
  });

  it('fills a busybox image with every applet and a place for temporary files', async () => {
    const layer = await layerOf(await busyboxImage());
    expect(layer.get('bin/sh')?.linkTo).toBe('busybox');
    expect(layer.get('bin/busybox')?.content.length).toBeGreaterThan(500_000);
    expect(layer.get('tmp')?.mode).toBe(0o1777);
  });
});

describe.runIf(process.arch === 'x64')('the pause program', () => {
  const start = () => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-pause-'));
    const file = join(folder, 'pause');
    writeFileSync(file, pauseExecutable('x64') ?? '', { mode: 0o755 });
    const child = spawn(file, { stdio: 'ignore' });
    child.once('exit', () => rmSync(folder, { recursive: true }));
    return child;
  };

  it.each(['SIGTERM', 'SIGINT'] as const)('waits until %s and then ends well', async (signal) => {
    const child = start();
    // rt_sigtimedwait is system call 128.
    await eventually(() => readFileSync(`/proc/${child.pid}/syscall`, 'utf8').startsWith('128 '), { everyMs: 2 });
    child.kill('SIGUSR1');
    child.kill('SIGHUP');
    child.kill('SIGCHLD');
    expect(child.exitCode).toBeNull();
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
