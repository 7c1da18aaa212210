import type { V1Pod, V1Service, V1ServicePort } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';

export interface ResolvedPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly appProtocol?: string | undefined;
}

/** An empty selector selects nothing: then the endpoints are somebody else's. */
export function selects(service: V1Service, labels: Readonly<Record<string, string>>): boolean {
  const wanted = Object.entries(service.spec?.selector ?? {});
  return wanted.length > 0 && wanted.every(([name, value]) => labels[name] === value);
}

export const hasSelector = (service: V1Service): boolean =>
  service.spec?.type !== 'ExternalName' && Object.keys(service.spec?.selector ?? {}).length > 0;

export const isHeadless = (service: V1Service): boolean => service.spec?.clusterIP === 'None';

/** The service's ports as this pod has them; a name that the pod does not know leaves its port out. */
export function resolvePorts(service: V1Service, pod: V1Pod): readonly ResolvedPort[] {
  return (service.spec?.ports ?? []).flatMap((servicePort) => {
    const port = targetPort(servicePort, pod);
    if (port === undefined) return [];
    const { name = '', protocol = 'TCP', appProtocol } = servicePort;
    return [{ name, port, protocol, ...(appProtocol !== undefined && { appProtocol }) }];
  });
}

function targetPort({ targetPort: target, port, protocol = 'TCP' }: V1ServicePort, pod: V1Pod): number | undefined {
  if (target === undefined || target === '' || target === 0) return port;
  if (typeof target === 'number') return target;
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...(pod.spec?.containers ?? []), ...sidecars]
    .flatMap(({ ports = [] }) => ports)
    .find((one) => one.name === target && (one.protocol ?? 'TCP') === protocol)?.containerPort;
}

export const podReference = ({ metadata }: Stored<V1Pod>) => ({
  kind: 'Pod',
  namespace: metadata.namespace,
  name: metadata.name,
  uid: metadata.uid,
});

/** The name a pod has inside a headless service, if it asked for one. */
export const hostnameIn = (service: Stored<V1Service>, pod: V1Pod): string | undefined =>
  pod.spec?.hostname && pod.spec.subdomain === service.metadata.name ? pod.spec.hostname : undefined;

export const byName = (a: Stored<V1Pod>, b: Stored<V1Pod>): number =>
  a.metadata.name < b.metadata.name ? -1 : a.metadata.name > b.metadata.name ? 1 : 0;
