/** What containerd reads at each pull: certs.d/<host>/hosts.toml. */
import { createHash } from 'node:crypto';
import { isAbsolute } from 'node:path';
import type { PemSource, Registries, RegistryTls } from './setting.ts';

/** Content by path below certs.d. Keys and certificates have names of their content, so that a new one never mixes with an old file. */
export function hostsFiles({ mirrors, configs }: Registries): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const everywhere = mirrors.get('*') ?? [];
  const hosts = new Set([...mirrors.keys(), ...configs.keys()]);
  for (const host of hosts) {
    const folder = host === '*' ? '_default' : host;
    const endpoints = mirrors.get(host) ?? everywhere;
    const tlsOf = (name: string): string[] => tlsLines(configs.get(name)?.tls, folder, files);
    const lines = [
      '# Written by berth from the Secret kube-system/berth-registries; changes are lost.',
      ...(host === '*' ? [] : [`server = ${quote(`https://${upstreamOf(host)}`)}`, ...tlsOf(host)]),
      // Without this, containerd takes the file for damaged.
      '[host]',
      ...endpoints.flatMap((url) => [
        `[host.${quote(url.href.replace(/\/$/, ''))}]`,
        'capabilities = ["pull", "resolve"]',
        ...(/^\/?$|\/v2\/?$/.test(url.pathname) ? [] : ['override_path = true']),
        ...tlsOf(url.host),
      ]),
    ];
    files.set(`${folder}/hosts.toml`, `${lines.join('\n')}\n`);
  }
  return files;
}

/** Docker Hub answers at another name than the one in image names. */
export const upstreamOf = (host: string): string => (host === 'docker.io' ? 'registry-1.docker.io' : host);

function tlsLines(tls: RegistryTls | undefined, folder: string, files: Map<string, string>): string[] {
  if (!tls) return [];
  const place = (source: PemSource, what: string): string => {
    if ('file' in source) return isAbsolute(source.file) ? source.file : `/${source.file}`;
    const name = `${what}-${createHash('sha256').update(source.pem).digest('hex').slice(0, 16)}.pem`;
    files.set(`${folder}/${name}`, source.pem);
    return name;
  };
  return [
    ...(tls.ca ? [`ca = [${quote(place(tls.ca, 'ca'))}]`] : []),
    ...(tls.cert && tls.key ? [`client = [[${quote(place(tls.cert, 'cert'))}, ${quote(place(tls.key, 'key'))}]]`] : []),
    ...(tls.insecureSkipVerify ? ['skip_verify = true'] : []),
  ];
}

/** JSON's strings are TOML's, for what hosts and paths are made of. */
const quote = (text: string): string => JSON.stringify(text);
