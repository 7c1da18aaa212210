import { X509Certificate } from 'node:crypto';
import { nodeUser } from '#api/certificates.ts';
import type { V1CertificateSigningRequest, V1Node } from '#api/generated/types.ts';
import { certificateSigningRequests, endpointSlices, leases, nodes, pods } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { isNotFound } from '#api/status-error.ts';
import type { ApiClient } from '#client/api-client.ts';
import { revokeNode } from '#client/certificates/revoke-node.ts';
import { waitUntil } from '#host/processes/supervised.ts';
import { type CliContext, CliError } from '../command.ts';
import { createProgress } from '../progress.ts';
import { type EmptyOptions, emptyNode } from './empty.ts';

/** Takes a machine out of the cluster from the server's side: drained if it lives, its identity refused, its objects deleted. */
export async function removeNode(
  client: ApiClient,
  name: string,
  options: EmptyOptions,
  context: CliContext,
): Promise<void> {
  const { signal, clock } = context;
  const progress = createProgress(context, 14);
  const node = await find(client, name, signal);
  await refuseServer(client, node, signal);
  if (isAlive(node)) await emptyNode(client, name, options, `berth node remove ${name} --force`, progress, context);
  else progress.done('drain', `${name} is not Ready: its pods are replaced without its word`);
  // First refused, then deleted: an agent that still runs would register the node anew.
  await revokeNode(client, name, clock, signal);
  progress.done('identity', 'its certificates are refused from now on');
  const absentIsFine = (error: unknown): void => {
    if (!isNotFound(error)) throw error;
  };
  await client.delete(nodes, { name }, { preconditions: { uid: node.metadata.uid }, signal }).catch(absentIsFine);
  for (const request of await requestsOf(client, name, signal)) {
    await client.delete(certificateSigningRequests, { name: request }, { signal }).catch(absentIsFine);
  }
  progress.doing('node', 'waiting for what belongs to it');
  const gone = await waitUntil(async () => (await leftOf(client, name, signal)).length === 0, clock, leftMaxMs);
  const left = gone ? [] : await leftOf(client, name, signal);
  progress.done('node', left.length === 0 ? `${name} is deleted, with all that belonged to it` : `${name} is deleted`);
  if (left.length > 0) progress.line(`  The controllers will still remove: ${left.join(', ')}`);
  progress.line(`\nOn the machine itself, where it still exists: berth down --purge`);
}

/** Pods of dead machines wait until the machine must have stopped what must not run twice. */
const leftMaxMs = 20_000;

async function find(client: ApiClient, name: string, signal: AbortSignal): Promise<Stored<V1Node>> {
  try {
    return await client.get(nodes, { name }, { signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const { items } = await client.list(nodes, { signal });
    throw new CliError(`there is no node ${name}`, {
      fix: `There are: ${items.map((one) => one.metadata.name).join(', ') || 'none'}`,
      cause: error,
    });
  }
}

/** The machine whose address the API itself has. */
async function refuseServer(client: ApiClient, node: Stored<V1Node>, signal: AbortSignal): Promise<void> {
  const slice = await client
    .get(endpointSlices, { namespace: 'default', name: 'kubernetes' }, { signal })
    .catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  const servers = (slice?.endpoints ?? []).flatMap((one) => one.addresses);
  const own = (node.status?.addresses ?? []).filter((one) => one.type === 'InternalIP').map((one) => one.address);
  if (!own.some((address) => servers.includes(address))) return;
  throw new CliError(`${node.metadata.name} is the server of the cluster`, {
    fix: 'To give the cluster up, with all that is in it, on that machine: berth down --purge',
  });
}

const isAlive = ({ status }: V1Node): boolean =>
  status?.conditions?.some((one) => one.type === 'Ready' && one.status !== 'Unknown') === true;

/** Requests by which the node got its certificates: made as the node, or for it by a join token. */
async function requestsOf(client: ApiClient, name: string, signal: AbortSignal): Promise<string[]> {
  const { items } = await client.list(certificateSigningRequests, { signal });
  return items.filter((one) => isRequestOf(one, name)).map((one) => one.metadata.name);
}

export function isRequestOf({ spec, status }: V1CertificateSigningRequest, name: string): boolean {
  if (spec.username === nodeUser(name)) return true;
  if (!status?.certificate) return false;
  try {
    const { subject } = new X509Certificate(Buffer.from(status.certificate, 'base64'));
    return subject.split('\n').includes(`CN=${nodeUser(name)}`);
  } catch {
    return false;
  }
}

/** What controllers remove after the Node: its pods and its lease. */
async function leftOf(client: ApiClient, name: string, signal: AbortSignal): Promise<string[]> {
  const bound = await client.list(pods, { fieldSelector: `spec.nodeName=${name}`, signal });
  const lease = await client.get(leases, { namespace: 'kube-node-lease', name }, { signal }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  return [
    ...bound.items.map(({ metadata }) => `pod ${metadata.namespace}/${metadata.name}`),
    ...(lease ? [`lease ${name}`] : []),
  ];
}
