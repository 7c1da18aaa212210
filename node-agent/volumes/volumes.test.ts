import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { V1Volume } from '#api/generated/types.ts';
import { samplePod } from '../testing/pod-samples.ts';
import { writeFilesAtomically } from './atomic-files.ts';
import { mountFailure, planVolume, volumeReferences } from './build.ts';
import { checkHostPath } from './host-path.ts';
import { isSafeName, safeSegments } from './paths.ts';
import { openSubPath } from './sub-path.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-volumes-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('paths cannot lead out', () => {
  for (const path of ['../x', 'a/../../x', '/etc', '..', '', '.', 'a\0b', 'x'.repeat(256)])
    expect(safeSegments(path)).toBeUndefined();
  expect(safeSegments('./a//b/')).toEqual(['a', 'b']);
  expect(['a', 'a/b', '..', '', '...', '..data'].map(isSafeName)).toEqual([true, false, false, false, true, true]);
  fc.assert(
    fc.property(fc.string(), (path) => {
      const segments = safeSegments(path);
      if (segments) expect(join('/root', ...segments).startsWith('/root/')).toBe(true);
    }),
  );
});

describe('what a volume holds', () => {
  const sources = {
    facts: { pod: samplePod({}, { metadata: { labels: { a: 'b' } } }), podIps: [], hostIps: [], allocatable: {} },
    objects: {
      configMap: async (name: string) =>
        name === 'cm' ? { data: { a: 'one' }, binaryData: { bin: '/wA=' } } : undefined,
      secret: async (name: string) => (name === 'sec' ? { data: { key: 'c2VjcmV0' } } : undefined),
    },
  };
  const files = async (volume: Omit<V1Volume, 'name'>) => {
    const plan = await planVolume({ name: 'v', ...volume }, sources);
    if (plan.kind !== 'files') throw new Error(`not files but ${plan.kind}`);
    return plan.files.map(({ path, mode, data }) => `${path} ${mode.toString(8)} ${data.toString('hex')}`);
  };

  test('ConfigMaps, Secrets, fields, and all of them together', async () => {
    expect(await files({ configMap: { name: 'cm' } })).toEqual(['a 644 6f6e65', 'bin 644 ff00']);
    expect(await files({ configMap: { name: 'cm', items: [{ key: 'a', path: 'x/y', mode: 0o600 }] } })).toEqual([
      'x/y 600 6f6e65',
    ]);
    expect(await files({ configMap: { name: 'no', optional: true } })).toEqual([]);
    expect(await files({ secret: { secretName: 'sec', defaultMode: 0o400 } })).toEqual(['key 400 736563726574']);
    expect(
      await files({ downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } }),
    ).toEqual(['labels 644 613d226222']);
    const projected = {
      sources: [{ configMap: { name: 'cm' } }, { secret: { name: 'sec', items: [{ key: 'key', path: 'a' }] } }],
    };
    expect(await files({ projected })).toEqual(['a 644 736563726574', 'bin 644 ff00']);
  });

  test.each<[Omit<V1Volume, 'name'>, string]>([
    [{ configMap: { name: 'no' } }, 'MountVolume.SetUp failed for volume "v" : configmap "no" not found'],
    [{ secret: { secretName: 'no' } }, 'MountVolume.SetUp failed for volume "v" : secret "no" not found'],
    [
      { configMap: { name: 'cm', items: [{ key: 'no', path: 'p' }] } },
      'configmap references non-existent config key: no',
    ],
    [{ configMap: { name: 'cm', items: [{ key: 'a', path: '../p' }] } }, 'invalid path "../p"'],
    [{ configMap: { name: 'cm', items: [{ key: 'a', path: '..data' }] } }, 'invalid path "..data"'],
    [
      { projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
      'service account tokens are not supported',
    ],
    [{ hostPath: { path: '/a/../etc' } }, 'invalid hostPath'],
    [{ emptyDir: { medium: 'HugePages' } }, 'not supported'],
    [{ nfs: { path: '/', server: 'x' } }, 'volumes of kind nfs are not supported'],
    [{ persistentVolumeClaim: { claimName: 'x' } }, 'volumes of kind persistentVolumeClaim are not supported'],
  ])('%j is refused', async (volume, words) => {
    const error = await planVolume({ name: 'v', ...volume }, sources).catch((cause: unknown) => cause);
    expect(mountFailure(error)).toContain(words);
  });

  test('which objects it depends on', () => {
    const pod = samplePod({
      volumes: [
        { name: 'a', configMap: { name: 'one' } },
        { name: 'b', projected: { sources: [{ secret: { name: 'two' } }, { configMap: { name: 'three' } }] } },
      ],
    });
    expect(volumeReferences(pod)).toEqual({ configMaps: ['one', 'three'], secrets: ['two'] });
  });
});

describe('files appear all at once', () => {
  const file = (path: string, text: string, mode = 0o644) => ({ path, mode, data: Buffer.from(text) });
  const write = (...files: ReturnType<typeof file>[]) => writeFilesAtomically(folder, files, undefined);
  const read = (path: string) => readFileSync(join(folder, path), 'utf8');

  test('through a link that is replaced', async () => {
    expect(await write(file('a', '1'), file('deep/b', '2', 0o400))).toBe(true);
    expect([read('a'), read('deep/b'), readlinkSync(join(folder, 'a'))]).toEqual(['1', '2', '..data/a']);
    expect(statSync(join(folder, 'deep/b')).mode & 0o777).toBe(0o400);
    const before = readlinkSync(join(folder, '..data'));
    expect(await write(file('a', '1'), file('deep/b', '2', 0o400))).toBe(false);
    expect(readlinkSync(join(folder, '..data'))).toBe(before);
    expect(await write(file('c', '3'))).toBe(true);
    expect(readdirSync(folder).filter((name) => !name.startsWith('..'))).toEqual(['c']);
    expect(readdirSync(folder).filter((name) => name.startsWith('..gen_'))).toHaveLength(1);
  });

  test('after any interruption, the next write mends what is left', async () => {
    mkdirSync(join(folder, '..gen_old'));
    symlinkSync('..gen_old', join(folder, '..data_tmp'));
    symlinkSync('nowhere', join(folder, '..data'));
    await write(file('a', '1'));
    expect(read('a')).toBe('1');
    expect(
      readdirSync(folder)
        .filter((name) => name.startsWith('..'))
        .sort()[0],
    ).toBe('..data');
    expect(readdirSync(folder)).toHaveLength(3);
  });

  test('readers never see a mixture', async () => {
    await write(file('a', '0'), file('b', '0'));
    let done = false;
    const reader = (async () => {
      while (!done) {
        const now = join(folder, await readlink(join(folder, '..data')));
        try {
          expect(readFileSync(join(now, 'a'), 'utf8')).toBe(readFileSync(join(now, 'b'), 'utf8'));
        } catch (error) {
          // Gone between the two looks: the next contents are there already.
          if (!(error instanceof Error && error.message.includes('ENOENT'))) throw error;
        }
      }
    })();
    for (let round = 1; round < 30; round++) await write(file('a', `${round}`), file('b', `${round}`));
    done = true;
    await reader;
  });

  test('names that would lead out are not written', async () => {
    await expect(write(file('../x', '1'))).rejects.toThrow('invalid path');
    await expect(write(file('..data', '1'))).rejects.toThrow('invalid path');
  });
});

describe('subPaths', () => {
  const kindOf = async (subPath: string) => {
    const handle = await openSubPath(join(folder, 'volume'), subPath);
    try {
      return (await handle.stat()).isDirectory() ? 'folder' : 'file';
    } finally {
      await handle.close();
    }
  };
  beforeEach(() => {
    mkdirSync(join(folder, 'volume', 'a', 'b'), { recursive: true });
    mkdirSync(join(folder, 'outside'));
    writeFileSync(join(folder, 'volume', 'file'), '');
  });

  test('files, folders, and folders that are made', async () => {
    expect([await kindOf('file'), await kindOf('a/b'), await kindOf('new/er')]).toEqual(['file', 'folder', 'folder']);
    expect(statSync(join(folder, 'volume/new/er')).isDirectory()).toBe(true);
  });

  test('links inside the volume are followed, links out of it are not', async () => {
    symlinkSync('a', join(folder, 'volume', 'inside'));
    symlinkSync('../outside', join(folder, 'volume', 'out'));
    symlinkSync('/etc', join(folder, 'volume', 'absolute'));
    symlinkSync('/nowhere', join(folder, 'volume', 'dangling'));
    expect(await kindOf('inside/b')).toBe('folder');
    await expect(kindOf('out')).rejects.toThrow('leads out of the volume');
    await expect(kindOf('out/new')).rejects.toThrow('leads out of the volume');
    await expect(kindOf('absolute/passwd')).rejects.toThrow('leads out of the volume');
    await expect(kindOf('dangling/x')).rejects.toThrow();
    await expect(kindOf('../outside')).rejects.toThrow('must be inside');
    expect(readdirSync(join(folder, 'outside'))).toEqual([]);
  });
});

test('host paths are what their type says', async () => {
  const at = (name: string) => join(folder, name);
  writeFileSync(at('file'), '');
  await checkHostPath('v', at('file'), 'File');
  await checkHostPath('v', at('made/deep'), 'DirectoryOrCreate');
  await checkHostPath('v', at('touched'), 'FileOrCreate');
  await checkHostPath('v', at('nowhere'), '');
  await checkHostPath('v', '/dev/null', 'CharDevice');
  expect(statSync(at('made/deep')).isDirectory() && statSync(at('touched')).isFile()).toBe(true);
  await expect(checkHostPath('v', at('file'), 'Directory')).rejects.toThrow(
    `hostPath type check failed: ${at('file')} is not a directory`,
  );
  await expect(checkHostPath('v', at('nowhere'), 'File')).rejects.toThrow('is not a file');
  await expect(checkHostPath('v', at('file'), 'Socket')).rejects.toThrow('is not a socket file');
});
