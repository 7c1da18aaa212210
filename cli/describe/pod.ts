import type { V1Pod } from '#api/generated/types.ts';
import { containerLines } from './containers.ts';
import { annotationLines, controllerLines, headLines, indent, labelLines, longTime, orNone } from './lines.ts';
import { spreadLines, tolerationLines } from './scheduling.ts';
import { volumeLines } from './volumes.ts';

export function podLines(pod: V1Pod): string[] {
  const { metadata, spec, status } = pod;
  const init = spec?.initContainers ?? [];
  const ephemeral = spec?.ephemeralContainers ?? [];
  return [
    ...headLines(metadata),
    ...(spec?.priority === undefined ? [] : [`Priority:\t${spec.priority}`]),
    ...(spec?.priorityClassName ? [`Priority Class Name:\t${spec.priorityClassName}`] : []),
    ...(spec?.runtimeClassName ? [`Runtime Class Name:\t${spec.runtimeClassName}`] : []),
    ...(spec?.serviceAccountName ? [`Service Account:\t${spec.serviceAccountName}`] : []),
    `Node:\t${spec?.nodeName ? `${spec.nodeName}/${status?.hostIP ?? ''}` : '<none>'}`,
    ...(status?.startTime ? [`Start Time:\t${longTime(status.startTime)}`] : []),
    ...labelLines('Labels', metadata?.labels),
    ...annotationLines('Annotations', metadata?.annotations),
    ...phaseLines(pod),
    ...addressLines(pod),
    ...controllerLines(metadata),
    ...(status?.nominatedNodeName ? [`NominatedNodeName:\t${status.nominatedNodeName}`] : []),
    ...(init.length > 0 ? containerLines('Init Containers', init, status?.initContainerStatuses ?? [], pod) : []),
    ...containerLines('Containers', spec?.containers ?? [], status?.containerStatuses ?? [], pod),
    ...(ephemeral.length > 0
      ? containerLines('Ephemeral Containers', ephemeral, status?.ephemeralContainerStatuses ?? [], pod)
      : []),
    ...gateLines(pod),
    ...conditionLines(pod),
    ...volumeLines(spec?.volumes, false),
    ...(status?.qosClass ? [`QoS Class:\t${status.qosClass}`] : []),
    ...labelLines('Node-Selectors', spec?.nodeSelector),
    ...tolerationLines(spec?.tolerations),
    ...spreadLines(spec?.topologySpreadConstraints),
  ];
}

function phaseLines({ metadata, spec, status }: V1Pod): string[] {
  const why = [
    ...(status?.reason ? [`Reason:\t${status.reason}`] : []),
    ...(status?.message ? [`Message:\t${status.message}`] : []),
  ];
  if (!metadata?.deletionTimestamp) return [`Status:\t${status?.phase ?? ''}`, ...why];
  const grace = metadata.deletionGracePeriodSeconds ?? spec?.terminationGracePeriodSeconds ?? 30;
  return [
    `Status:\tTerminating (until ${longTime(metadata.deletionTimestamp)})`,
    `Termination Grace Period:\t${grace}s`,
    ...why,
  ];
}

function addressLines({ status }: V1Pod): string[] {
  const addresses = status?.podIPs ?? [];
  return [
    `IP:\t${status?.podIP ?? ''}`,
    ...(addresses.length === 0
      ? [`IPs:\t${orNone(status?.podIP)}`]
      : ['IPs:', ...addresses.map(({ ip }) => `  IP:\t${ip}`)]),
  ];
}

function gateLines({ spec, status }: V1Pod): string[] {
  const gates = spec?.readinessGates ?? [];
  if (gates.length === 0) return [];
  const rows = gates.map(({ conditionType }) => {
    const condition = status?.conditions?.find(({ type }) => type === conditionType);
    return `  ${conditionType} \t${condition?.status ?? '<none>'}`;
  });
  return ['Readiness Gates:', '  Type\tStatus', ...rows];
}

const conditionLines = ({ status }: V1Pod): string[] =>
  status?.conditions?.length
    ? [
        'Conditions:',
        ...indent(['Type\tStatus', ...status.conditions.map(({ type, status: is }) => `${type} \t${is}`)]),
      ]
    : [];
