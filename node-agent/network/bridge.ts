import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { numberToIPv4, parseIPv4Network } from '#api/ipv4-network.ts';
import { writeCniConfig } from './cni.ts';
import { type RunCommand, runCommand } from './commands.ts';
import { readInterfaces, readPorts } from './kernel-state.ts';

export interface BridgeOptions {
  /** Its name; also the network's name in CNI's own records. */
  readonly bridge: string;
  /** The node's part of the pod network. */
  readonly podCidr: string;
  /** Of pods made from now on. @default the kernel's */
  readonly mtu?: number | undefined;
  /** The folder that containerd reads network configuration from. */
  readonly cniConfDir: string;
  /** Where address reservations are kept. */
  readonly cniDataDir: string;
  /** Where libcni records each attachment. @default /var/lib/cni/results */
  readonly cniResultsDir?: string | undefined;
  /** @default the real thing */
  readonly run?: RunCommand | undefined;
  /** @default /proc/sys */
  readonly sysctlRoot?: string | undefined;
}

/** What a node needs of the kernel so that its pods have a network, with containerd's configuration as the last step. Everything may be repeated. */
export async function setUpBridge(options: BridgeOptions): Promise<void> {
  const { bridge, podCidr, mtu, run = runCommand, sysctlRoot = '/proc/sys' } = options;
  const gateway = gatewayOf(podCidr);
  setSysctl(sysctlRoot, 'net/ipv4/ip_forward', '1');
  const found = (await readInterfaces(run)).find(({ name }) => name === bridge);
  if (!found?.up || !found.addresses.includes(gateway)) {
    // One without an address is not among those that were read.
    const isNew = await run('ip', ['link', 'add', bridge, 'type', 'bridge']).then(
      () => true,
      () => false,
    );
    await run('ip', ['address', 'replace', gateway, 'dev', bridge]);
    await run('ip', ['link', 'set', bridge, 'up']);
    if (isNew) await attachAgain(options, run);
  }
  for (const old of found?.addresses ?? []) {
    if (old !== gateway) await run('ip', ['address', 'delete', old, 'dev', bridge]);
  }
  if (mtu !== undefined && found?.mtu !== mtu) await run('ip', ['link', 'set', bridge, 'mtu', String(mtu)]);
  setSysctl(sysctlRoot, `net/ipv4/conf/${bridge}/forwarding`, '1');
  // An answer may come by another way than the kernel would choose: by the tunnel, while routes change.
  setSysctl(sysctlRoot, `net/ipv4/conf/${bridge}/rp_filter`, '2');
  const { cniConfDir, cniDataDir: dataDir } = options;
  writeCniConfig(cniConfDir, { bridge, podCidr, dataDir, mtu });
}

/** Removes the bridge. Pods that still run lose their network. */
export async function removeBridge(bridge: string, run: RunCommand = runCommand): Promise<void> {
  for (const port of await readPorts(run, bridge)) {
    await run('ip', ['link', 'delete', port]).catch(() => undefined); // Gone with its pod in the meantime.
  }
  await run('ip', ['link', 'delete', bridge]).catch(() => undefined); // There is none.
}

/** Forgets the addresses given out so far: they are of a network that is not this node's any more. */
export function dropReservations({ bridge, cniDataDir }: Pick<BridgeOptions, 'bridge' | 'cniDataDir'>): void {
  rmSync(join(cniDataDir, bridge), { recursive: true, force: true });
}

/** Somebody deleted the bridge under running pods: their ends are still there, hanging on nothing. */
async function attachAgain({ bridge, cniResultsDir }: BridgeOptions, run: RunCommand): Promise<void> {
  const folder = cniResultsDir ?? '/var/lib/cni/results';
  if (!existsSync(folder)) return;
  for (const file of readdirSync(folder).filter((name) => name.startsWith(`${bridge}-`))) {
    for (const port of hostEnds(readFileSync(join(folder, file), 'utf8'), bridge)) {
      await run('ip', ['link', 'set', port, 'master', bridge, 'up'])
        .then(() => run('bridge', ['link', 'set', 'dev', port, 'hairpin', 'on']))
        .catch(() => undefined); // Its pod is gone.
    }
  }
}

/** Interfaces of an attachment that are in no pod, without the bridge. */
function hostEnds(text: string, bridge: string): string[] {
  const record = parse(text);
  const interfaces = field(field(record, 'result'), 'interfaces');
  if (!Array.isArray(interfaces)) return [];
  return interfaces.flatMap((one: unknown) => {
    const name = field(one, 'name');
    return typeof name === 'string' && name !== bridge && !field(one, 'sandbox') ? [name] : [];
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Half-written by a machine that went down.
  }
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

/** The first address of the subnet with its prefix length, as the bridge plugin gives it to the bridge. */
export function gatewayOf(cidr: string): string {
  const network = parseIPv4Network(cidr);
  if (!network || network.bits < 8 || network.bits > 30)
    throw new RangeError(`"${cidr}" is not an IPv4 subnet that pods can live in`);
  return `${numberToIPv4(network.first + 1)}/${network.bits}`;
}

function setSysctl(root: string, name: string, value: string): void {
  const file = join(root, name);
  if (existsSync(file) && readFileSync(file, 'utf8').trim() !== value) writeFileSync(file, value);
}
