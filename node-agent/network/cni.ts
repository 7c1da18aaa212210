import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CniOptions {
  /** Interface name of the node's bridge; also the network's name in CNI's own records. */
  readonly bridge: string;
  /** The node's pod subnet, IPv4. */
  readonly podCidr: string;
  /** Where host-local remembers which addresses are taken. */
  readonly dataDir: string;
  /** @default the bridge's own */
  readonly mtu?: number | undefined;
}

const fileName = '10-berth.conflist';

/**
 * A bridge with the first address of the pod subnet as its gateway. Pods do not masquerade here, since that would hide
 * them from each other across nodes: our nftables table does it for traffic that leaves the cluster.
 */
export function cniConfig(options: CniOptions): string {
  const bridge = {
    type: 'bridge',
    bridge: options.bridge,
    isGateway: true,
    ipMasq: false,
    // A pod that reaches itself through a service or host port comes back on the port it left by.
    hairpinMode: true,
    ...(options.mtu === undefined ? {} : { mtu: options.mtu }),
    ipam: {
      type: 'host-local',
      dataDir: options.dataDir,
      ranges: [[{ subnet: options.podCidr }]],
      routes: [{ dst: '0.0.0.0/0' }],
    },
  };
  return `${JSON.stringify({ cniVersion: '0.4.0', name: options.bridge, plugins: [bridge] }, undefined, 2)}\n`;
}

/** Replaced in one step: containerd watches the folder and reads what it finds at once. */
export function writeCniConfig(confDir: string, options: CniOptions): void {
  mkdirSync(confDir, { recursive: true });
  mkdirSync(options.dataDir, { recursive: true });
  const target = join(confDir, fileName);
  writeFileSync(`${target}.new`, cniConfig(options), { mode: 0o644 });
  renameSync(`${target}.new`, target);
}
