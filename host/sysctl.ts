import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from './files.ts';
import type { HostLayout } from './layout.ts';

/** What pods on bridges need of the kernel. */
const wanted: Readonly<Record<string, string>> = {
  'net/ipv4/ip_forward': '1',
  'net/ipv4/conf/all/forwarding': '1',
  // A pod that is told of a shorter way to a service's endpoint would go around the rules that lead it there.
  'net/ipv4/conf/all/send_redirects': '0',
};

const recordFile = (layout: HostLayout): string => join(layout.stateDir, 'sysctls-before.json');

/** Sets what differs, and remembers what it was at the first time, for `down --purge`. */
export function applySysctls(layout: HostLayout, root = '/proc/sys'): void {
  const before: Record<string, string> = {};
  for (const name of Object.keys(wanted)) {
    if (existsSync(join(root, name))) before[name] = readFileSync(join(root, name), 'utf8').trim();
  }
  if (!existsSync(recordFile(layout))) writeFileAtomic(recordFile(layout), JSON.stringify(before), 0o600);
  for (const [name, value] of Object.entries(wanted)) {
    if (before[name] !== undefined && before[name] !== value) writeFileSync(join(root, name), value);
  }
}

export function restoreSysctls(layout: HostLayout, root = '/proc/sys'): void {
  if (!existsSync(recordFile(layout))) return;
  const before: unknown = JSON.parse(readFileSync(recordFile(layout), 'utf8'));
  if (typeof before !== 'object' || before === null) return;
  for (const [name, value] of Object.entries(before).reverse()) {
    if (name in wanted && existsSync(join(root, name))) writeFileSync(join(root, name), String(value));
  }
}
