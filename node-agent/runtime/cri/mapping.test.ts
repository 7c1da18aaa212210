import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NamespaceMode, SecurityProfile_ProfileType } from '#proto/generated/cri/common.ts';
import * as cri from '#proto/generated/cri/container.ts';
import { PodSandboxConfig, Protocol } from '#proto/generated/cri/sandbox.ts';
import { containerConfig, sandboxConfig } from '#test/contract/runtime.ts';
import { fromInt64, nanosecondsToMs, toInt64 } from './int64.ts';
import { toSignalNumber } from './signals.ts';
import { toContainerConfig, toSandboxConfig } from './to-cri.ts';

const place = { image: 'i', cgroupParent: '/c', logRoot: '/l' };

describe('64-bit integers', () => {
  it('survive the way there and back', () => {
    fc.assert(fc.property(fc.maxSafeInteger(), (value) => fromInt64(toInt64(value)) === value));
  });

  it.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('%d is refused', (value) => {
    expect(() => toInt64(value)).toThrow('whole number');
  });

  it('of nanoseconds are exact to the millisecond', () => {
    expect(nanosecondsToMs('1767225600123999999')).toBe(1_767_225_600_123);
    expect(nanosecondsToMs('-6795364578871345152')).toBe(0);
  });
});

describe('signals', () => {
  it.each([
    ['SIGTERM', 23],
    ['TERM', 23],
    ['SIGKILL', 13],
    ['SIGUSR1', 29],
    ['SIGXFSZ', 34],
    ['SIGRTMIN', 35],
    ['SIGRTMIN+3', 38],
    ['SIGRTMAX-14', 51],
    ['SIGRTMAX', 65],
    ['SIGNONE', 0],
    ['SIGRTMIN+99', 0],
  ])('%s', (name, value) => expect(toSignalNumber(name)).toBe(value));
});

describe('sandboxes', () => {
  it('say which namespaces are the node’s', () => {
    const modes = (change: object) =>
      toSandboxConfig(sandboxConfig(place, 'p', change)).linux?.securityContext?.namespaceOptions;
    expect(modes({})).toMatchObject({
      network: NamespaceMode.POD,
      pid: NamespaceMode.CONTAINER,
      ipc: NamespaceMode.POD,
    });
    expect(modes({ shareProcessNamespace: true })).toMatchObject({ pid: NamespaceMode.POD });
    expect(modes({ hostNetwork: true, hostPid: true, hostIpc: true })).toMatchObject({
      network: NamespaceMode.NODE,
      pid: NamespaceMode.NODE,
      ipc: NamespaceMode.NODE,
    });
  });

  it('keep user 0 apart from no user, on the wire too', () => {
    const security = {
      runAsUser: 0,
      supplementalGroups: [5],
      seccomp: { type: 'localhost', path: '/p.json' },
    } as const;
    const message = toSandboxConfig(sandboxConfig(place, 'p', { security }));
    const read = PodSandboxConfig.decode(PodSandboxConfig.encode(message).finish());
    expect(read.linux?.securityContext).toMatchObject({
      runAsUser: { value: '0' },
      runAsGroup: undefined,
      supplementalGroups: ['5'],
      seccomp: { profileType: SecurityProfile_ProfileType.Localhost, localhostRef: '/p.json' },
    });
  });

  it('carry resolver and ports', () => {
    const dns = { servers: ['10.43.0.10'], searches: ['a'], options: ['ndots:5'] };
    const portMappings = [{ protocol: 'UDP', containerPort: 53, hostPort: 5353, hostIp: '' }] as const;
    const message = toSandboxConfig(sandboxConfig(place, 'p', { dns, portMappings }));
    expect(message.dnsConfig).toEqual(dns);
    expect(message.portMappings[0]).toMatchObject({ protocol: Protocol.UDP, hostPort: 5353 });
    expect(toSandboxConfig(sandboxConfig(place, 'p')).dnsConfig).toBeUndefined();
  });
});

describe('containers', () => {
  it('carry what was asked for, and who they belong to', () => {
    const sandbox = sandboxConfig(place, 'p');
    const mount = { containerPath: '/c', hostPath: '/h', readOnly: true, propagation: 'host-to-container' } as const;
    const message = toContainerConfig(
      containerConfig(place, {
        env: [{ name: 'A', value: 'ä' }],
        mounts: [mount],
        labels: { mine: '1' },
        resources: {
          cpuShares: 512,
          cpuQuota: 50_000,
          cpuPeriod: 100_000,
          memoryLimitBytes: 2 ** 33,
          oomScoreAdj: -997,
          oomKillsAll: true,
        },
        stopSignal: 'SIGUSR1',
      }),
      sandbox,
    );
    const read = cri.ContainerConfig.decode(cri.ContainerConfig.encode(message).finish());
    expect(read).toMatchObject({
      envs: [{ key: 'A', value: 'ä' }],
      labels: { mine: '1', 'io.kubernetes.pod.uid': 'uid-p', 'io.kubernetes.container.name': 'main' },
      mounts: [{ readonly: true, propagation: cri.MountPropagation.PROPAGATION_HOST_TO_CONTAINER }],
      linux: {
        resources: { memoryLimitInBytes: '8589934592', oomScoreAdj: '-997', unified: { 'memory.oom.group': '1' } },
      },
      stopSignal: 29,
    });
  });

  it('that may not gain privileges cannot', () => {
    const security = { ...containerConfig(place).security, allowPrivilegeEscalation: false };
    const message = toContainerConfig(containerConfig(place, { security }), sandboxConfig(place, 'p'));
    expect(message.linux?.securityContext?.noNewPrivs).toBe(true);
  });
});
