/** Which session with the runtime a request's path and query ask for. */

import type { PodLookup } from '../../pods/lookup.ts';
import type { ContainerRuntime } from '../../runtime/runtime.ts';
import { RefusedError } from '../refused.ts';
import type { StreamSet } from './remote-command.ts';

export type StreamTarget =
  | { readonly kind: 'command'; readonly url: string; readonly streams: StreamSet }
  | { readonly kind: 'ports'; readonly url: string; readonly ports: readonly number[] };

export interface TargetContext {
  readonly pods: PodLookup;
  readonly runtime: ContainerRuntime;
}

const portsMax = 100;

/** `segments` of the path, decoded. Undefined when it is not the path of a stream. Rejects with a RefusedError. */
export async function findTarget(
  segments: readonly string[],
  query: URLSearchParams,
  context: TargetContext,
): Promise<StreamTarget | undefined> {
  const [verb, namespace = '', name = ''] = segments;
  // The kubelet also takes the pod's uid as one segment more.
  const rest = segments.slice(3);
  if (verb === 'portForward' && segments.length >= 3 && rest.length <= 1) {
    return findPorts(namespace, name, query, context);
  }
  if ((verb !== 'exec' && verb !== 'attach') || rest.length < 1 || rest.length > 2) return undefined;
  const container = rest.at(-1) ?? '';
  const containerId = findRunning(namespace, name, container, context);
  const streams = readStreams(query);
  if (verb === 'attach') {
    const url = await context.runtime.attachUrl({ containerId, ...streams });
    return { kind: 'command', url, streams };
  }
  const command = query.getAll('command');
  if (command.length === 0) throw new RefusedError(400, 'you must specify at least 1 command');
  return { kind: 'command', url: await context.runtime.execUrl({ containerId, command, ...streams }), streams };
}

function findRunning(namespace: string, name: string, container: string, { pods }: TargetContext): string {
  const pod = pods.find(namespace, name);
  if (!pod) throw new RefusedError(404, `pod ${name}_${namespace} does not exist on this node`);
  const found = pod.containers(container);
  if (!found) throw new RefusedError(404, `container not found ("${container}")`);
  const running = found.find((each) => each.running);
  if (!running) throw new RefusedError(400, `container ${container} in pod ${name} is not running`);
  return running.id;
}

/** The kubelet's names, and the API's. */
function readStreams(query: URLSearchParams): StreamSet {
  const flag = (...names: string[]) => names.some((name) => ['1', 'true'].includes(query.get(name) ?? ''));
  const tty = flag('tty');
  const streams = {
    stdin: flag('input', 'stdin'),
    stdout: flag('output', 'stdout'),
    // A terminal has one output.
    stderr: flag('error', 'stderr') && !tty,
    tty,
  };
  if (!streams.stdin && !streams.stdout && !streams.stderr) {
    throw new RefusedError(400, 'you must specify at least 1 of stdin, stdout, stderr');
  }
  return streams;
}

async function findPorts(
  namespace: string,
  name: string,
  query: URLSearchParams,
  { pods, runtime }: TargetContext,
): Promise<StreamTarget> {
  const pod = pods.find(namespace, name);
  if (!pod) throw new RefusedError(404, `pod ${name}_${namespace} does not exist on this node`);
  if (pod.sandboxId === undefined) throw new RefusedError(400, `pod ${name} is not running`);
  const words = [...query.getAll('port'), ...query.getAll('ports')].flatMap((word) => word.split(','));
  const ports = words.map((word) => {
    const port = /^\d+$/.test(word) ? Number(word) : 0;
    if (port < 1 || port > 65_535) throw new RefusedError(400, `invalid port "${word}"`);
    return port;
  });
  if (ports.length > portsMax) throw new RefusedError(400, `more than ${portsMax} ports`);
  return { kind: 'ports', url: await runtime.portForwardUrl(pod.sandboxId, ports), ports };
}
