import type { PortMapping, SandboxConfig } from '../runtime/runtime.ts';
import { hostnameOf } from './hosts-file.ts';
import { annotations, labels } from './identity.ts';
import { type ApiPod, containersOf, isHostNetwork, specOf } from './pod-model.ts';
import { sandboxSecurity } from './security.ts';

export interface SandboxInput {
  readonly pod: ApiPod;
  readonly attempt: number;
  readonly logDirectory: string;
  readonly cgroupParent: string;
  readonly dns: SandboxConfig['dns'];
  readonly clusterDomain: string;
  readonly nodeName: string;
  readonly seccompFolder: string;
}

/** Pure: what the runtime is asked to make a pod's sandbox from. */
export function sandboxConfig(input: SandboxInput): SandboxConfig {
  const { pod } = input;
  const spec = specOf(pod);
  const identity = {
    name: pod.metadata.name,
    namespace: pod.metadata.namespace ?? '',
    uid: pod.metadata.uid,
    attempt: input.attempt,
  };
  return {
    pod: identity,
    hostname: isHostNetwork(pod) ? '' : hostnameOf(pod, input.clusterDomain),
    logDirectory: input.logDirectory,
    dns: input.dns,
    portMappings: isHostNetwork(pod) ? [] : portMappings(pod),
    labels: {
      ...pod.metadata.labels,
      [labels.podName]: identity.name,
      [labels.podNamespace]: identity.namespace,
      [labels.podUid]: identity.uid,
    },
    annotations: {
      ...pod.metadata.annotations,
      [annotations.gracePeriod]: String(spec.terminationGracePeriodSeconds ?? 30),
    },
    cgroupParent: input.cgroupParent,
    hostNetwork: spec.hostNetwork === true,
    hostPid: spec.hostPID === true,
    hostIpc: spec.hostIPC === true,
    shareProcessNamespace: spec.shareProcessNamespace === true,
    privileged: containersOf(pod).some((container) => container.spec.securityContext?.privileged === true),
    sysctls: Object.fromEntries((spec.securityContext?.sysctls ?? []).map(({ name, value }) => [name, value])),
    security: sandboxSecurity(pod, input.seccompFolder),
    runtimeHandler: '',
  };
}

function portMappings(pod: ApiPod): readonly PortMapping[] {
  return containersOf(pod).flatMap(({ spec }) =>
    (spec.ports ?? []).flatMap(({ containerPort, hostPort, hostIP, protocol }): PortMapping[] =>
      hostPort
        ? [
            {
              protocol: protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP',
              containerPort,
              hostPort,
              hostIp: hostIP ?? '',
            },
          ]
        : [],
    ),
  );
}
