import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import type { Machine } from '../harness/machines/machine.ts';
import { type PlainPod, startPlainPod } from '../harness/machines/pod.ts';
import type { Running } from '../harness/machines/running.ts';
import { type Machines, startMachines } from '../harness/machines/start.ts';

const main = join(import.meta.dirname, '../harness/machines/network-main.ts');
const podCidrOf = (machine: Machine): string => `10.42.${machine.name.slice(1)}.0/24`;
const gatewayOf = (machine: Machine): string => `10.42.${machine.name.slice(1)}.1`;

/** Answers who asked and how many bytes it sent, followed by as many bytes. */
const serverScript = `
require('node:net').createServer({ allowHalfOpen: true }, (socket) => {
  let bytes = 0;
  socket.on('data', (data) => { bytes += data.length; }).on('error', () => {});
  socket.on('end', () => socket.end(socket.remoteAddress + ' ' + bytes + ' ' + 'x'.repeat(bytes)));
}).listen(8080, '0.0.0.0', () => console.log('listening'));
const echo = require('node:dgram').createSocket('udp4', (data, from) => echo.send(data, from.port, from.address, () => {}));
echo.bind(9);
`;
const clientScript = `
const [address, bytes] = process.argv.slice(1);
const socket = require('node:net').connect({ host: address, port: 8080, timeout: 4000 });
socket.on('timeout', () => socket.destroy(new Error('timeout')));
let answer = '';
socket.on('data', (data) => { answer += data; }).on('end', () => {
  const [from, sent, rest] = answer.split(' ');
  console.log(from, sent, rest.length);
}).on('error', (error) => console.log(error.message));
socket.end('x'.repeat(Number(bytes)));
`;
/** Sends datagrams that must not be fragmented, and prints the largest payload that was answered. */
const sizeScript = `
use Socket;
my ($address, @sizes) = @ARGV;
socket(my $socket, AF_INET, SOCK_DGRAM, 0) or die;
setsockopt($socket, 0, 10, pack('i', 2)) or die;
connect($socket, pack_sockaddr_in(9, inet_aton($address))) or die;
my $largest = 0;
for my $round (1 .. 2) {
  for my $size (sort { $a <=> $b } @sizes) {
    defined send($socket, 'x' x $size, 0) or next;
    my $bits = ''; vec($bits, fileno($socket), 1) = 1;
    next unless select($bits, undef, undef, 0.3);
    my $answer;
    defined recv($socket, $answer, 70000, 0) or next;
    $largest = $size if length($answer) == $size && $size > $largest;
  }
}
print $largest;
`;

interface Ask {
  run: PlainPod['run'];
}
const ask = async (from: Ask, address: string, bytes = 10): Promise<string> =>
  (await from.run(process.execPath, ['-e', clientScript, address, String(bytes)])).stdout.trim();
const largestDatagram = async (from: Ask, address: string, sizes: readonly number[]): Promise<number> =>
  Number((await from.run('perl', ['-e', sizeScript, address, ...sizes.map(String)])).stdout);

describe.each(['link', 'routed', 'mixed'] as const)('the pod network of three machines, %s', (topology) => {
  let machines: Machines;
  const networks = new Map<Machine, Running>();
  const pods = new Map<Machine, PlainPod>();
  const gone = new Set<Machine>();
  let version = 0;
  const one = (): Machine => machines.machine(1);
  const two = (): Machine => machines.machine(2);
  const three = (): Machine => machines.machine(3);
  const pod = (machine: Machine): PlainPod => pods.get(machine) ?? expect.fail(`no pod on ${machine.name}`);

  /** The list of Nodes as an informer has it. */
  const publish = (): void => {
    version += 1;
    const list = machines.machines
      .filter((machine) => !gone.has(machine))
      .map((machine) => ({
        metadata: { name: machine.name, uid: machine.name, resourceVersion: String(version) },
        spec: { podCIDR: podCidrOf(machine), podCIDRs: [podCidrOf(machine)] },
        status: { addresses: [{ type: 'InternalIP', address: machine.address }] },
      }));
    for (const network of networks.values()) network.write(`${JSON.stringify(list)}\n`);
  };
  const startNetwork = (machine: Machine): void => {
    networks.set(machine, machine.start(process.execPath, [main, machine.name], { env: { BERTH_HOME: machine.home } }));
  };
  const isReady = async (machine: Machine): Promise<void> => {
    const network = networks.get(machine);
    await eventually(() => expect(network?.output()).toContain('ready'), { pending: () => network?.output() });
  };
  const startPod = async (machine: Machine, name = 'a'): Promise<void> => {
    const made = await startPlainPod(machine, name);
    pods.set(machine, made);
    const server = made.start(process.execPath, ['-e', serverScript]);
    await eventually(() => server.output().includes('listening'));
  };
  const answers = (from: Ask, to: Machine, wanted: string): Promise<void> =>
    eventually(async () => expect(await ask(from, pod(to).address)).toBe(wanted), { everyMs: 200, withinMs: 15_000 });
  const state = async (machine: Machine): Promise<string> => {
    const { tunnel } = machine.layout;
    const commands = [
      'ip -4 route show table main proto 71',
      `ip -4 neigh show dev ${tunnel} nud permanent`,
      `bridge fdb show dev ${tunnel}`,
    ];
    return (await machine.run('sh', ['-c', commands.join('; ')])).stdout;
  };
  /** What a pod's own address looks like from far away. */
  const kept = (from: Machine, bytes = 10): string => `${pod(from).address} ${bytes} ${bytes}`;

  beforeAll(async () => {
    machines = await startMachines({ count: 3, topology });
    for (const machine of machines.machines) startNetwork(machine);
    publish();
    await Promise.all(machines.machines.map(isReady));
    await Promise.all(machines.machines.map((machine) => startPod(machine)));
  });
  afterAll(() => machines?.destroy());

  it('joins every pod to every other, which sees its own address', async () => {
    for (const from of machines.machines) {
      for (const to of machines.machines) if (from !== to) await answers(pod(from), to, kept(from));
    }
  });

  it('chooses the way by itself', async () => {
    const toThree =
      topology === 'link' ? `via ${three().address} dev eth0` : `via 10.42.3.0 dev ${one().layout.tunnel}`;
    const toTwo = topology === 'routed' ? `via 10.42.2.0 dev ${one().layout.tunnel}` : `via ${two().address} dev eth0`;
    const routes = await state(one());
    expect(routes).toContain(`10.42.3.0/24 ${toThree}`);
    expect(routes).toContain(`10.42.2.0/24 ${toTwo}`);
    const tunnel = await one().run('ip', ['link', 'show', one().layout.tunnel]);
    expect(tunnel.code === 0).toBe(topology !== 'link');
  });

  it('lets a machine reach pods elsewhere, and pods reach other machines', async () => {
    await answers(one(), three(), `${topology === 'link' ? one().address : gatewayOf(one())} 10 10`);
    const server = three().start(process.execPath, ['-e', serverScript]);
    await eventually(() => server.output().includes('listening'));
    expect(await ask(pod(one()), three().address)).toMatch(/ 10 10$/);
    await server.stop();
  });

  it('carries much, and packets of any size', async () => {
    const bytes = 3_000_000;
    expect(await ask(pod(one()), pod(three()).address, bytes)).toBe(kept(one(), bytes));
    const sizes = [100, 1_421, 1_422, 1_423, 1_471, 1_472, 1_473];
    expect(await largestDatagram(pod(one()), pod(three()).address, sizes)).toBe(topology === 'link' ? 1_472 : 1_422);
    expect(await largestDatagram(pod(one()), pod(two()).address, sizes)).toBe(topology === 'routed' ? 1_422 : 1_472);
  });

  it('follows a machine whose address changes', async () => {
    const old = two().address;
    const moved = old.replace(/\d+$/, '77');
    await two().setAddress(moved);
    publish();
    await answers(pod(one()), two(), kept(one()));
    await answers(pod(two()), three(), kept(two()));
    for (const machine of [one(), three()]) {
      await eventually(async () => {
        expect(await state(machine)).toContain(moved);
        expect(await state(machine)).not.toContain(old);
      });
    }
  });

  it('makes anew what somebody deletes', async () => {
    const { tunnel } = one().layout;
    for (const command of [
      `ip link delete ${tunnel}`,
      'ip route flush proto 71',
      `ip neigh flush nud permanent dev ${tunnel}`,
      `for mac in $(bridge fdb show dev ${tunnel} | cut -d ' ' -f 1); do bridge fdb delete $mac dev ${tunnel}; done`,
    ]) {
      await one().run('sh', ['-c', command]);
      await answers(pod(one()), three(), kept(one()));
    }
  });

  it('keeps connections while the agent starts anew', async () => {
    const slow = `
      const socket = require('node:net').connect(8080, '${pod(three()).address}');
      socket.on('data', (data) => process.stdout.write(String(data))).on('error', (error) => console.log(error.message));
      socket.write('x');
      process.stdin.on('data', () => socket.end('y'));
      console.log('begun');
    `;
    const flow = pod(one()).start(process.execPath, ['-e', slow]);
    await eventually(() => flow.output().includes('begun'));
    networks.get(one())?.signal('SIGKILL');
    await networks.get(one())?.ended;
    startNetwork(one());
    publish();
    await isReady(one());
    flow.write('go on');
    await eventually(() => expect(flow.output()).toContain(`${pod(one()).address} 2 xx`));
    await flow.stop();
  });

  it('comes back after a restart of the machine, without a server', async () => {
    await one().powerOff();
    await one().powerOn();
    startNetwork(one());
    await isReady(one());
    await startPod(one(), 'b');
    await answers(pod(one()), three(), kept(one()));
    await answers(pod(two()), one(), kept(two()));
    publish();
  });

  it('forgets a node that is removed, and takes it back', async () => {
    gone.add(three());
    publish();
    await eventually(async () => expect(await state(one())).not.toMatch(/10\.42\.3\.|02:be:0a:2a:03/));
    expect(await state(one())).toContain('10.42.2.0/24');
    gone.clear();
    publish();
    await answers(pod(one()), three(), kept(one()));
  });
});
