import { lookup, Resolver } from 'node:dns/promises';
import { connect, createServer } from 'node:net';
import { hostname } from 'node:os';
import { isJsonObject } from '#api/schema/record.ts';
import { answerOf, ask, askIp, readText } from './ask.ts';
import type { LinkFacts, NameFacts, PathFact, PortFact, ReachFact } from './facts.ts';
import type { FirewallFacts } from './firewall/judge.ts';

export type WantedPort = Omit<PortFact, 'holder'>;
export type WantedReach = Omit<ReachFact, 'result'>;

export const gatherPorts = (ports: readonly WantedPort[]): Promise<PortFact[]> =>
  Promise.all(ports.map(async (port) => ({ ...port, holder: await holderOf(port) })));

async function holderOf({ port, protocol }: WantedPort): Promise<string | undefined> {
  if (protocol === 'tcp' && (await isFree(port))) return undefined;
  const text = await answerOf('ss', `-Hln${protocol === 'tcp' ? 't' : 'u'}p`, `sport = :${port}`);
  const users = [...(text ?? '').matchAll(/\("([^"]+)",pid=(\d+)/g)].map(([, name, pid]) => `${name} (pid ${pid})`);
  if (users.length > 0) return [...new Set(users)].join(', ');
  // The kernel's own tunnels take a port without a program.
  return protocol === 'tcp' ? 'a program that cannot be seen from here' : undefined;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '0.0.0.0' }, () => server.close(() => resolve(true)));
  });
}

const connectMs = 2_000;

export const gatherReach = (wanted: readonly WantedReach[]): Promise<ReachFact[]> =>
  Promise.all(wanted.map(async (one) => ({ ...one, result: await tryConnect(one.host, one.port) })));

function tryConnect(host: string, port: number): Promise<ReachFact['result']> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: connectMs });
    const end = (result: ReachFact['result']): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => end('open'));
    socket.once('timeout', () => end('silent'));
    socket.once('error', (error: NodeJS.ErrnoException) => end(results[error.code ?? ''] ?? 'silent'));
  });
}

const results: Readonly<Record<string, ReachFact['result']>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'no-route',
  ENETUNREACH: 'no-route',
  ENOTFOUND: 'no-name',
  EAI_AGAIN: 'no-name',
};

const headerBytes = 28;
const smallestMtu = 576;

/** With `ping`, where it is installed. */
export async function gatherPaths(peers: readonly { name: string; address: string }[]): Promise<PathFact[]> {
  const found = await Promise.all(peers.map(pathTo));
  return found.filter((path) => path !== undefined);
}

async function pathTo({ name, address }: { name: string; address: string }): Promise<PathFact | undefined> {
  const [route] = await askIp('route', 'get', address);
  const device = typeof route?.dev === 'string' ? route.dev : undefined;
  const [link] = device ? await askIp('link', 'show', 'dev', device) : [];
  const linkMtu = typeof link?.mtu === 'number' ? link.mtu : undefined;
  if (device === undefined || linkMtu === undefined || device === 'lo') return undefined;
  const comesBack = async (mtu: number): Promise<boolean | undefined> => {
    const size = String(mtu - headerBytes);
    const answer = await ask('ping', '-n', '-q', '-M', 'do', '-c', '1', '-W', '1', '-s', size, address);
    return answer && answer.code === 0;
  };
  const path = (pathMtu: number): PathFact => ({ node: name, address, device, linkMtu, pathMtu });
  const whole = await comesBack(linkMtu);
  if (whole === undefined) return undefined;
  // Once more: a single packet may be lost on any network.
  if (whole || (await comesBack(linkMtu))) return path(linkMtu);
  if (!(await comesBack(smallestMtu))) return path(0);
  let [low, high] = [smallestMtu, linkMtu];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await comesBack(middle)) low = middle;
    else high = middle;
  }
  return path(low);
}

const nameMs = 2_000;

export async function gatherNames(clusterDns: string, full: boolean): Promise<NameFacts> {
  const name = hostname();
  const servers = [...(readText('/etc/resolv.conf') ?? '').matchAll(/^nameserver\s+(\S+)/gm)].map(
    ([, one]) => one ?? '',
  );
  const [hostnameResolves, nameservers] = await Promise.all([
    full ? resolves(name) : undefined,
    Promise.all(
      servers.map(async (address) => ({ address, answers: full ? await answers(address, name) : undefined })),
    ),
  ]);
  return { hostname: name, hostnameResolves, nameservers, clusterDns };
}

const resolves = (name: string): Promise<boolean> =>
  lookup(name).then(
    () => true,
    () => false,
  );

/** Any answer will do, also that there is no such name. */
async function answers(address: string, name: string): Promise<boolean | undefined> {
  const resolver = new Resolver({ timeout: nameMs, tries: 1 });
  try {
    resolver.setServers([address]);
    await resolver.resolve4(name);
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ETIMEOUT' || code === 'ECONNREFUSED') return false;
    return code === 'ERR_INVALID_IP_ADDRESS' ? undefined : true;
  }
}

export async function gatherFirewall(): Promise<FirewallFacts> {
  const [nft, iptables] = await Promise.all([answerOf('nft', '--json', '--terse', 'list', 'ruleset'), savedRules()]);
  return {
    nft,
    iptables,
    ufwActive:
      /^ENABLED=yes/m.test(readText('/etc/ufw/ufw.conf') ?? '') &&
      (iptables.some((text) => text.includes(':ufw-')) || (nft?.includes('"ufw-') ?? false)),
    firewalldActive: nft?.includes('"firewalld"') ?? false,
  };
}

/** The older variant loads kernel modules when it is asked, so it is asked only where they are in use. */
async function savedRules(): Promise<string[]> {
  const inUse = (readText('/proc/self/net/ip_tables_names') ?? '') !== '';
  const version = await answerOf('iptables-save', '--version');
  const texts = await Promise.all([
    version?.includes('nf_tables') || inUse ? answerOf('iptables-save') : undefined,
    inUse && version?.includes('nf_tables') ? answerOf('iptables-legacy-save') : undefined,
  ]);
  return texts.filter((text) => text !== undefined);
}

/** `towards`: an address of another machine, where one is known. */
export async function gatherLinks(towards: string | undefined): Promise<LinkFacts> {
  const [route] = towards ? await askIp('route', 'get', towards) : await askIp('route', 'show', 'default');
  const uplink = typeof route?.dev === 'string' && route.dev !== 'lo' ? route.dev : undefined;
  const [tunnels, driver] = await Promise.all([
    askIp('-details', 'link', 'show', 'type', 'vxlan'),
    uplink ? answerOf('ethtool', '-i', uplink) : undefined,
  ]);
  const foreign = tunnels.flatMap((link) => {
    const info: unknown = isJsonObject(link.linkinfo) ? link.linkinfo.info_data : undefined;
    if (typeof link.ifname !== 'string' || link.ifname.startsWith('berth') || !isJsonObject(info)) return [];
    return [{ name: link.ifname, port: Number(info.port), vni: Number(info.id) }];
  });
  return {
    uplink,
    driver: /^driver: (\S+)/m.exec(driver ?? '')?.[1],
    tunnels: foreign,
    udpChecksumErrors: readUdpErrors(readText('/proc/self/net/snmp') ?? ''),
  };
}

/** A line of names, and one of numbers. */
export function readUdpErrors(snmp: string): number {
  const [names = '', numbers = ''] = snmp.split('\n').filter((line) => line.startsWith('Udp: '));
  const at = names.split(' ').indexOf('InCsumErrors');
  return at < 0 ? 0 : Number(numbers.split(' ')[at] ?? 0);
}
