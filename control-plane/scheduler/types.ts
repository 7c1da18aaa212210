import type {
  V1Node,
  V1NodeSelector,
  V1PersistentVolumeClaim,
  V1Pod,
  V1PreferredSchedulingTerm,
  V1Taint,
  V1Toleration,
} from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import type { LabelSelector, Labels } from '#api/selectors/labels.ts';
import type { Random } from '#base/random.ts';

/** Amounts of resources: CPU in thousandths of a core, memory and ephemeral storage in bytes, others in whole units. */
export interface Resources {
  readonly cpu: number;
  readonly memory: number;
  readonly ephemeralStorage: number;
  readonly extended: ReadonlyMap<string, number>;
}

export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

/** One term of inter-pod affinity or anti-affinity, with the pod's own defaults filled in. */
export interface PodTerm {
  /** Equal terms of different pods have equal ids. */
  readonly id: string;
  readonly selector: LabelSelector;
  readonly namespaces: readonly string[];
  readonly namespaceSelector: LabelSelector | undefined;
  readonly topologyKey: string;
  /** 1 to 100 for preferred terms, negative to keep away; 0 for required ones. */
  readonly weight: number;
}

export interface SpreadConstraint {
  readonly selector: LabelSelector;
  readonly selectorText: string;
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly hard: boolean;
  readonly honorAffinity: boolean;
  readonly honorTaints: boolean;
}

/** What the scheduler needs of a pod, worked out once per version of it. */
export interface PodInfo {
  readonly pod: Stored<V1Pod>;
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  /** Undefined while it has no node. */
  readonly nodeName: string | undefined;
  readonly priority: number;
  readonly terminating: boolean;
  readonly requests: Resources;
  /** As `requests`, with a small guess for containers that ask for nothing: for scores only. */
  readonly scoreRequests: { readonly cpu: number; readonly memory: number };
  readonly hostPorts: readonly HostPort[];
  readonly nodeSelector: Readonly<Record<string, string>> | undefined;
  readonly requiredNodes: V1NodeSelector | undefined;
  readonly preferredNodes: readonly V1PreferredSchedulingTerm[];
  readonly tolerations: readonly V1Toleration[];
  readonly affinity: readonly PodTerm[];
  readonly antiAffinity: readonly PodTerm[];
  readonly preferredPods: readonly PodTerm[];
  readonly spread: readonly SpreadConstraint[];
  /** Pods of one group (those of one controller, or alike) are spread over nodes. */
  readonly group: string;
  readonly images: readonly string[];
  /** Names of the volume claims it uses. */
  readonly claims: readonly string[];
}

/** One node, and the sums over the pods that are on it or assumed to be. */
export interface NodeView {
  readonly name: string;
  readonly node: Stored<V1Node>;
  readonly labels: Labels;
  readonly taints: readonly V1Taint[];
  readonly allocatable: Resources & { readonly pods: number };
  readonly requested: Resources;
  readonly scoreRequested: { readonly cpu: number; readonly memory: number };
  readonly pods: ReadonlyMap<string, PodInfo>;
  /** How many of its pods are in each group. */
  readonly groups: ReadonlyMap<string, number>;
  /** `protocol/port` → addresses in use. */
  readonly ports: ReadonlyMap<string, readonly string[]>;
  readonly images: ReadonlyMap<string, number>;
}

/** The cluster at one moment. */
export interface Snapshot {
  readonly nodes: readonly NodeView[];
  readonly namespaces: ReadonlyMap<string, Labels>;
  claim(namespace: string, name: string): Stored<V1PersistentVolumeClaim> | undefined;
  /** Pods in a namespace that match a selector, counted per node name. */
  countPods(namespace: string, selector: LabelSelector, withTerminating: boolean): ReadonlyMap<string, number>;
  /** Required anti-affinity terms of the pods that are placed, with the number of pods that have them per node name. */
  readonly placedAntiAffinity: Iterable<{ readonly term: PodTerm; readonly nodes: ReadonlyMap<string, number> }>;
}

/** Why a pod may not go to a node. */
export interface Refusal {
  readonly plugin: string;
  /** `unresolvable`: removing pods from the node would not help. */
  readonly kind: 'unschedulable' | 'unresolvable';
  readonly reasons: readonly string[];
}

/** What can turn a refusal into a yes. */
export type ClusterEvent =
  | 'node-added'
  | 'node-removed'
  | 'node-allocatable'
  | 'node-labels'
  | 'node-taints'
  | 'pod-placed'
  | 'pod-removed'
  | 'pod-labels'
  | 'namespace'
  | 'claim';

/** One rule of scheduling. A plugin has no state of its own. */
export interface Plugin {
  readonly name: string;
  /** Which events can change its answer. */
  readonly wakes: readonly ClusterEvent[];
  /** How much its score counts. */
  readonly weight: number;
  /** Looks at the pod once, before all nodes. Undefined: the rule has nothing to say about this pod. */
  prepare(pod: PodInfo, snapshot: Snapshot): PreparedPlugin | undefined;
}

export interface PreparedPlugin {
  /** No node will do, and this is why: the nodes need not be looked at. */
  readonly refuse?: Refusal | undefined;
  /** Other nodes need not be looked at. */
  readonly only?: ReadonlySet<string> | undefined;
  check?(node: NodeView): Refusal | undefined;
  /** 0 to 100 for each of the nodes, which all passed every check. */
  score?(nodes: readonly NodeView[]): readonly number[];
}

export interface PlanOptions {
  readonly random: Random;
}
