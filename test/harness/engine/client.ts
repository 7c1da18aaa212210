import { request } from 'node:http';
import type { ContainerRuntimeClient } from 'testcontainers';

/** Every container and image of ours carries it; its value is the run's owner. */
export const ownerLabel = 'berth.test.owner';

/** testcontainers reads its settings from the environment, once per process: an engine cannot be changed afterwards. */
export async function connectEngine(socketPath: string): Promise<ContainerRuntimeClient> {
  Object.assign(process.env, {
    DOCKER_HOST: `unix://${socketPath}`,
    // Its reaper is an image that would have to be pulled; we sweep by ourselves.
    TESTCONTAINERS_RYUK_DISABLED: 'true',
    TESTCONTAINERS_HOST_OVERRIDE: '127.0.0.1',
  });
  const { getContainerRuntimeClient } = await import('testcontainers');
  return getContainerRuntimeClient();
}

/** Whether a Docker Engine answers there within a second. */
export function engineAnswers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const ping = request({ socketPath, path: '/_ping', timeout: 1000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.on('timeout', () => ping.destroy(new Error('no answer')));
    ping.on('error', () => resolve(false));
    ping.end();
  });
}

/** Removes containers, then images, of those runs that `gone` picks. */
export async function removeOwned(client: ContainerRuntimeClient, gone: (owner: string) => boolean): Promise<void> {
  const engine = client.container.dockerode;
  const filters = { label: [ownerLabel] };
  const isGone = (labels: Record<string, string> | undefined): boolean => gone(labels?.[ownerLabel] ?? '');
  for (const one of await engine.listContainers({ all: true, filters })) {
    if (isGone(one.Labels)) await engine.getContainer(one.Id).remove({ force: true, v: true }).catch(ignoreMissing);
  }
  for (const one of await engine.listImages({ filters })) {
    if (isGone(one.Labels)) await engine.getImage(one.Id).remove({ force: true }).catch(ignoreMissing);
  }
}

function ignoreMissing(error: unknown): void {
  const status: unknown = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  // 409: another run is at the same work.
  if (status !== 404 && status !== 409) throw error;
}
