import { type ApiPod, specOf } from './pod-model.ts';

const nameLengthMax = 63;

/** The name that programs in the pod see as the machine's. */
export function hostnameOf(pod: ApiPod, clusterDomain: string): string {
  const spec = specOf(pod);
  if (spec.hostnameOverride) return spec.hostnameOverride;
  const short = shortName(pod);
  const domain = domainOf(pod, clusterDomain);
  return spec.setHostnameAsFQDN && domain ? `${short}.${domain}` : short;
}

const shortName = (pod: ApiPod): string =>
  (specOf(pod).hostname || pod.metadata.name).slice(0, nameLengthMax).replace(/[-.]+$/, '');

function domainOf(pod: ApiPod, clusterDomain: string): string {
  const { subdomain } = specOf(pod);
  return subdomain ? `${subdomain}.${pod.metadata.namespace ?? ''}.svc.${clusterDomain}` : '';
}

const standardLines = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::0\tip6-localnet',
  'fe00::0\tip6-mcastprefix',
  'fe00::1\tip6-allnodes',
  'fe00::2\tip6-allrouters',
];

/** The text of the pod's /etc/hosts. `nodeHosts` is the machine's own file, for pods in its network. */
export function hostsFile(
  pod: ApiPod,
  podIps: readonly string[],
  clusterDomain: string,
  nodeHosts: string | undefined,
): string {
  const aliases = (specOf(pod).hostAliases ?? []).map(({ ip, hostnames = [] }) => [ip, ...hostnames].join('\t'));
  const added = aliases.length > 0 ? ['', '# Entries added by HostAliases.', ...aliases] : [];
  if (nodeHosts !== undefined)
    return `${['# Kubernetes-managed hosts file (host network).', nodeHosts.trimEnd(), ...added].join('\n')}\n`;
  const domain = domainOf(pod, clusterDomain);
  const name = shortName(pod);
  const own = podIps.map((ip) => [ip, ...(domain ? [`${name}.${domain}`] : []), name].join('\t'));
  return `${['# Kubernetes-managed hosts file.', ...standardLines, ...own, ...added].join('\n')}\n`;
}
