import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand } from '../packages.ts';

/** Removes the bridge, and with it the pods' ends that hang on it, and our nftables table. Absent ones are fine. */
export function removeNetwork(bridge: string, nftTable: string): void {
  if (findCommand('ip')) {
    for (const port of linksOn(bridge)) spawnSync('ip', ['link', 'delete', port]);
    spawnSync('ip', ['link', 'delete', bridge], { stdio: 'ignore' });
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
