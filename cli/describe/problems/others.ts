import type { V1EndpointSlice, V1Node, V1Service } from '#api/generated/types.ts';
import type { Problem } from './problem.ts';

export function nodeProblems({ metadata, spec, status }: V1Node): Problem[] {
  const problems: Problem[] = [];
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status !== 'True') {
    problems.push({
      what: `the node is not ready: ${ready?.message ?? 'it has not reported yet'}`,
      advice: `On ${metadata?.name}, see what runs with: berth status, and start what is missing with: berth up`,
    });
  }
  const pressed = (status?.conditions ?? []).filter(
    ({ type, status: is }) => type.endsWith('Pressure') && is === 'True',
  );
  for (const { type, message } of pressed) {
    problems.push({
      what: `the node is short of ${shortOf[type] ?? type}: ${message ?? ''}`,
      advice: 'Make room there; until then it takes no new pods and may end some',
    });
  }
  if (spec?.unschedulable) {
    problems.push({
      what: 'the node takes no new pods (spec.unschedulable)',
      advice: `When it may work again: berth uncordon ${metadata?.name}`,
    });
  }
  return problems;
}

const shortOf: Readonly<Record<string, string>> = {
  MemoryPressure: 'memory',
  DiskPressure: 'disk space',
  PIDPressure: 'process ids',
};

/** A service that nobody stands behind. */
export function serviceProblems({ spec }: V1Service, slices: readonly V1EndpointSlice[]): Problem[] {
  const selector = Object.entries(spec?.selector ?? {}).map(([key, value]) => `${key}=${value}`);
  if (selector.length === 0 || spec?.type === 'ExternalName') return [];
  const endpoints = slices.flatMap((slice) => slice.endpoints ?? []);
  if (endpoints.some(({ conditions }) => conditions?.ready !== false)) return [];
  const words = selector.join(',');
  return [
    endpoints.length === 0
      ? {
          what: `no pod stands behind it: none has the labels ${words}`,
          advice: `Compare the selector with the labels of the pods: berth get pods --show-labels`,
        }
      : {
          what: `none of its ${endpoints.length} pods is ready`,
          advice: `See why with: berth describe pods -l ${words}`,
        },
  ];
}
