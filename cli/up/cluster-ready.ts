import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Deployment, V1Node } from '#api/generated/types.ts';
import { deployments, nodes } from '#api/kinds.ts';
import type { KubeObject } from '#api/meta.ts';
import { isAlreadyExists, isNotFound, StatusError } from '#api/status-error.ts';
import { messageOf } from '#base/error-message.ts';
import { createHttpClient, type HttpClient } from '#client/http-client.ts';
import { loadKubeconfig } from '#client/kubeconfig.ts';
import { HostError } from '#host/errors.ts';
import type { HostLayout } from '#host/layout.ts';
import { waitUntil } from '#host/processes/supervised.ts';
import type { CliContext } from '../command.ts';
import { readManifests } from '../manifests/read.ts';
import { createResourceMapper } from '../resources/mapping.ts';

/** A small virtual machine without hardware support takes more than one. */
const patienceMs = 180_000;

/** Resolves with a client once the API server says that it is ready. Throws a HostError that points at the log. */
export async function waitForApi(layout: HostLayout, context: CliContext): Promise<HttpClient> {
  const client = createHttpClient(loadKubeconfig({ files: [layout.kubeconfig] }));
  let last: unknown;
  const ready = await waitUntil(
    async () => {
      try {
        const response = await client.transport.request({ method: 'GET', path: '/readyz', signal: context.signal });
        await response.body.text();
        return true;
      } catch (error) {
        context.signal.throwIfAborted();
        last = error;
        return false;
      }
    },
    context.clock,
    patienceMs,
  );
  if (!ready) throw notReady(`the API server is not ready after three minutes: ${messageOf(last)}`, serverLog(layout));
  return client;
}

/** `logFile` is that of the process that runs the node's agent. */
export async function waitForNode(
  client: HttpClient,
  name: string,
  logFile: string,
  context: CliContext,
): Promise<string> {
  let node: V1Node | undefined;
  const ready = await waitUntil(
    async () => {
      context.signal.throwIfAborted();
      node = await client.get(nodes, { name }).catch(absentOrBusy);
      return readyCondition(node)?.status === 'True';
    },
    context.clock,
    patienceMs,
  );
  if (!ready) {
    throw notReady(
      `the node ${name} is not Ready after three minutes: ${readyCondition(node)?.message ?? 'it did not register'}`,
      logFile,
    );
  }
  return name;
}

/** Creates what is not there; the marker keeps a later `up` from bringing back what the user has deleted. */
export async function applyHello(client: HttpClient, marker: string): Promise<void> {
  const mapper = createResourceMapper(async () => []);
  const file = join(import.meta.dirname, '../../manifests/hello.yaml');
  for (const { object } of await readManifests([file], { stdin: process.stdin, cwd: '/' })) {
    const type = await mapper.forObject(object);
    const placed: KubeObject = { ...object, metadata: { ...object.metadata, namespace: 'default' } };
    await client.create(type, placed).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
  }
  writeFileSync(marker, '');
}

export async function waitForHello(client: HttpClient, context: CliContext): Promise<string> {
  let hello: V1Deployment | undefined;
  const available = await waitUntil(
    async () => {
      hello = await client.get(deployments, { namespace: 'default', name: 'hello' }).catch(absentOrBusy);
      return (hello?.status?.availableReplicas ?? 0) >= (hello?.spec?.replicas ?? 1);
    },
    context.clock,
    patienceMs,
  );
  const count = `${hello?.status?.availableReplicas ?? 0} of ${hello?.spec?.replicas ?? 0} pods available`;
  if (available) return count;
  throw new HostError(
    `deployment hello: ${count} after three minutes`,
    'See why with: bin/berth describe pods -l app=hello',
  );
}

/** What is not there yet, or cannot be asked for a moment, is waited for; anything else is a failure. */
function absentOrBusy(error: unknown): undefined {
  if (isNotFound(error) || (error instanceof StatusError && error.code >= 500)) return undefined;
  throw error;
}

const readyCondition = (node: V1Node | undefined) => node?.status?.conditions?.find((one) => one.type === 'Ready');

export const serverLog = (layout: HostLayout): string => join(layout.logDir, 'server.log');
export const agentLog = (layout: HostLayout): string => join(layout.logDir, 'agent.log');

const notReady = (message: string, logFile: string): HostError =>
  new HostError(message, `The reason should stand in ${logFile}`);
