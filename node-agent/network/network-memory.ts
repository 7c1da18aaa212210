import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { NodeFacts } from './node-facts.ts';

/** What a machine that starts while no server answers must know to give its pods their network again. */
export interface RememberedNetwork {
  readonly podCidr: string;
  readonly address: string | undefined;
  readonly peers: readonly NodeFacts[];
}

export interface NetworkMemory {
  /** Undefined at the first start, and where the file is damaged: the server knows it all. */
  load(): RememberedNetwork | undefined;
  /** Writes only what differs. */
  save(network: RememberedNetwork): void;
}

export function createNetworkMemory(file: string): NetworkMemory {
  let written: string | undefined;
  return {
    load() {
      if (!existsSync(file)) return undefined;
      const text = readFileSync(file, 'utf8');
      const value = parse(text);
      if (!isRemembered(value)) return undefined;
      written = text;
      const { podCidr, address, peers } = value;
      return { podCidr, address, peers };
    },
    save(network) {
      const text = `${JSON.stringify(network)}\n`;
      if (text === written) return;
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(`${file}.new`, text, { mode: 0o600 });
      renameSync(`${file}.new`, file);
      written = text;
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

const isOptionalText = (value: unknown): boolean => value === undefined || typeof value === 'string';

function isRemembered(value: unknown): value is RememberedNetwork {
  const peers = field(value, 'peers');
  return (
    typeof field(value, 'podCidr') === 'string' &&
    isOptionalText(field(value, 'address')) &&
    Array.isArray(peers) &&
    peers.every(
      (peer: unknown) =>
        typeof field(peer, 'name') === 'string' &&
        isOptionalText(field(peer, 'podCidr')) &&
        isOptionalText(field(peer, 'address')),
    )
  );
}
