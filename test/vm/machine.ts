import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun, type RunResult } from '../harness/run.ts';
import { createGuestAgent } from './guest-agent.ts';
import type { VmImage } from './image.ts';
import type { VmNetwork } from './network.ts';

/** A whole virtual machine: Debian with its own kernel, systemd and cgroup v2. */
export interface VirtualMachine {
  readonly name: string;
  readonly address: string;
  /** Boots it; resolves when it takes commands. The disk is as it was left. */
  start(): Promise<void>;
  /** As pulling the plug. */
  powerOff(): Promise<void>;
  /** By its own init, as a user would. Resolves when it takes commands again. */
  reboot(): Promise<void>;
  shell(command: string, timeoutMs?: number): Promise<RunResult>;
  /** As shell; throws with everything that was said when it fails. */
  must(command: string, timeoutMs?: number): Promise<string>;
  cut(): Promise<void>;
  heal(): Promise<void>;
  console(): string;
}

export interface MachineOptions {
  readonly index: number;
  readonly image: VmImage;
  readonly checkoutDisk: string;
  readonly network: VmNetwork;
  /** For disks, sockets and the console's log. */
  readonly folder: string;
  readonly memoryMb?: number;
  /** @default `vm<index + 1>` */
  readonly name?: string;
}

const bootMs = 180_000;

export async function createMachine(options: MachineOptions): Promise<VirtualMachine> {
  const { index, network, folder } = options;
  const name = options.name ?? `vm${index + 1}`;
  const path = (suffix: string): string => join(folder, `${name}.${suffix}`);
  const layer = (base: string, file: string): Promise<string> =>
    mustRun('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', base, file]);
  await layer(options.image.disk, path('root.qcow2'));
  await layer(options.checkoutDisk, path('checkout.qcow2'));
  const guest = createGuestAgent(path('agent.sock'));
  const log = path('console.log');
  let qemu: ChildProcess | undefined;

  const shell = (command: string, timeoutMs?: number): Promise<RunResult> =>
    guest.shell(command, timeoutMs === undefined ? {} : { timeoutMs });

  const powerOff = async (): Promise<void> => {
    const running = qemu;
    qemu = undefined;
    if (!isRunning(running)) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await ended;
  };

  const bootId = async (): Promise<string> => (await shell('cat /proc/sys/kernel/random/boot_id')).stdout;

  return {
    name,
    address: network.addressOf(index),
    shell,
    powerOff,
    cut: () => network.cable(index, false),
    heal: () => network.cable(index, true),
    console: () => (existsSync(log) ? readFileSync(log, 'utf8') : ''),
    async start() {
      if (isRunning(qemu)) throw new Error(`${name} runs already`);
      rmSync(path('agent.sock'), { force: true });
      const output = openSync(log, 'a');
      const started = spawn(...network.wrap('qemu-system-x86_64', qemuArguments(options, name, path)), {
        stdio: ['ignore', output, output],
      });
      closeSync(output);
      qemu = started;
      const failed = new Promise<never>((_, reject) => {
        started.once('exit', (code) => reject(new Error(`QEMU ended with ${code}: ${readFileSync(log, 'utf8')}`)));
      });
      failed.catch(() => undefined);
      await Promise.race([guest.ready(bootMs), failed]);
    },
    async reboot() {
      const before = await bootId();
      await shell('systemctl reboot').catch(() => undefined); // It may be gone before it has answered.
      const until = Date.now() + bootMs;
      for (;;) {
        const now = await bootId().catch(() => before);
        if (now !== '' && now !== before) return;
        if (Date.now() > until) throw new Error(`${name} did not come back within ${bootMs} ms`);
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    },
    async must(command, timeoutMs) {
      const result = await shell(command, timeoutMs);
      if (result.code === 0) return result.stdout;
      throw new Error(`${name}: ${command} ended with ${result.code}\n${result.stdout}\n${result.stderr}`);
    },
  };
}

const isRunning = (process: ChildProcess | undefined): process is ChildProcess =>
  process !== undefined && process.exitCode === null && process.signalCode === null;

function qemuArguments(
  { index, image, network, memoryMb = 1536 }: MachineOptions,
  name: string,
  path: (suffix: string) => string,
): string[] {
  const address = `ip=${network.addressOf(index)}::${network.address}:255.255.255.0:${name}:eth0:off`;
  // The host's own id would be shared by all: they come from one image.
  const machineId = `systemd.machine_id=${String(index + 1).padStart(32, 'b')}`;
  const kernel = `root=/dev/vda rw console=ttyS0 quiet net.ifnames=0 mitigations=off systemd.hostname=${name} ${address} ${machineId}`;
  const accelerator = acceleratorOf();
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-machine', 'q35', '-m', String(memoryMb), '-smp', '2'],
    ...accelerator,
    ...['-kernel', image.kernel, '-initrd', image.initrd, '-append', kernel],
    ...['-drive', `file=${path('root.qcow2')},if=virtio,format=qcow2,cache=unsafe`],
    ...['-drive', `file=${path('checkout.qcow2')},if=virtio,format=qcow2,cache=unsafe`],
    ...['-netdev', `tap,id=net0,ifname=${network.tapOf(index)},script=no,downscript=no`],
    ...['-device', `virtio-net-pci,netdev=net0,mac=52:54:00:00:00:${(17 + index).toString(16)}`],
    ...['-device', 'virtio-serial', '-chardev', `socket,path=${path('agent.sock')},server=on,wait=off,id=agent`],
    ...['-device', 'virtserialport,chardev=agent,name=org.qemu.guest_agent.0', '-device', 'virtio-rng-pci'],
    ...['-serial', 'stdio', '-monitor', 'none'],
  ];
}

/** Without KVM a machine is a program that runs a processor in software: about a tenth of the speed, or less. */
export const isEmulated = (): boolean =>
  !existsSync('/dev/kvm') || !/\b(vmx|svm)\b/.test(readFileSync('/proc/cpuinfo', 'utf8'));

const acceleratorOf = (): string[] =>
  isEmulated() ? ['-accel', 'tcg,thread=multi', '-cpu', 'max'] : ['-accel', 'kvm', '-cpu', 'host'];
