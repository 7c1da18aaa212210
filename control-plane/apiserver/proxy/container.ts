import type { V1Pod } from '#api/generated/types.ts';
import { badRequest } from '#api/status-error.ts';

const defaultContainerAnnotation = 'kubectl.kubernetes.io/default-container';

/** The container that a request to a pod is about. Throws 400, with the names to choose from when none was given. */
export function containerOf(pod: V1Pod, asked: string | undefined): string {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const podName = pod.metadata?.name ?? '';
  const all = [...containers, ...initContainers, ...ephemeralContainers].map(({ name }) => name);
  if (asked) {
    if (all.includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${podName}`);
  }
  const preferred = pod.metadata?.annotations?.[defaultContainerAnnotation];
  if (preferred && all.includes(preferred)) return preferred;
  const only = containers[0];
  if (only && containers.length === 1) return only.name;
  const names = containers.map(({ name }) => name).join(' ');
  const initNames = initContainers.map(({ name }) => name).join(' ');
  const initHint = initNames ? ` or one of the init containers: [${initNames}]` : '';
  throw badRequest(`a container name must be specified for pod ${podName}, choose one of: [${names}]${initHint}`);
}
