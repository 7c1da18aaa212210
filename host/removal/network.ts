import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand } from '../packages.ts';

/** Marks the routes to other machines' pods as ours; node-agent/network/kernel-state.ts has the same number. */
const routeProtocol = '71';

export interface NetworkNames {
  readonly bridge: string;
  readonly tunnel: string;
  readonly nftTable: string;
}

/**
 * Removes the bridge, and with it the pods' ends that hang on it, the ways to other machines' pods (`clusterCidr`), and our
 * nftables table. Absent ones are fine.
 */
export function removeNetwork({ bridge, tunnel, nftTable }: NetworkNames, clusterCidr: string | undefined): void {
  if (findCommand('ip')) {
    const ip = (...args: string[]) => spawnSync('ip', args, { stdio: 'ignore' });
    for (const port of linksOn(bridge)) ip('link', 'delete', port);
    // With its own routes.
    for (const link of [tunnel, bridge]) ip('link', 'delete', link);
    if (clusterCidr) ip('-4', 'route', 'flush', 'table', 'main', 'root', clusterCidr, 'proto', routeProtocol);
  }
  if (findCommand('nft')) {
    for (const family of ['ip', 'ip6', 'inet']) spawnSync('nft', ['delete', 'table', family, nftTable]);
  }
}

/** sysfs would show another network namespace's links to a machine that is one. */
function linksOn(bridge: string): string[] {
  const { status, stdout } = spawnSync('ip', ['-json', 'link', 'show', 'master', bridge], { encoding: 'utf8' });
  const links: unknown = status === 0 && stdout.trim() ? JSON.parse(stdout) : [];
  return Array.isArray(links) ? links.flatMap(nameOf) : [];
}

function nameOf(link: unknown): string[] {
  const name: unknown = typeof link === 'object' && link !== null ? Reflect.get(link, 'ifname') : undefined;
  return typeof name === 'string' ? [name] : [];
}

/** libcni keeps a record of each attachment here, whatever folder we choose for the rest; ours carry the network's name. */
export function removeCniRecords(network: string, folder = '/var/lib/cni'): void {
  const results = join(folder, 'results');
  if (existsSync(results)) {
    for (const file of readdirSync(results)) if (file.startsWith(`${network}-`)) rmSync(join(results, file));
  }
  for (const each of [results, join(folder, 'networks'), folder]) {
    if (existsSync(each) && readdirSync(each).length === 0) rmSync(each, { recursive: true });
  }
}
