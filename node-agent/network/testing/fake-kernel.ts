import { holds, parseIPv4Network } from '#api/ipv4-network.ts';
import { NetworkError, type RunCommand } from '../commands.ts';

export interface FakeLink {
  kind: 'ether' | 'bridge' | 'vxlan' | 'veth';
  up: boolean;
  mtu: number;
  mac: string;
  master: string | undefined;
  addresses: string[];
  vxlan: { id: number; local: string | undefined; port: number; learning: boolean } | undefined;
}

export interface FakeRoute {
  to: string;
  via: string;
  device: string;
  source: string | undefined;
  mtu: number | undefined;
  protocol: string;
}

export interface FakeEntry {
  device: string;
  address: string;
  mac: string;
}

/**
 * As much of the kernel's network as `ip` and `bridge` are asked about here, as strict as the real one: what hangs on a link goes
 * with it, gateways must be reachable, nothing is deleted twice. A command that it does not know throws an ordinary Error.
 */
export interface FakeKernel {
  readonly links: Map<string, FakeLink>;
  routes: FakeRoute[];
  neighbours: FakeEntry[];
  forwarding: FakeEntry[];
  /** Every command that changed something or tried to. */
  readonly writes: string[];
  /** Commands that hold this text fail. */
  failing: string | undefined;
  readonly run: RunCommand;
  /** As `ip link delete`. */
  deleteLink(name: string): void;
  addLink(name: string, link: Partial<FakeLink>): void;
}

export function createFakeKernel(): FakeKernel {
  const links = new Map<string, FakeLink>();
  const writes: string[] = [];

  const linkOf = (name: string | undefined): FakeLink => links.get(name ?? '') ?? fail(`Cannot find device "${name}"`);
  const dropRoutesOf = (name: string): void => {
    kernel.routes = kernel.routes.filter(({ device }) => device !== name);
  };

  const linkCommand = (verb: string | undefined, words: readonly string[]): void => {
    const [name = ''] = words;
    if (verb === 'delete') kernel.deleteLink(name);
    else if (verb === 'add') addLink(name, words.slice(1));
    else if (verb === 'set') changeLink(name, words);
    else throw new Error(`the fake kernel does not know: ip link ${verb}`);
  };

  const changeLink = (name: string, words: readonly string[]): void => {
    const link = linkOf(name);
    for (let index = 1; index < words.length; index++) {
      const word = words[index];
      if (word === 'up') link.up = true;
      else if (word === 'mtu') link.mtu = Number(words[++index]);
      else if (word === 'master') {
        link.master = words[++index];
        linkOf(link.master);
      } else if (word === 'addrgenmode') index++;
      else throw new Error(`the fake kernel does not know: ip link set … ${word}`);
    }
  };

  const addLink = (name: string, words: readonly string[]): void => {
    if (links.has(name)) fail('RTNETLINK answers: File exists');
    if (name.length > 15) fail(`"name" not a valid ifname`);
    const kind = wordAfter(words, 'type');
    if (kind !== 'bridge' && kind !== 'vxlan') throw new Error(`the fake kernel has no links of type ${kind}`);
    const vxlan = {
      id: Number(wordAfter(words, 'id')),
      local: wordAfter(words, 'local'),
      port: Number(wordAfter(words, 'dstport')),
      learning: !words.includes('nolearning'),
    };
    const same = [...links.values()].some((one) => one.vxlan?.id === vxlan.id && one.vxlan.port === vxlan.port);
    if (kind === 'vxlan' && same) fail('RTNETLINK answers: File exists');
    kernel.addLink(name, {
      kind,
      up: false,
      mtu: Number(wordAfter(words, 'mtu') ?? 1_500),
      mac: wordAfter(words, 'address') ?? '',
      vxlan: kind === 'vxlan' ? vxlan : undefined,
    });
  };

  const addressCommand = (verb: string | undefined, [address = '', ...words]: readonly string[]): void => {
    const link = linkOf(wordAfter(words, 'dev'));
    const has = link.addresses.includes(address);
    if (verb === 'replace') {
      if (!has) link.addresses.push(address);
    } else if (verb === 'delete') {
      if (!has) fail('RTNETLINK answers: Cannot assign requested address');
      link.addresses = link.addresses.filter((one) => one !== address);
    } else throw new Error(`the fake kernel does not know: ip address ${verb}`);
  };

  const routeCommand = (verb: string | undefined, [to = '', ...words]: readonly string[]): void => {
    const device = wordAfter(words, 'dev') ?? '';
    const via = wordAfter(words, 'via') ?? '';
    const link = linkOf(device);
    if (verb === 'delete') {
      const isIt = (route: FakeRoute): boolean =>
        route.to === to && route.via === via && route.device === device && route.protocol === wordAfter(words, 'proto');
      if (!kernel.routes.some(isIt)) fail('RTNETLINK answers: No such process');
      kernel.routes = kernel.routes.filter((route) => !isIt(route));
      return;
    }
    if (verb !== 'replace') throw new Error(`the fake kernel does not know: ip route ${verb}`);
    if (!link.up) fail('Error: Device for nexthop is not up.');
    const gateway = parseIPv4Network(`${via}/32`) ?? fail(`Error: inet address is expected rather than "${via}".`);
    const near = link.addresses.some((one) => {
      const network = parseIPv4Network(one);
      return network && holds(network, gateway);
    });
    if (!near && !words.includes('onlink')) fail('Error: Nexthop has invalid gateway.');
    const source = wordAfter(words, 'src');
    const isOwn = [...links.values()].some(({ addresses }) => addresses.some((one) => one.split('/')[0] === source));
    if (source !== undefined && !isOwn) fail('Error: Invalid prefsrc address.');
    const mtu = wordAfter(words, 'mtu');
    const protocol = wordAfter(words, 'proto') ?? 'boot';
    kernel.routes = kernel.routes.filter((route) => route.to !== to);
    kernel.routes.push({ to, via, device, source, mtu: mtu === undefined ? undefined : Number(mtu), protocol });
  };

  const neighbourCommand = (verb: string | undefined, [address = '', ...words]: readonly string[]): void => {
    const device = wordAfter(words, 'dev') ?? '';
    linkOf(device);
    const others = kernel.neighbours.filter((one) => one.device !== device || one.address !== address);
    if (verb === 'delete' && others.length === kernel.neighbours.length) fail('RTNETLINK answers: No such file');
    kernel.neighbours = others;
    if (verb === 'replace') kernel.neighbours.push({ device, address, mac: wordAfter(words, 'lladdr') ?? '' });
  };

  const forwardingCommand = (verb: string | undefined, [mac = '', ...words]: readonly string[]): void => {
    const device = wordAfter(words, 'dev') ?? '';
    linkOf(device);
    const address = wordAfter(words, 'dst') ?? '';
    const isIt = (one: FakeEntry): boolean =>
      one.device === device && one.mac === mac && (verb === 'replace' || one.address === address);
    const others = kernel.forwarding.filter((one) => !isIt(one));
    if (verb === 'delete' && others.length === kernel.forwarding.length) fail('RTNETLINK answers: No such file');
    kernel.forwarding = others;
    if (verb === 'replace') kernel.forwarding.push({ device, address, mac });
  };

  const write = (command: string, words: readonly string[]): void => {
    const line = [command, ...words].join(' ');
    writes.push(line);
    if (kernel.failing !== undefined && line.includes(kernel.failing)) fail('RTNETLINK answers: Operation refused');
    const [object, verb, ...rest] = words;
    if (command === 'ip' && object === 'link') linkCommand(verb, rest);
    else if (command === 'ip' && object === 'address') addressCommand(verb, rest);
    else if (command === 'ip' && object === 'route') routeCommand(verb, rest);
    else if (command === 'ip' && object === 'neigh') neighbourCommand(verb, rest);
    else if (command === 'bridge' && object === 'fdb') forwardingCommand(verb, rest);
    else if (command === 'bridge' && object === 'link') linkOf(wordAfter(rest, 'dev'));
    else throw new Error(`the fake kernel does not know: ${line}`);
  };

  const shown = (name: string, link: FakeLink): object => ({
    ifname: name,
    flags: [...(name === 'lo' ? ['LOOPBACK'] : ['BROADCAST']), ...(link.up ? ['UP'] : [])],
    mtu: link.mtu,
    address: link.mac,
    ...(link.vxlan && { linkinfo: { info_kind: 'vxlan', info_data: link.vxlan } }),
    addr_info: link.addresses.map((one) => {
      const [local, bits] = one.split('/');
      return { family: 'inet', local, prefixlen: Number(bits) };
    }),
  });

  const read = (command: string, args: readonly string[]): readonly object[] => {
    const text = [command, ...args.filter((word) => word !== '-json')].join(' ');
    const last = args.at(-1) ?? '';
    const each = (filter: (link: FakeLink) => boolean): object[] =>
      [...links].filter(([, link]) => filter(link)).map(([name, link]) => shown(name, link));
    if (text === 'ip -4 address show') return each(({ addresses }) => addresses.length > 0);
    if (text.startsWith('ip link show master ')) {
      if (!links.has(last)) fail('Device does not exist.');
      return each(({ master }) => master === last);
    }
    if (text === 'ip -details link show type vxlan') return each(({ kind }) => kind === 'vxlan');
    if (text.startsWith('ip -4 route show table main proto ')) {
      return kernel.routes
        .filter(({ protocol }) => protocol === last)
        .map(({ to, via, device, source, mtu }) => ({
          dst: to,
          gateway: via,
          dev: device,
          ...(source && { prefsrc: source }),
          ...(mtu && { metrics: [{ mtu }] }),
        }));
    }
    const device = wordAfter(args, 'dev') ?? '';
    if (text.startsWith('ip -4 neigh show dev ')) {
      linkOf(device);
      const own = kernel.neighbours.filter((one) => one.device === device);
      return own.map(({ address, mac }) => ({ dst: address, lladdr: mac, state: ['PERMANENT'] }));
    }
    if (text.startsWith('bridge fdb show dev ')) {
      linkOf(device);
      const own = kernel.forwarding.filter((one) => one.device === device);
      return own.map(({ address, mac }) => ({ mac, dst: address, flags: ['self'], state: 'permanent' }));
    }
    throw new Error(`the fake kernel does not know: ${text}`);
  };

  const kernel: FakeKernel = {
    links,
    routes: [],
    neighbours: [],
    forwarding: [],
    writes,
    failing: undefined,
    async run(command, args, input = '') {
      if (args.includes('-json')) return JSON.stringify(read(command, args));
      if (!args.includes('-batch')) {
        write(command, args);
        return '';
      }
      const problems: string[] = [];
      for (const line of input.split('\n').filter(Boolean)) {
        try {
          write(command, line.split(' '));
        } catch (error) {
          if (!(error instanceof NetworkError)) throw error;
          problems.push(error.message);
          if (!args.includes('-force')) break;
        }
      }
      if (problems.length > 0) fail(problems.join('\n'));
      return '';
    },
    deleteLink(name) {
      linkOf(name);
      links.delete(name);
      dropRoutesOf(name);
      kernel.neighbours = kernel.neighbours.filter(({ device }) => device !== name);
      kernel.forwarding = kernel.forwarding.filter(({ device }) => device !== name);
      for (const link of links.values()) if (link.master === name) link.master = undefined;
    },
    addLink(name, link) {
      const plain = {
        kind: 'ether',
        up: true,
        mtu: 1_500,
        mac: '',
        master: undefined,
        addresses: [],
        vxlan: undefined,
      };
      links.set(name, { ...plain, kind: 'ether', ...link });
    },
  };
  return kernel;
}

function wordAfter(words: readonly string[], name: string): string | undefined {
  const index = words.indexOf(name);
  return index < 0 ? undefined : words[index + 1];
}

function fail(message: string): never {
  throw new NetworkError(message);
}
