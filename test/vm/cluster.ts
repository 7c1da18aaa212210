import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand } from '#host/packages.ts';
import { type RunOptions, type RunResult, run } from '../harness/run.ts';
import { buildCheckoutDisk } from './checkout-disk.ts';
import { buildImage } from './image.ts';
import { createMachine, type VirtualMachine } from './machine.ts';
import { createVmNetwork, type VmNetwork } from './network.ts';

/** Machines that have booted and know nothing of Berth but its checkout in /opt/berth. */
export interface VmSet {
  readonly machines: readonly VirtualMachine[];
  readonly network: VmNetwork;
  readonly folder: string;
  /** From outside of the machines, with the kubeconfig that `useKubeconfig` took. */
  kubectl(...args: string[]): Promise<string>;
  berth(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Takes the admin's kubeconfig from the first machine. */
  useKubeconfig(): Promise<void>;
  destroy(): Promise<void>;
}

const root = join(import.meta.dirname, '../..');
const prefix = 'berth-vm-';

/** `packages` are installed on them beside what Berth needs. */
export async function startVms(
  count: number,
  progress: (line: string) => void,
  packages: readonly string[] = [],
): Promise<VmSet> {
  await sweepAbandoned();
  const image = await buildImage(progress, packages);
  const namespace = `${prefix}${process.pid}`;
  const folder = mkdtempSync(`/var/tmp/${namespace}-`);
  const network = await createVmNetwork(namespace, count);
  const machines: VirtualMachine[] = [];
  const destroy = async (): Promise<void> => {
    await Promise.all(machines.map((machine) => machine.powerOff()));
    await network.destroy();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const checkoutDisk = join(folder, 'checkout.ext4');
    await buildCheckoutDisk(checkoutDisk);
    progress('booting');
    for (let index = 0; index < count; index++) {
      machines.push(await createMachine({ index, image, checkoutDisk, network, folder }));
    }
    await Promise.all(machines.map((machine) => machine.start()));
  } catch (error) {
    await destroy();
    throw error;
  }
  const kubeconfig = join(folder, 'kubeconfig');
  const env = { KUBECONFIG: kubeconfig };
  const kubectlCommand = findCommand('kubectl') ?? join(root, '.cache/kubectl-debian/usr/bin/kubectl');
  return {
    machines,
    network,
    folder,
    destroy,
    async kubectl(...args) {
      const result = await network.run(kubectlCommand, args, { env, timeoutMs: 180_000 });
      if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stdout}${result.stderr}`);
      return result.stdout;
    },
    berth: (args, options = {}) =>
      network.run(join(root, 'bin/berth'), args, { ...options, env: { ...env, ...options.env } }),
    async useKubeconfig() {
      const [first] = machines;
      const text = (await first?.must('cat /var/lib/berth/admin.kubeconfig')) ?? '';
      mkdirSync(folder, { recursive: true });
      writeFileSync(kubeconfig, text.replaceAll('https://127.0.0.1:', `https://${first?.address}:`), { mode: 0o600 });
    },
  };
}

/** What a run that was killed has left: its machines are gone with it, its network and its disks are not. */
async function sweepAbandoned(): Promise<void> {
  const { stdout } = await run('ip', ['netns', 'list']);
  const names = stdout.split('\n').map((line) => line.split(' ')[0] ?? '');
  for (const name of names.filter((one) => one.startsWith(prefix) && !lives(one)))
    await run('ip', ['netns', 'delete', name]);
  for (const name of readdirSync('/var/tmp').filter((one) => one.startsWith(prefix) && !lives(one))) {
    rmSync(join('/var/tmp', name), { recursive: true, force: true });
  }
}

/** The name says whose it is: `berth-vm-<pid>`, and for folders a suffix. */
function lives(name: string): boolean {
  const pid = name.slice(prefix.length).split('-')[0];
  try {
    return /vitest|node/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  } catch {
    return false;
  }
}
