import type { V1Container, V1Probe } from '#api/generated/types.ts';

export const probeLines = (container: V1Container): string[] => [
  ...probeLine('Liveness', container.livenessProbe),
  ...probeLine('Readiness', container.readinessProbe),
  ...probeLine('Startup', container.startupProbe),
];

const probeLine = (title: string, probe: V1Probe | undefined): string[] =>
  probe ? [`${title}:\t${formatProbe(probe)}`] : [];

/** `http-get http://:8080/ delay=0s timeout=1s period=2s #success=1 #failure=3`. */
export function formatProbe(probe: V1Probe): string {
  const numbers = `delay=${probe.initialDelaySeconds ?? 0}s timeout=${probe.timeoutSeconds ?? 1}s period=${probe.periodSeconds ?? 10}s #success=${probe.successThreshold ?? 1} #failure=${probe.failureThreshold ?? 3}`;
  return `${formatHandler(probe)} ${numbers}`;
}

function formatHandler({ exec, httpGet, tcpSocket, grpc }: V1Probe): string {
  if (exec) return `exec [${exec.command?.join(' ') ?? ''}]`;
  if (httpGet) {
    const path = httpGet.path ?? '';
    const scheme = (httpGet.scheme ?? 'http').toLowerCase();
    return `http-get ${scheme}://${httpGet.host ?? ''}:${httpGet.port}${path.startsWith('/') ? '' : '/'}${path}`;
  }
  if (tcpSocket) return `tcp-socket ${tcpSocket.host ?? ''}:${tcpSocket.port}`;
  if (grpc) return `grpc <pod>:${grpc.port} ${grpc.service ?? ''}`;
  return 'unknown';
}
