import { mustRun, type RunOptions, type RunResult, run } from '../harness/run.ts';

/** A network namespace with one bridge: the switch that the machines hang on, and the desk from which they are driven. */
export interface VmNetwork {
  readonly namespace: string;
  /** The desk's own address. */
  readonly address: string;
  addressOf(index: number): string;
  tapOf(index: number): string;
  /** Runs a program that sees this network. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** The command and arguments that start a program in this network. */
  wrap(command: string, args: readonly string[]): [string, string[]];
  /** Pulls the machine's cable, or puts it back. */
  cable(index: number, plugged: boolean): Promise<void>;
  destroy(): Promise<void>;
}

const subnet = '10.77.0';

export async function createVmNetwork(namespace: string, machines: number): Promise<VmNetwork> {
  const ip = (...args: string[]): Promise<string> => mustRun('ip', ['-n', namespace, ...args]);
  const tapOf = (index: number): string => `tap${index}`;
  const wrap = (command: string, args: readonly string[]): [string, string[]] => [
    'nsenter',
    [`--net=/run/netns/${namespace}`, command, ...args],
  ];
  await mustRun('ip', ['netns', 'add', namespace]);
  await ip('link', 'set', 'lo', 'up');
  await ip('link', 'add', 'br0', 'type', 'bridge');
  await ip('address', 'add', `${subnet}.1/24`, 'dev', 'br0');
  await ip('link', 'set', 'br0', 'up');
  for (let index = 0; index < machines; index++) {
    await ip('tuntap', 'add', tapOf(index), 'mode', 'tap');
    await ip('link', 'set', tapOf(index), 'master', 'br0', 'up');
  }
  return {
    namespace,
    address: `${subnet}.1`,
    addressOf: (index) => `${subnet}.${11 + index}`,
    tapOf,
    wrap,
    run: (command, args, options) => run(...wrap(command, args), options),
    async cable(index, plugged) {
      if (plugged) await ip('link', 'set', tapOf(index), 'master', 'br0');
      else await ip('link', 'set', tapOf(index), 'nomaster');
    },
    async destroy() {
      await mustRun('ip', ['netns', 'delete', namespace]);
    },
  };
}
