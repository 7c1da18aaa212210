import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '#test/harness/eventually.ts';
import { startVms, type VmSet } from '#test/vm/cluster.ts';
import type { VirtualMachine } from '#test/vm/machine.ts';
import type { BenchRow, Measurement } from '../row.ts';

const root = join(import.meta.dirname, '../..');
const exec = promisify(execFile);
const replicas = 6;
const image = 'guestbook.local/web:1';
const patient = { withinMs: 240_000, everyMs: 100 };

/** Seconds after the plug of one of three machines was pulled. */
interface Times {
  readonly noticed: number;
  readonly replaced: number;
}

/** The plug of one of three virtual machines is pulled: when is it noticed, and when does everything run elsewhere? */
export const machineDeath: Measurement = {
  name: 'machine-death',
  onRequest: true,
  async run(report) {
    const ours = { noticed: NaN, replaced: NaN };
    void berth;
    const swarm = await onMachines(['docker.io', 'apparmor'], report, dockerSwarm);
    const row = (what: string, mine: number, theirs: number, goal: number): BenchRow => ({
      what,
      ours: `${mine.toFixed(1)} s`,
      limit: `Docker Swarm ${theirs.toFixed(1)} s`,
      ratio: `${(mine / theirs).toFixed(2)} ×`,
      goal: `≤ ${goal} s`,
      met: mine <= goal,
    });
    return [
      row('power off → noticed', ours.noticed, swarm.noticed, 5),
      row(`power off → ${replicas} replicas Running elsewhere`, ours.replaced, swarm.replaced, 10),
    ];
  },
};

type Report = (line: string) => void;
type Peer = (vms: VmSet, images: string, report: Report) => Promise<Times>;

async function onMachines(packages: readonly string[], report: Report, peer: Peer): Promise<Times> {
  const vms = await startVms(3, report, packages);
  try {
    const images = join(vms.folder, 'images');
    await exec(join(root, 'manifests/guestbook/build-images'), [images]);
    const times = await peer(vms, join(images, 'guestbook-web.tar'), report);
    report(`${peer.name}: noticed after ${times.noticed.toFixed(1)} s, replaced after ${times.replaced.toFixed(1)} s`);
    return times;
  } finally {
    await vms.destroy();
  }
}

async function berth(vms: VmSet, file: string, report: Report): Promise<Times> {
  const [first, second, third] = threeOf(vms);
  await first.must('cd /opt/berth && bin/berth up --no-hello', 240_000);
  const line = await first.must('cd /opt/berth && bin/berth token create');
  await Promise.all([second, third].map((one) => one.must(`cd /opt/berth && ${line}`, 240_000)));
  await vms.useKubeconfig();
  const load = await vms.berth(['image', 'load', file], { timeoutMs: 240_000 });
  if (load.code !== 0) throw new Error(load.stderr);
  await vms.kubectl('create', 'deployment', 'web', `--image=${image}`, `--replicas=${replicas}`);
  const running = async (): Promise<number> => {
    const path = '{range .items[*]}{.spec.nodeName}={.status.phase}={.metadata.deletionTimestamp}{"\\n"}{end}';
    const text = await vms.kubectl('get', 'pods', '-l', 'app=web', '-o', `jsonpath=${path}`);
    return text.split('\n').filter((pod) => pod.endsWith('=Running=') && !pod.startsWith(third.name)).length;
  };
  await vms.kubectl('rollout', 'status', 'deployment/web', '--timeout=180s');
  report(`${await running()} of ${replicas} run beside the machine that will die`);
  const ready = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}';
  return killed(
    third,
    async () => (await vms.kubectl('get', 'node', third.name, '-o', ready)) !== 'True',
    async () => (await running()) >= replicas,
  );
}

async function dockerSwarm(vms: VmSet, file: string, report: Report): Promise<Times> {
  const machines = threeOf(vms);
  const [first, second, third] = machines;
  await Promise.all(machines.map((one) => one.must('systemctl start docker', 180_000)));
  await first.must(`docker swarm init --advertise-addr ${first.address}`);
  const token = (await first.must('docker swarm join-token -q worker')).trim();
  for (const one of [second, third]) await one.must(`docker swarm join --token ${token} ${first.address}:2377`);
  const served = await serveFile(vms, file);
  try {
    const load = `busybox wget -qO- http://${vms.network.address}:8099/web.tar | docker load`;
    await Promise.all(machines.map((one) => one.must(load, 180_000)));
  } finally {
    served();
  }
  await first.must(`docker service create -d --no-resolve-image --name web --replicas ${replicas} ${image}`);
  const running = async (): Promise<number> => {
    const text = await first.must(
      "docker service ps web --filter desired-state=running --format '{{.Node}} {{.CurrentState}}'",
    );
    return text.split('\n').filter((task) => /^\S+ Running/.test(task) && !task.startsWith(`${third.name} `)).length;
  };
  const all = 'docker service ps web --format "{{.CurrentState}}" | grep -c ^Running';
  await eventually(async () => Number((await first.shell(all)).stdout) === replicas, {
    ...patient,
    pending: () => first.must('docker service ps --no-trunc web'),
  });
  report(`${await running()} of ${replicas} run beside the machine that will die`);
  return killed(
    third,
    async () => !(await first.must(`docker node inspect ${third.name} --format '{{.Status.State}}'`)).includes('ready'),
    async () => (await running()) >= replicas,
  );
}

async function killed(
  victim: VirtualMachine,
  isNoticed: () => Promise<boolean>,
  isReplaced: () => Promise<boolean>,
): Promise<Times> {
  await victim.powerOff();
  const beganMs = performance.now();
  const when = async (look: () => Promise<boolean>): Promise<number> => {
    await eventually(look, patient);
    return (performance.now() - beganMs) / 1000;
  };
  const [noticed, replaced] = await Promise.all([when(isNoticed), when(isReplaced)]);
  return { noticed, replaced };
}

/** Gives the file to the machines from the desk. Returns what ends it. */
async function serveFile(vms: VmSet, file: string): Promise<() => void> {
  const { spawn } = await import('node:child_process');
  const folder = join(file, '..');
  await exec('cp', [file, join(folder, 'web.tar')]);
  const [command, args] = vms.network.wrap('busybox', [
    'httpd',
    '-f',
    '-p',
    `${vms.network.address}:8099`,
    '-h',
    folder,
  ]);
  const server = spawn(command, args, { stdio: 'ignore' });
  return () => server.kill();
}

function threeOf({ machines }: VmSet): [VirtualMachine, VirtualMachine, VirtualMachine] {
  const [first, second, third] = machines;
  if (!first || !second || !third) throw new Error('three machines are needed');
  return [first, second, third];
}
