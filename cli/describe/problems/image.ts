import type { Problem } from './problem.ts';

const pullReasons: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'RegistryUnavailable',
  'ImageInspectError',
]);

/** Did the image stop this container? Some runtimes find out only when they create it. */
export const isImageProblem = (reason: string, message: string): boolean =>
  pullReasons.has(reason) || (reason === 'CreateContainerError' && /resolve image|image .*not found/.test(message));

/** `detail`: the most telling message there is, which may be the event's rather than the status's. */
export function imageProblem(container: string, image: string, reason: string, detail: string): Problem {
  const start = `container ${container} cannot start: its image ${JSON.stringify(image)}`;
  if (reason === 'ErrImageNeverPull') {
    return {
      what: `${start} is not on the node, and imagePullPolicy Never forbids to pull it`,
      advice: 'Load the image into the node, or set imagePullPolicy: IfNotPresent',
    };
  }
  if (reason === 'InvalidImageName') {
    return { what: `${start} is no valid name of an image`, advice: 'Correct spec.containers[].image and apply again' };
  }
  if (/unauthorized|authentication required|denied|403|401/i.test(detail)) {
    return {
      what: `${start} may not be pulled: the registry wants a login`,
      advice:
        'Check the name; for a private registry, name a secret of type kubernetes.io/dockerconfigjson in spec.imagePullSecrets',
    };
  }
  if (
    /no such host|lookup|i\/o timeout|connection refused|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|unreachable|timed out/i.test(
      detail,
    )
  ) {
    return {
      what: `${start} cannot be pulled: the registry cannot be reached (${detail})`,
      advice: 'Check the name of the registry, and that the node can reach it; or load the image into the node',
    };
  }
  if (/not found|no match|manifest unknown|does not exist/i.test(detail)) {
    return {
      what: `${start} was not found`,
      advice: 'Check name and tag for typing errors, and that the image was pushed; then apply again',
    };
  }
  return {
    what: `${start} cannot be pulled: ${detail || reason}`,
    advice: 'Check name and tag of the image, and that the node can reach the registry',
  };
}
