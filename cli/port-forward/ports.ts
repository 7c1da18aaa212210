import type { V1Pod, V1Service } from '#api/generated/types.ts';
import { CliError } from '../command.ts';

/** One port here and the port of the pod that it leads to. */
export interface PortPair {
  /** 0: any that is free. */
  readonly local: number;
  readonly remote: number;
}

/** `8080`, `8080:80`, `:80`, `0:80`; the remote one may be a name. Throws a CliError. */
export function parsePair(text: string): { local: number | undefined; remote: string } {
  const [first = '', second, ...rest] = text.split(':');
  const remote = second ?? first;
  const local = second === undefined ? undefined : first === '' ? 0 : Number(first);
  const isPort = local === undefined || (Number.isInteger(local) && local >= 0 && local <= 65535);
  if (rest.length === 0 && remote !== '' && isPort) return { local, remote };
  throw new CliError(`${JSON.stringify(text)} must be PORT, LOCAL:REMOTE or :REMOTE`, { exitCode: 2 });
}

/** What the words mean for this pod, and the service in front of it where that was named. Throws a CliError. */
export function resolvePair(text: string, pod: V1Pod, service: V1Service | undefined): PortPair {
  const { local, remote } = parsePair(text);
  const remotePort = service ? servicePort(remote, service, pod) : podPort(remote, pod);
  const sameAsRemote = /^\d+$/.test(remote) ? Number(remote) : remotePort;
  return { local: local ?? sameAsRemote, remote: remotePort };
}

/** The service's port is what people know; the pod listens on its target port. */
function servicePort(remote: string, { metadata, spec }: V1Service, pod: V1Pod): number {
  const ports = spec?.ports ?? [];
  const found = ports.find(({ name, port }) => name === remote || String(port) === remote);
  if (!found) {
    throw new CliError(`Service ${metadata?.name} does not have a service port ${remote}`, {
      fix: `It has: ${ports.map(({ name, port }) => (name ? `${port} (${name})` : port)).join(', ')}`,
    });
  }
  // Without an address of its own a service does not translate ports.
  if (spec?.clusterIP === 'None') return found.port;
  const target = found.targetPort ?? found.port;
  return typeof target === 'number' ? target : podPort(target, pod);
}

function podPort(remote: string, pod: V1Pod): number {
  if (/^\d+$/.test(remote)) {
    const port = Number(remote);
    if (port >= 1 && port <= 65535) return port;
    throw new CliError(`remote port must be 1 to 65535, but is ${remote}`, { exitCode: 2 });
  }
  const ports = (pod.spec?.containers ?? []).flatMap((container) => container.ports ?? []);
  const found = ports.find(({ name }) => name === remote);
  if (found) return found.containerPort;
  throw new CliError(`Pod ${JSON.stringify(pod.metadata?.name)} does not have a named port ${JSON.stringify(remote)}`, {
    fix: `It has: ${ports.map(({ name, containerPort }) => (name ? `${containerPort} (${name})` : containerPort)).join(', ') || 'none'}`,
  });
}
