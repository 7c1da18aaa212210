import { existsSync, readFileSync } from 'node:fs';
import { type ClusterConfig, clusterConfig, clusterConfigFromData, clusterConfigToData } from '#api/cluster-config.ts';
import { HostError } from './errors.ts';
import { writeFileAtomic } from './files.ts';

/** What a machine keeps of its cluster; later starts use the same. */
interface MachineSettings {
  readonly nodeName: string;
  /** The address other machines and pods reach this one at. */
  readonly nodeAddress: string;
  /** Nobody chose the address: it is found anew at each start, and this is the last one found. */
  readonly nodeAddressAuto: boolean;
  readonly agentPort: number;
  readonly cluster: ClusterConfig;
}

/** The machine that `berth up` made the cluster on. */
export interface ServerSettings extends MachineSettings {
  readonly role: 'server';
  readonly apiPort: number;
  readonly etcdPort: number;
  readonly etcdPeerPort: number;
  /** Further names and addresses by which clients reach the API server. */
  readonly apiNames: readonly string[];
}

/** A machine that `berth join` brought in. */
export interface JoinedSettings extends MachineSettings {
  readonly role: 'agent';
  /** `https://192.0.2.1:6443`, at least one. */
  readonly servers: readonly [string, ...string[]];
}

export type HostSettings = ServerSettings | JoinedSettings;

export const defaultSettings = {
  apiPort: 6443,
  agentPort: 10250,
  etcdPort: 6441,
  etcdPeerPort: 6442,
} as const;

/** Undefined when the machine belongs to no cluster yet. Throws a HostError when the file is damaged. */
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

type Field = <T>(name: string, isRight: (found: unknown) => found is T) => T;

/** Files of older versions lack what came later; each such field has a meaning when it is missing. */
function checkSettings(value: unknown): HostSettings {
  const found = (name: string): unknown =>
    typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  const field: Field = (name, isRight) => {
    const given = found(name);
    if (!isRight(given)) throw new Error(`field ${name} is missing or wrong`);
    return given;
  };
  const optional = <T>(name: string, isRight: (given: unknown) => given is T, otherwise: T): T =>
    found(name) === undefined ? otherwise : field(name, isRight);
  const machine: MachineSettings = {
    nodeName: field('nodeName', isText),
    nodeAddress: field('nodeAddress', isText),
    nodeAddressAuto: optional('nodeAddressAuto', isBoolean, false),
    agentPort: field('agentPort', isPort),
    cluster: found('cluster') === undefined ? oneNodeCluster(field) : clusterConfigFromData(field('cluster', isTexts)),
  };
  if (optional('role', isRole, 'server') === 'agent') {
    return { ...machine, role: 'agent', servers: field('servers', isServers) };
  }
  return {
    ...machine,
    role: 'server',
    apiPort: field('apiPort', isPort),
    etcdPort: field('etcdPort', isPort),
    etcdPeerPort: field('etcdPeerPort', isPort),
    apiNames: optional('apiNames', isTextList, []),
  };
}

/** Before clusters had several machines, the one machine's part was all there was, and it stood among the other fields. */
const oneNodeCluster = (field: Field): ClusterConfig =>
  clusterConfig({
    clusterCidr: field('podCidr', isText),
    serviceCidr: field('serviceCidr', isText),
    clusterDomain: field('clusterDomain', isText),
  });

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
const isRole = (value: unknown): value is HostSettings['role'] => value === 'server' || value === 'agent';
const isTextList = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
const isServers = (value: unknown): value is [string, ...string[]] =>
  isTextList(value) && value.length > 0 && value.every((one) => URL.canParse(one));
const isTexts = (value: unknown): value is Record<string, string> =>
  typeof value === 'object' && value !== null && Object.values(value).every((one) => typeof one === 'string');
const isPort = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65536;
