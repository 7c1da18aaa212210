import { formatAge } from '#api/duration.ts';
import type { V1Lease, V1Node, V1Pod } from '#api/generated/types.ts';
import { annotationLines, byKey, headLines, indent, labelLines, longTime } from './lines.ts';
import { nodeResources, totalOf } from './resources.ts';
import { taintLines } from './scheduling.ts';

/** `pods`: those on the node that have not ended; `lease`: its sign of life. */
export function nodeLines(node: V1Node, pods: readonly V1Pod[], lease: V1Lease | undefined, nowMs: number): string[] {
  const { metadata, spec, status } = node;
  return [
    ...headLines(metadata, false),
    `Roles:\t${rolesOf(metadata?.labels ?? {})}`,
    ...labelLines('Labels', metadata?.labels),
    ...annotationLines('Annotations', metadata?.annotations),
    `CreationTimestamp:\t${longTime(metadata?.creationTimestamp)}`,
    ...taintLines(spec?.taints),
    `Unschedulable:\t${spec?.unschedulable ?? false}`,
    ...leaseLines(lease),
    ...conditionLines(node),
    'Addresses:',
    ...indent((status?.addresses ?? []).map(({ type, address }) => `${type}:\t${address}`)),
    ...amountLines('Capacity', status?.capacity),
    ...amountLines('Allocatable', status?.allocatable),
    ...infoLines(node),
    ...(spec?.podCIDR ? [`PodCIDR:\t${spec.podCIDR}`, `PodCIDRs:\t${spec.podCIDRs?.join(',') ?? ''}`] : []),
    ...(spec?.providerID ? [`ProviderID:\t${spec.providerID}`] : []),
    ...podTable(node, pods, nowMs),
    ...totalLines(node, pods),
  ];
}

const rolesOf = (labels: Readonly<Record<string, string>>): string =>
  Object.keys(labels)
    .flatMap((key) => /^node-role\.kubernetes\.io\/(.+)$/.exec(key)?.[1] ?? [])
    .sort()
    .join(',') || '<none>';

const leaseLines = (lease: V1Lease | undefined): string[] => [
  'Lease:',
  ...indent([
    `HolderIdentity:\t${lease?.spec?.holderIdentity ?? '<unset>'}`,
    `AcquireTime:\t${longTime(lease?.spec?.acquireTime)}`,
    `RenewTime:\t${longTime(lease?.spec?.renewTime)}`,
  ]),
];

const conditionLines = ({ status }: V1Node): string[] => [
  'Conditions:',
  ...indent([
    'Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage',
    '----\t------\t-----------------\t------------------\t------\t-------',
    ...(status?.conditions ?? []).map(
      (one) =>
        `${one.type} \t${one.status} \t${longTime(one.lastHeartbeatTime)} \t${longTime(one.lastTransitionTime)} \t${one.reason ?? ''} \t${one.message ?? ''}`,
    ),
  ]),
];

const amountLines = (title: string, amounts: Readonly<Record<string, string>> | undefined): string[] => [
  `${title}:`,
  ...indent(
    Object.entries(amounts ?? {})
      .sort(byKey)
      .map(([name, amount]) => `${name}:\t${amount}`),
  ),
];

function infoLines({ status }: V1Node): string[] {
  const info = status?.nodeInfo;
  return [
    'System Info:',
    ...indent([
      `Machine ID:\t${info?.machineID ?? ''}`,
      `System UUID:\t${info?.systemUUID ?? ''}`,
      `Boot ID:\t${info?.bootID ?? ''}`,
      `Kernel Version:\t${info?.kernelVersion ?? ''}`,
      `OS Image:\t${info?.osImage ?? ''}`,
      `Operating System:\t${info?.operatingSystem ?? ''}`,
      `Architecture:\t${info?.architecture ?? ''}`,
      `Container Runtime Version:\t${info?.containerRuntimeVersion ?? ''}`,
      `Kubelet Version:\t${info?.kubeletVersion ?? ''}`,
      `Kube-Proxy Version:\t${info?.kubeProxyVersion ?? ''}`,
    ]),
  ];
}

function podTable(node: V1Node, pods: readonly V1Pod[], nowMs: number): string[] {
  const rows = pods.map((pod) => {
    const cell = (amounts: 'requests' | 'limits', name: string): string => totalOf([pod], node, amounts, name);
    const age = formatAge(nowMs - Date.parse(pod.metadata?.creationTimestamp ?? ''));
    const amounts = [
      cell('requests', 'cpu'),
      cell('limits', 'cpu'),
      cell('requests', 'memory'),
      cell('limits', 'memory'),
    ].join('\t');
    return `${pod.metadata?.namespace}\t${pod.metadata?.name}\t${amounts}\t${age}`;
  });
  return [
    `Non-terminated Pods:\t(${pods.length} in total)`,
    ...indent([
      'Namespace\tName\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge',
      '---------\t----\t------------\t----------\t---------------\t-------------\t---',
      ...rows,
    ]),
  ];
}

function totalLines(node: V1Node, pods: readonly V1Pod[]): string[] {
  const row = (name: string): string =>
    `${name}\t${totalOf(pods, node, 'requests', name)}\t${totalOf(pods, node, 'limits', name)}`;
  return [
    'Allocated resources:',
    '  (Total limits may be over 100 percent, i.e., overcommitted.)',
    ...indent(['Resource\tRequests\tLimits', '--------\t--------\t------', ...nodeResources(node).map(row)]),
  ];
}
