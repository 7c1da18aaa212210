import type { V1Service } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import type { Fence } from '../fence/fence.ts';
import type { ProbeTransport } from '../probes/transport.ts';
import type { ContainerRuntime, SandboxConfig } from '../runtime/runtime.ts';
import type { Shutdown } from '../shutdown/shutdown.ts';
import type { DnsSettings } from './dns.ts';
import type { PodFacts } from './field-ref.ts';
import type { PodHost, PodPlace } from './host.ts';
import type { PodImages } from './images.ts';
import type { PodMemory, WithdrawalSettings } from './memory.ts';
import type { ObjectCache, ObjectSubscription } from './objects.ts';
import type { ObservedPod } from './observed.ts';
import type { ApiPod } from './pod-model.ts';
import type { Reporter } from './reporter.ts';
import type { RuntimeView } from './runtime-view.ts';
import type { Semaphore } from './semaphore.ts';

/** Says something of a pod, or of one of its containers, to its user. Never throws. */
export type EmitEvent = (
  pod: ApiPod,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
  container?: string,
) => void;

/** What pods know of their node. */
export interface NodeContext {
  readonly name: string;
  hostIps(): readonly string[];
  allocatable(): Readonly<Record<string, string>>;
  memoryCapacityBytes(): number;
  unifiedCgroups(): boolean;
  /** The node's own resolver. */
  resolver(): NonNullable<SandboxConfig['dns']>;
}

export interface PodSettings extends DnsSettings {
  readonly seccompFolder: string;
  /** Longest time one call of the runtime may take, in milliseconds. */
  readonly callTimeoutMs: number;
  readonly withdrawal: WithdrawalSettings;
}

/** What all pods of the agent share. */
export interface PodDependencies {
  readonly client: ApiClient;
  readonly runtime: ContainerRuntime;
  readonly view: RuntimeView;
  readonly host: PodHost;
  readonly images: PodImages;
  readonly objects: ObjectCache;
  readonly services: () => readonly Stored<V1Service>[];
  readonly transport: ProbeTransport;
  readonly reporter: Reporter;
  readonly emit: EmitEvent;
  readonly node: NodeContext;
  readonly fence: Fence;
  readonly shutdown: Pick<Shutdown, 'orderFor'>;
  readonly settings: PodSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Bounds how many sandboxes are made at once. */
  readonly sandboxes: Semaphore;
}

/** One pod, as its effects see it. */
export interface PodContext {
  readonly deps: PodDependencies;
  readonly place: PodPlace;
  readonly memory: PodMemory;
  readonly objects: ObjectSubscription;
  /** Volume name → path on the machine; filled when the place is ready. */
  readonly volumePaths: Map<string, string>;
  /** Container ids whose Killing event and preStop hook are behind them. */
  readonly stopping: Set<string>;
  readonly log: Log;
  /** Aborts when the agent stops; steps have shorter-lived signals of their own. */
  readonly life: AbortSignal;
  pod(): ApiPod;
  observed(): ObservedPod;
  facts(): PodFacts;
  wake(): void;
}

/** The same facts everywhere: fields of the pod, and what it may know of its node. */
export function podFacts(pod: ApiPod, podIps: readonly string[], node: NodeContext): PodFacts {
  const hostIps = node.hostIps();
  return {
    pod,
    podIps: pod.spec?.hostNetwork ? hostIps : podIps,
    hostIps,
    allocatable: node.allocatable(),
  };
}
