import { stringify } from 'yaml';
import { writeFileAtomic } from './files.ts';
import type { KeyPair } from './key-pair.ts';

export interface KubeconfigOptions {
  readonly server: string;
  readonly ca: string;
  readonly client: KeyPair;
}

/** Everything inline, so that the file can be copied to another machine. Readable by its owner only. */
export function writeKubeconfig(file: string, options: KubeconfigOptions): void {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'berth', cluster: { server: options.server, 'certificate-authority-data': base64(options.ca) } },
    ],
    users: [
      {
        name: 'berth-admin',
        user: { 'client-certificate-data': base64(options.client.cert), 'client-key-data': base64(options.client.key) },
      },
    ],
    contexts: [{ name: 'berth', context: { cluster: 'berth', user: 'berth-admin' } }],
    'current-context': 'berth',
  };
  writeFileAtomic(file, stringify(config, { lineWidth: 0 }), 0o600);
}
