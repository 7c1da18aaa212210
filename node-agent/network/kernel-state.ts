/** What the kernel has, as `ip -json` and `bridge -json` tell it. What they print and we do not know is passed over. */
import { NetworkError, type RunCommand } from './commands.ts';

/** One with an IPv4 address. */
export interface Interface {
  readonly name: string;
  readonly up: boolean;
  readonly loopback: boolean;
  readonly mtu: number;
  /** `192.0.2.7/24`. */
  readonly addresses: readonly string[];
}

export interface Tunnel {
  readonly up: boolean;
  readonly mac: string;
  readonly mtu: number;
  readonly vni: number;
  readonly port: number;
  readonly local: string | undefined;
  readonly learning: boolean;
}

export interface Route {
  /** `10.42.7.0/24`. */
  readonly to: string;
  readonly via: string;
  readonly device: string;
  /** Source address of what this machine itself sends there. */
  readonly source: string | undefined;
  readonly mtu: number | undefined;
}

export interface Neighbour {
  readonly address: string;
  readonly mac: string;
}

/** Marks routes as ours: none of the numbers that other programs are known to use. */
export const routeProtocol = 71;

export async function readInterfaces(run: RunCommand): Promise<Interface[]> {
  return (await read(run, 'ip', ['-json', '-4', 'address', 'show'])).map((one) => {
    const flags = list(one, 'flags');
    return {
      name: text(one, 'ifname') ?? '',
      up: flags.includes('UP'),
      loopback: flags.includes('LOOPBACK'),
      mtu: number(one, 'mtu') ?? 0,
      addresses: list(one, 'addr_info').flatMap((info) => {
        const [local, bits] = [text(info, 'local'), number(info, 'prefixlen')];
        return local === undefined || bits === undefined ? [] : [`${local}/${bits}`];
      }),
    };
  });
}

/** Interfaces that hang on a bridge; none where there is no such bridge. */
export async function readPorts(run: RunCommand, bridge: string): Promise<string[]> {
  const ports = await readIfThere(run, 'ip', ['-json', 'link', 'show', 'master', bridge]);
  return ports.map((one) => text(one, 'ifname')).filter((name) => name !== undefined);
}

export async function readTunnel(run: RunCommand, name: string): Promise<Tunnel | undefined> {
  const all = await read(run, 'ip', ['-json', '-details', 'link', 'show', 'type', 'vxlan']);
  const found = all.find((one) => text(one, 'ifname') === name);
  if (!found) return undefined;
  const data = field(field(found, 'linkinfo'), 'info_data');
  return {
    up: list(found, 'flags').includes('UP'),
    mac: text(found, 'address') ?? '',
    mtu: number(found, 'mtu') ?? 0,
    vni: number(data, 'id') ?? 0,
    port: number(data, 'port') ?? 0,
    local: text(data, 'local'),
    learning: field(data, 'learning') !== false,
  };
}

/** Ours alone. */
export async function readRoutes(run: RunCommand): Promise<Route[]> {
  const args = ['-json', '-4', 'route', 'show', 'table', 'main', 'proto', String(routeProtocol)];
  return (await read(run, 'ip', args)).map((one) => ({
    to: text(one, 'dst') ?? '',
    via: text(one, 'gateway') ?? '',
    device: text(one, 'dev') ?? '',
    source: text(one, 'prefsrc'),
    mtu: list(one, 'metrics')
      .map((metric) => number(metric, 'mtu'))
      .find((mtu) => mtu !== undefined),
  }));
}

/** Those that do not go by themselves. */
export async function readNeighbours(run: RunCommand, device: string): Promise<Neighbour[]> {
  const args = ['-json', '-4', 'neigh', 'show', 'dev', device, 'nud', 'permanent'];
  return (await readIfThere(run, 'ip', args)).flatMap((one) => {
    const [address, mac] = [text(one, 'dst'), text(one, 'lladdr')];
    return address === undefined || mac === undefined ? [] : [{ address, mac }];
  });
}

/** Behind which machine each hardware address is. */
export async function readForwarding(run: RunCommand, device: string): Promise<Neighbour[]> {
  return (await readIfThere(run, 'bridge', ['-json', 'fdb', 'show', 'dev', device])).flatMap((one) => {
    const [mac, address] = [text(one, 'mac'), text(one, 'dst')];
    return address === undefined || mac === undefined ? [] : [{ address, mac }];
  });
}

async function read(run: RunCommand, command: string, args: readonly string[]): Promise<readonly unknown[]> {
  const output = (await run(command, args)).trim();
  if (output === '') return [];
  try {
    const value: unknown = JSON.parse(output);
    return Array.isArray(value) ? value : [];
  } catch (cause) {
    const said = output.slice(0, 200);
    throw new NetworkError(`${command} ${args.join(' ')} said something else than JSON: ${said}`, { cause });
  }
}

async function readIfThere(run: RunCommand, command: string, args: readonly string[]): Promise<readonly unknown[]> {
  try {
    return await read(run, command, args);
  } catch (error) {
    if (error instanceof NetworkError && /does not exist|Cannot find device/i.test(error.message)) return [];
    throw error;
  }
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

function text(value: unknown, name: string): string | undefined {
  const found = field(value, name);
  return typeof found === 'string' ? found : undefined;
}

function number(value: unknown, name: string): number | undefined {
  const found = field(value, name);
  return typeof found === 'number' ? found : undefined;
}

function list(value: unknown, name: string): readonly unknown[] {
  const found = field(value, name);
  return Array.isArray(found) ? found : [];
}
