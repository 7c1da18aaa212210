import { existsSync, readFileSync } from 'node:fs';
import { type ClusterConfig, clusterConfigFromData, clusterConfigToData } from '#api/cluster-config.ts';
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
  readonly cluster: ClusterConfig;
}

export const defaultSettings = {
  apiPort: 6443,
  agentPort: 10250,
  etcdPort: 6441,
  etcdPeerPort: 6442,
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
  const stored = { ...settings, cluster: clusterConfigToData(settings.cluster) };
  writeFileAtomic(file, `${JSON.stringify(stored, undefined, 2)}\n`, 0o600);
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
    cluster: clusterConfigFromData(field('cluster', isTexts)),
  };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isTexts = (value: unknown): value is Record<string, string> =>
  typeof value === 'object' && value !== null && Object.values(value).every((one) => typeof one === 'string');
const isPort = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65536;
