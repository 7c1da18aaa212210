import { parseImageName } from './reference.ts';

/** What to do about the failures that registries and containerd word for programmers. */
const hints: readonly (readonly [RegExp, (registry: string) => string])[] = [
  [
    /x509: certificate signed by unknown authority/,
    (registry) =>
      `the authority of ${registry}'s certificate is not known here: name it under configs."${registry}".tls.ca in the Secret kube-system/berth-registries`,
  ],
  [
    /x509: certificate (is valid for|has expired)|x509: cannot validate certificate/,
    (registry) => `the certificate of ${registry} is for another name or time: renew it there`,
  ],
  [
    // containerd takes what is on loopback for plain HTTP.
    /failed with status code \[manifests [^\]]*\]: 400 Bad Request/,
    (registry) =>
      `if ${registry} speaks HTTPS, name https://${registry} under mirrors."${registry}".endpoint in the Secret kube-system/berth-registries`,
  ],
  [
    /server gave HTTP response to HTTPS client/,
    (registry) =>
      `${registry} speaks HTTP only: name http://${registry} under mirrors."${registry}".endpoint in the Secret kube-system/berth-registries`,
  ],
  [
    /401 Unauthorized|403 Forbidden|authorization failed|insufficient_scope|no basic auth credentials/i,
    (registry) =>
      `${registry} refuses the credentials, or there are none: check the pod's imagePullSecrets, or configs."${registry}".auth in the Secret kube-system/berth-registries`,
  ],
  [/no such host/, (registry) => `the name ${registry} cannot be resolved on this node`],
  [/connection refused/, (registry) => `nothing listens at ${registry}, or a firewall refuses`],
];

/** The runtime's message, and after it what it means where that is known. */
export function explainPull(image: string, message: string): string {
  const registry = parseImageName(image)?.registry;
  const hint = registry === undefined ? undefined : hints.find(([pattern]) => pattern.test(message))?.[1];
  return registry === undefined || !hint ? message : `${message} (${hint(registry)})`;
}
