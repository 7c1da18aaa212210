import { eventually } from '../eventually.ts';
import { mustRun, run } from '../run.ts';
import { type DelayRelay, hasNetem, startDelayRelay } from './delay.ts';

/** One machine's place on the wire. */
export interface Place {
  /** 1, 2, …: names its port. */
  readonly index: number;
  /** Which link it is on, from 0. */
  readonly link: number;
  readonly namespace: string;
  readonly address: string;
}

/**
 * What lies between machines, in a network namespace of its own: a bridge for each link, and a router between the links
 * that knows nothing of pods. Trouble is made here, so that machines see nothing of it in their own rules.
 */
export interface Wire {
  readonly namespace: string;
  /** Gives the namespace of a machine its eth0. */
  plug(place: Place, mtu: number): Promise<void>;
  /** Resolves when what a machine that is gone had here is gone too. */
  unplugged(place: Place): Promise<void>;
  setRules(trouble: Trouble): Promise<void>;
  /** Delays what goes to the machine; 0 ends it. */
  delay(place: Place, delayMs: number): Promise<void>;
  close(): Promise<void>;
}

export interface Trouble {
  /** Nothing passes to or from these. */
  readonly cut: readonly Place[];
  /** Nothing passes between these two, either way. */
  readonly cutPairs: readonly (readonly [Place, Place])[];
  /** Percent of packets lost on the way to and on the way from the machine. */
  readonly loss: readonly { readonly place: Place; readonly percent: number }[];
}

export const gatewayOf = (link: number): string => `10.98.${link}.1`;
const bridgeOf = (link: number): string => `link${link}`;
const portOf = ({ index }: Place): string => `port${index}`;

export async function createWire(namespace: string, links: number, mtu: number): Promise<Wire> {
  const ip = (...args: string[]): Promise<string> => mustRun('ip', ['-n', namespace, ...args]);
  const inside = (command: string, args: readonly string[], input?: string): Promise<string> =>
    mustRun('nsenter', [`--net=/run/netns/${namespace}`, '--', command, ...args], { input });
  const relays = new Map<number, DelayRelay>();

  await mustRun('ip', ['netns', 'add', namespace]);
  await ip('link', 'set', 'lo', 'up');
  await inside('sh', ['-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
  // What is not here is refused at once, as by a firewall that answers: nobody waits for a name server of the world outside.
  await ip('route', 'add', 'prohibit', 'default');
  for (let link = 0; link < links; link++) {
    await ip('link', 'add', bridgeOf(link), 'mtu', String(mtu), 'type', 'bridge');
    await ip('address', 'add', `${gatewayOf(link)}/24`, 'dev', bridgeOf(link));
    await ip('link', 'set', bridgeOf(link), 'up');
  }

  const endRelay = async (place: Place): Promise<void> => {
    await relays.get(place.index)?.stop();
    relays.delete(place.index);
  };

  return {
    namespace,
    async plug(place, linkMtu) {
      const own = (...args: string[]): Promise<string> => mustRun('ip', ['-n', place.namespace, ...args]);
      const peer = ['peer', 'name', portOf(place), 'netns', namespace, 'mtu', String(linkMtu)];
      // The same after a restart, as with real hardware: others remember it.
      const mac = `02:62:74:00:00:${place.index.toString(16).padStart(2, '0')}`;
      await own('link', 'add', 'eth0', 'address', mac, 'mtu', String(linkMtu), 'type', 'veth', ...peer);
      await ip('link', 'set', portOf(place), 'master', bridgeOf(place.link), 'up');
      await own('address', 'add', `${place.address}/24`, 'dev', 'eth0');
      await own('link', 'set', 'eth0', 'up');
      await own('route', 'add', 'default', 'via', gatewayOf(place.link));
    },
    async unplugged(place) {
      await endRelay(place);
      // The kernel takes the end of a pair away some time after the namespace of the other.
      await eventually(async () => (await run('ip', ['-n', namespace, 'link', 'show', portOf(place)])).code !== 0);
    },
    async setRules(trouble) {
      await inside('nft', ['-f', '-'], renderRules(trouble));
    },
    async delay(place, delayMs) {
      if (await hasNetem(namespace)) {
        const tc = (...args: string[]): Promise<string> => mustRun('tc', ['-n', namespace, 'qdisc', ...args]);
        if (delayMs > 0) await tc('replace', 'dev', portOf(place), 'root', 'netem', 'delay', `${delayMs}ms`);
        else await tc('del', 'dev', portOf(place), 'root').catch(() => ''); // There was none.
        return;
      }
      await endRelay(place);
      if (delayMs === 0) return;
      const names = { namespace, port: portOf(place), bridge: bridgeOf(place.link) };
      relays.set(place.index, await startDelayRelay(names, delayMs));
    },
    async close() {
      await Promise.all([...relays.values()].map((relay) => relay.stop()));
      await mustRun('ip', ['netns', 'delete', namespace]);
    },
  };
}

/** Between machines on one link the bridge table sees packets, between links (with the router) both do. */
function renderRules({ cut, cutPairs, loss }: Trouble): string {
  const dropped = [
    ...cut.map((place) => ({ port: portOf(place), chance: '' })),
    ...loss.map(({ place, percent }) => ({
      port: portOf(place),
      chance: `numgen random mod 1000 < ${Math.round(percent * 10)} `,
    })),
  ];
  const from = dropped.map(({ port, chance }) => `    iifname { "${port}", "${port}d" } ${chance}drop\n`).join('');
  const to = dropped.map(({ port, chance }) => `    oifname { "${port}", "${port}d" } ${chance}drop\n`).join('');
  const ports = (place: Place): string => `{ "${portOf(place)}", "${portOf(place)}d" }`;
  const ways = cutPairs.flatMap(([a, b]): (readonly [Place, Place])[] => [
    [a, b],
    [b, a],
  ]);
  const bridged = ways.map(([a, b]) => `    iifname ${ports(a)} oifname ${ports(b)} drop\n`).join('');
  const routed = ways.map(([a, b]) => `    ip saddr ${a.address} ip daddr ${b.address} drop\n`).join('');
  return `table bridge trouble
delete table bridge trouble
table bridge trouble {
  chain forward {
    type filter hook forward priority 0; policy accept;
${from}${to}${bridged}  }
  chain input {
    type filter hook input priority 0; policy accept;
${from}  }
  chain output {
    type filter hook output priority 0; policy accept;
${to}  }
}
table ip trouble
delete table ip trouble
table ip trouble {
  chain forward {
    type filter hook forward priority 0; policy accept;
${routed}  }
}
`;
}
