/** Makes the kernel's routes, neighbours and tunnel what is planned, whatever they were; does nothing when they are. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { holds, parseIPv4Network } from '#api/ipv4-network.ts';
import type { RunCommand } from './commands.ts';
import {
  type Neighbour,
  type Route,
  readForwarding,
  readNeighbours,
  readRoutes,
  readTunnel,
  routeProtocol,
  type Tunnel,
} from './kernel-state.ts';
import type { Plan, WantedTunnel } from './peer-plan.ts';

export interface SyncOptions {
  readonly run: RunCommand;
  readonly clusterCidr: string;
  readonly bridge: string;
  readonly tunnel: string;
  readonly sysctlRoot: string;
}

/** Returns how many things were changed. Throws a NetworkError when something could not be; everything else was done then. */
export async function syncPeers(plan: Plan, options: SyncOptions): Promise<number> {
  const { run, tunnel } = options;
  const failures: unknown[] = [];
  const failed = (error: unknown): 0 => {
    failures.push(error);
    return 0;
  };
  const batch = async (command: 'ip' | 'bridge', lines: readonly string[]): Promise<void> => {
    if (lines.length === 0) return;
    // One line that cannot be done must not keep the others from being done.
    await run(command, ['-force', '-batch', '-'], `${lines.join('\n')}\n`).catch(failed);
  };

  const found = await readTunnel(run, tunnel);
  // Without a tunnel, those on a link of ours can still be reached.
  let changes = plan.tunnel ? await ensureTunnel(plan.tunnel, found, options).catch(failed) : 0;
  const forwarding = differences(plan.forwarding, plan.tunnel ? await readForwarding(run, tunnel) : [], 'mac');
  const neighbours = differences(plan.neighbours, plan.tunnel ? await readNeighbours(run, tunnel) : [], 'address');
  const routes = routeDifferences(plan.routes, await readRoutes(run), options.clusterCidr);
  // What a route leads to is there before it, and goes after it.
  await batch('bridge', [
    ...forwarding.removed.map(({ mac, address }) => `fdb delete ${mac} dev ${tunnel} dst ${address} self`),
    ...forwarding.added.map(({ mac, address }) => `fdb replace ${mac} dev ${tunnel} dst ${address} self permanent`),
  ]);
  await batch('ip', [
    ...neighbours.added.map(({ mac, address }) => `neigh replace ${address} lladdr ${mac} dev ${tunnel} nud permanent`),
    ...routes.added.map((route) => routeLine(route, tunnel)),
    ...routes.removed.map(
      ({ to, via, device }) => `route delete ${to} via ${via} dev ${device} proto ${routeProtocol}`,
    ),
    ...neighbours.removed.map(({ address }) => `neigh delete ${address} dev ${tunnel}`),
  ]);
  for (const { added, removed } of [forwarding, neighbours, routes]) changes += added.length + removed.length;
  if (!plan.tunnel && found) {
    await run('ip', ['link', 'delete', tunnel]);
    changes += 1;
  }
  if (failures.length > 0) throw failures[0];
  return changes;
}

async function ensureTunnel(
  wanted: WantedTunnel,
  found: Tunnel | undefined,
  { run, tunnel, bridge, sysctlRoot }: SyncOptions,
): Promise<number> {
  if (found && fits(wanted, found)) return 0;
  if (found) await run('ip', ['link', 'delete', tunnel]);
  const { vni, port, local, mac, mtu } = wanted;
  const from = local === undefined ? [] : ['local', local];
  const kind = ['type', 'vxlan', 'id', `${vni}`, ...from, 'dstport', `${port}`, 'nolearning'];
  await run('ip', ['link', 'add', tunnel, 'address', mac, 'mtu', `${mtu}`, ...kind]);
  const sysctls = join(sysctlRoot, 'net/ipv4/conf');
  setSysctl(join(sysctls, tunnel, 'rp_filter'), '2');
  setSysctl(join(sysctls, tunnel, 'forwarding'), '1');
  // Where the rules keep others from it, 127.0.0.1 leads to pods; through the tunnel as over the bridge.
  const localnet = join(sysctls, bridge, 'route_localnet');
  if (existsSync(localnet)) setSysctl(join(sysctls, tunnel, 'route_localnet'), readFileSync(localnet, 'utf8').trim());
  await run('ip', ['link', 'set', tunnel, 'addrgenmode', 'none', 'up']);
  return 1;
}

const fits = (wanted: WantedTunnel, found: Tunnel): boolean =>
  found.up &&
  !found.learning &&
  (['vni', 'port', 'local', 'mac', 'mtu'] as const).every((name) => wanted[name] === found[name]);

function routeDifferences(wanted: readonly Route[], found: readonly Route[], clusterCidr: string) {
  const cluster = parseIPv4Network(clusterCidr);
  const byTarget = new Map(found.map((route) => [route.to, route]));
  const targets = new Set(wanted.map(({ to }) => to));
  return {
    added: wanted.filter((route) => !isRoute(route, byTarget.get(route.to))),
    // Another cluster on this machine has routes of its own.
    removed: found.filter(({ to }) => {
      const network = parseIPv4Network(to);
      return !targets.has(to) && cluster && network && holds(cluster, network);
    }),
  };
}

const isRoute = (wanted: Route, found: Route | undefined): boolean =>
  found !== undefined &&
  wanted.via === found.via &&
  wanted.source === found.source &&
  wanted.mtu === found.mtu &&
  wanted.device === found.device;

function routeLine({ to, via, device, source, mtu }: Route, tunnel: string): string {
  const how = device === tunnel ? ' onlink' : '';
  const from = source === undefined ? '' : ` src ${source}`;
  const size = mtu === undefined ? '' : ` mtu ${mtu}`;
  return `route replace ${to} via ${via} dev ${device}${how}${from}${size} proto ${routeProtocol}`;
}

/** What has the same key is replaced, not removed. */
function differences(
  wanted: readonly Neighbour[],
  found: readonly Neighbour[],
  key: keyof Neighbour,
): { added: Neighbour[]; removed: Neighbour[] } {
  const has = new Map(found.map((one) => [one[key], one]));
  const wants = new Set(wanted.map((one) => one[key]));
  return {
    added: wanted.filter((one) => {
      const there = has.get(one[key]);
      return there?.mac !== one.mac || there.address !== one.address;
    }),
    removed: found.filter((one) => !wants.has(one[key])),
  };
}

function setSysctl(file: string, value: string): void {
  if (existsSync(file) && readFileSync(file, 'utf8').trim() !== value) writeFileSync(file, value);
}
