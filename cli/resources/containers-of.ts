import type { V1Pod } from '#api/generated/types.ts';
import { CliError } from '../command.ts';

export interface ContainerName {
  readonly name: string;
  readonly kind: 'container' | 'init' | 'ephem';
}

/** In the order in which they run. */
export const containersOf = (pod: V1Pod): ContainerName[] => [
  ...(pod.spec?.initContainers ?? []).map(({ name }) => ({ name, kind: 'init' as const })),
  ...(pod.spec?.containers ?? []).map(({ name }) => ({ name, kind: 'container' as const })),
  ...(pod.spec?.ephemeralContainers ?? []).map(({ name }) => ({ name, kind: 'ephem' as const })),
];

const defaultAnnotation = 'kubectl.kubernetes.io/default-container';

/**
 * The container that is meant: the one named, else the one that the pod's annotation names, else the first, of which
 * `say` is told when there are others. Throws a CliError that lists them when there is none of that name.
 */
export function chooseContainer(pod: V1Pod, wanted: string | undefined, say: (line: string) => void): string {
  const all = containersOf(pod);
  const list = [...all]
    .sort((a, b) => messageOrder.indexOf(a.kind) - messageOrder.indexOf(b.kind))
    .map(({ name, kind }) => (kind === 'container' ? name : `${name} (${kind})`))
    .join(', ');
  const podName = pod.metadata?.name ?? '';
  if (wanted !== undefined) {
    if (all.some(({ name }) => name === wanted)) return wanted;
    throw new CliError(`container ${wanted} not found in pod ${podName}`, { fix: `It has: ${list}` });
  }
  const annotated = pod.metadata?.annotations?.[defaultAnnotation];
  if (annotated && all.some(({ name }) => name === annotated)) return annotated;
  const first = all.find(({ kind }) => kind === 'container')?.name;
  if (first === undefined) throw new CliError(`pod ${podName} has no containers`);
  if (all.length > 1) say(`Defaulted container ${JSON.stringify(first)} out of: ${list}`);
  return first;
}

/** Those that people mean come first. */
const messageOrder: readonly ContainerName['kind'][] = ['container', 'ephem', 'init'];
