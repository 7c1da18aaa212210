import { existsSync, readFileSync } from 'node:fs';
import { HostError } from './errors.ts';
import { writeFileAtomic } from './files.ts';

/** What was chosen when the cluster was made; later starts use the same. */
export interface HostSettings {
  readonly nodeName: string;
  /** The address other machines and pods reach this one at. */
  readonly nodeAddress: string;
  readonly apiPort: number;
  readonly agentPort: number;
  readonly etcdPort: number;
  readonly etcdPeerPort: number;
  readonly podCidr: string;
  readonly serviceCidr: string;
  readonly clusterDomain: string;
}

export const defaultSettings = {
  apiPort: 6443,
  agentPort: 10250,
  etcdPort: 6441,
  etcdPeerPort: 6442,
  podCidr: '10.42.0.0/24',
  serviceCidr: '10.43.0.0/16',
  clusterDomain: 'cluster.local',
} as const;

/** Undefined when no cluster was made here yet. Throws a HostError when the file is damaged. */
export function loadSettings(file: string): HostSettings | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return checkSettings(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new HostError(
      `${file} cannot be used: ${cause instanceof Error ? cause.message : cause}`,
      'Restore it from a backup, or remove the cluster with: berth down --purge',
      cause,
    );
  }
}

export function saveSettings(file: string, settings: HostSettings): void {
  writeFileAtomic(file, `${JSON.stringify(settings, undefined, 2)}\n`, 0o600);
}

function checkSettings(value: unknown): HostSettings {
  const field = <T>(name: string, isRight: (found: unknown) => found is T): T => {
    const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
    if (!isRight(found)) throw new Error(`field ${name} is missing or wrong`);
    return found;
  };
  return {
    nodeName: field('nodeName', isText),
    nodeAddress: field('nodeAddress', isText),
    apiPort: field('apiPort', isPort),
    agentPort: field('agentPort', isPort),
    etcdPort: field('etcdPort', isPort),
    etcdPeerPort: field('etcdPeerPort', isPort),
    podCidr: field('podCidr', isText),
    serviceCidr: field('serviceCidr', isText),
    clusterDomain: field('clusterDomain', isText),
  };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isPort = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65536;
