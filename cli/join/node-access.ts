import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterAccess } from '#client/access.ts';
import { HostError } from '#host/errors.ts';
import { type KeyPair, loadKeyPair } from '#host/key-pair.ts';
import type { HostLayout } from '#host/layout.ts';
import type { JoinedSettings } from '#host/settings.ts';

/** The files of a joined machine in its pki folder. */
export const nodeFiles = { ca: 'ca.crt', client: 'agent-client', serving: 'agent' } as const;

export interface NodeKeys {
  /** PEM. */
  readonly ca: string;
  /** Who the node is to the server. */
  readonly client: KeyPair;
  /** What it shows to those who call its agent. */
  readonly serving: KeyPair;
}

/** Undefined when one is missing. */
export function loadNodeKeys(layout: HostLayout): NodeKeys | undefined {
  const ca = loadCa(layout);
  const client = loadKeyPair(layout.pkiDir, nodeFiles.client);
  const serving = loadKeyPair(layout.pkiDir, nodeFiles.serving);
  return ca && client && serving ? { ca, client, serving } : undefined;
}

export function loadCa(layout: HostLayout): string | undefined {
  try {
    return readFileSync(join(layout.pkiDir, nodeFiles.ca), 'utf8');
  } catch {
    return undefined;
  }
}

/** As loadNodeKeys; throws a HostError that says how to get them again. */
export function requireNodeKeys(layout: HostLayout): NodeKeys {
  const keys = loadNodeKeys(layout);
  if (keys) return keys;
  throw new HostError(
    `this machine's certificates in ${layout.pkiDir} are gone`,
    'Join again with a new token; it repairs. Print the line on the server with: berth token create',
  );
}

/** How this machine reaches its server as its node. */
export function nodeAccess(settings: JoinedSettings, keys: Pick<NodeKeys, 'ca' | 'client'>): ClusterAccess {
  return { server: settings.servers[0], ca: keys.ca, clientCert: keys.client.cert, clientKey: keys.client.key };
}
