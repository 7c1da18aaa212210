import type { V1EndpointSlice, V1Service, V1ServicePort } from '#api/generated/types.ts';
import { annotationLines, byKey, headLines, labelLines, orNone } from './lines.ts';

/** `slices`: the EndpointSlices of the service. */
export function serviceLines({ metadata, spec, status }: V1Service, slices: readonly V1EndpointSlice[]): string[] {
  const selector = Object.entries(spec?.selector ?? {})
    .sort(byKey)
    .map(([key, value]) => `${key}=${value}`);
  const ingress = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '');
  return [
    ...headLines(metadata),
    ...labelLines('Labels', metadata?.labels),
    ...annotationLines('Annotations', metadata?.annotations),
    `Selector:\t${orNone(selector.join(','))}`,
    `Type:\t${spec?.type ?? ''}`,
    ...(spec?.ipFamilyPolicy ? [`IP Family Policy:\t${spec.ipFamilyPolicy}`] : []),
    ...(spec?.ipFamilies?.length ? [`IP Families:\t${spec.ipFamilies.join(',')}`] : []),
    `IP:\t${spec?.clusterIP ?? ''}`,
    ...(spec?.clusterIPs?.length ? [`IPs:\t${spec.clusterIPs.join(',')}`] : []),
    ...(spec?.externalIPs?.length ? [`External IPs:\t${spec.externalIPs.join(',')}`] : []),
    ...(spec?.externalName ? [`External Name:\t${spec.externalName}`] : []),
    ...(ingress.length > 0 ? [`LoadBalancer Ingress:\t${ingress.join(', ')}`] : []),
    ...(spec?.ports ?? []).flatMap((port) => portLines(port, slices)),
    `Session Affinity:\t${spec?.sessionAffinity ?? 'None'}`,
    ...(spec?.externalTrafficPolicy ? [`External Traffic Policy:\t${spec.externalTrafficPolicy}`] : []),
    ...(spec?.internalTrafficPolicy ? [`Internal Traffic Policy:\t${spec.internalTrafficPolicy}`] : []),
  ];
}

function portLines(port: V1ServicePort, slices: readonly V1EndpointSlice[]): string[] {
  const name = port.name || '<unset>';
  const protocol = port.protocol ?? 'TCP';
  return [
    `Port:\t${name}\t${port.port}/${protocol}`,
    `TargetPort:\t${port.targetPort ?? port.port}/${protocol}`,
    ...(port.nodePort ? [`NodePort:\t${name}\t${port.nodePort}/${protocol}`] : []),
    `Endpoints:\t${endpointsOf(port, slices)}`,
  ];
}

const shownMax = 3;

/** Those that are ready; the first few by name. */
function endpointsOf(port: V1ServicePort, slices: readonly V1EndpointSlice[]): string {
  const addresses = slices.flatMap(({ ports, endpoints }) => {
    const target = ports?.find(({ name }) => (name ?? '') === (port.name ?? ''))?.port;
    return (endpoints ?? [])
      .filter(({ conditions }) => target !== undefined && conditions?.ready !== false)
      .flatMap((endpoint) =>
        endpoint.addresses.map((ip) => (ip.includes(':') ? `[${ip}]:${target}` : `${ip}:${target}`)),
      );
  });
  if (addresses.length <= shownMax) return addresses.join(',');
  return `${addresses.slice(0, shownMax).join(',')} + ${addresses.length - shownMax} more...`;
}
