import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand } from '../packages.ts';

/** Removes the bridge, and with it the pods' ends that hang on it, and our nftables table. Absent ones are fine. */
export function removeNetwork(bridge: string, nftTable: string): void {
  if (existsSync(`/sys/class/net/${bridge}`)) {
    for (const port of readdirSync(`/sys/class/net/${bridge}/brif`)) spawnSync('ip', ['link', 'delete', port]);
    spawnSync('ip', ['link', 'delete', bridge]);
  }
  if (findCommand('nft')) {
    for (const family of ['ip', 'ip6', 'inet']) spawnSync('nft', ['delete', 'table', family, nftTable]);
  }
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
