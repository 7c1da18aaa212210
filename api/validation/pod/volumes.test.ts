import { describe, expect, it } from 'vitest';
import { defaultPod } from '../../defaults/pod.ts';
import type { V1Pod, V1PodSpec, V1Volume } from '../../generated/types.ts';
import { validateNewPod, validatePod } from './pod.ts';

const lines = (pod: V1Pod): string[] => {
  const object = structuredClone(pod);
  defaultPod(object);
  return [...validatePod(object), ...validateNewPod(object)].map((error) => `${error.field}: ${error.message}`);
};

const withSpec = (spec: Partial<V1PodSpec>): V1Pod => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
});
const withVolume = (volume: Partial<V1Volume>): V1Pod => withSpec({ volumes: [{ name: 'v', ...volume }] });

const bad: [string, V1Pod, string[]][] = [
  ['a volume without a name', withVolume({ name: '' }), ['spec.volumes[0].name: Required value']],
  [
    'two volumes of a name',
    withSpec({ volumes: [{ name: 'v' }, { name: 'v' }] }),
    ['spec.volumes[1].name: Duplicate value: "v"'],
  ],
  [
    'a volume of two kinds',
    withVolume({ emptyDir: {}, hostPath: { path: '/x' } }),
    ['spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type'],
  ],
  [
    'a hostPath without a path',
    withVolume({ hostPath: { path: '' } }),
    ['spec.volumes[0].hostPath.path: Required value'],
  ],
  [
    'a hostPath that climbs',
    withVolume({ hostPath: { path: '/a/../b' } }),
    [`spec.volumes[0].hostPath.path: Invalid value: "/a/../b": must not contain '..'`],
  ],
  [
    'a hostPath of an unknown type',
    withVolume({ hostPath: { path: '/a', type: 'Pipe' } }),
    [
      'spec.volumes[0].hostPath.type: Unsupported value: "Pipe": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"',
    ],
  ],
  [
    'a secret volume of no secret',
    withVolume({ secret: { defaultMode: 0o1000 } }),
    [
      'spec.volumes[0].secret.secretName: Required value',
      'spec.volumes[0].secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive',
    ],
  ],
  [
    'an item that leaves the volume',
    withVolume({ configMap: { name: 'm', items: [{ key: 'k', path: '../x' }] } }),
    [`spec.volumes[0].configMap.items[0].path: Invalid value: "../x": must not contain '..'`],
  ],
  [
    'a downward file of nothing',
    withVolume({ downwardAPI: { items: [{ path: 'a' }] } }),
    ['spec.volumes[0].downwardAPI: Required value: one of fieldRef and resourceFieldRef is required'],
  ],
  [
    'a token that lives too short',
    withSpec({
      serviceAccountName: 'x',
      volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 60 } }] } }],
    }),
    [
      'spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes',
    ],
  ],
  [
    'projected files that collide',
    withVolume({
      projected: {
        sources: [
          { configMap: { name: 'a', items: [{ key: 'k', path: 'p' }] } },
          { secret: { name: 'b', items: [{ key: 'k', path: 'p' }] } },
        ],
      },
    }),
    ['spec.volumes[0].projected: Invalid value: "b": conflicting duplicate paths'],
  ],
  [
    'a claim of none',
    withVolume({ persistentVolumeClaim: { claimName: '' } }),
    ['spec.volumes[0].persistentVolumeClaim.claimName: Required value'],
  ],
  [
    'an nfs path that is relative',
    withVolume({ nfs: { server: 's', path: 'x' } }),
    ['spec.volumes[0].nfs.path: Invalid value: "x": must be an absolute path'],
  ],
  [
    'a token for nobody',
    withVolume({ projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }),
    [
      'spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set',
    ],
  ],
];

describe('volumes', () => {
  it.each(bad)('refuse %s', (_name, pod, expected) => {
    expect(lines(pod)).toEqual(expected);
  });
});
