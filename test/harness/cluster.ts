import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createRealClock } from '#base/real/clock.ts';
import { processStates, stopProcesses } from '#host/cluster.ts';
import { type HostLayout, hostLayout } from '#host/layout.ts';
import { findCommand } from '#host/packages.ts';
import type { ProcessName } from '#host/processes/keeper.ts';
import { removeCgroup } from '#host/removal/cgroups.ts';
import { claim, sweepAbandoned } from './owned.ts';
import { freePorts } from './ports.ts';
import { mustRun, type RunOptions, type RunResult, run } from './run.ts';

/** A whole cluster of one node, made with `berth up` in a folder, with ports and kernel names of its own. */
export interface TestCluster {
  readonly layout: HostLayout;
  readonly apiPort: number;
  readonly upOutput: string;
  /** The machine's kubectl. */
  kubectl(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  berth(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** kubectl that must succeed; returns what it printed. */
  k(...args: string[]): Promise<string>;
  /** `kubectl apply -f -` of this text; must succeed. */
  apply(yaml: string): Promise<string>;
  /** `up` again, with the same flags. */
  up(): Promise<RunResult>;
  down(...flags: string[]): Promise<RunResult>;
  /** Pid of etcd, containerd or the server. */
  pid(name: ProcessName): number;
  /** Removes everything. Prints the server's last words when `failed`. */
  destroy(): Promise<void>;
}

const root = join(import.meta.dirname, '../..');
const berthCommand = join(root, 'bin/berth');

/**
 * `podSubnet` is the third byte of the pod network, so that clusters beside each other do not share one; `podCidr` is the
 * whole network, for many nodes.
 */
export async function startCluster(
  options: { hello?: boolean; podSubnet?: number; podCidr?: string } = {},
): Promise<TestCluster> {
  await sweepAbandoned();
  const home = mkdtempSync('/var/tmp/berth-test-');
  const layout = hostLayout(home);
  claim(home, layout);
  const first = await freePorts(4);
  const env = { BERTH_HOME: home, KUBECONFIG: layout.kubeconfig };
  const upArgs = [
    'up',
    `--api-port=${first}`,
    `--agent-port=${first + 1}`,
    `--etcd-port=${first + 2}`,
    `--pod-cidr=${options.podCidr ?? `10.42.${options.podSubnet ?? 100}.0/24`}`,
    ...(options.hello ? [] : ['--no-hello']),
  ];
  const berth = (args: readonly string[], more: RunOptions = {}): Promise<RunResult> =>
    run(berthCommand, args, { ...more, env: { ...env, ...more.env } });
  const kubectlCommand = findCommand('kubectl') ?? join(root, '.cache/kubectl-debian/usr/bin/kubectl');
  const kubectl = (args: readonly string[], more: RunOptions = {}): Promise<RunResult> =>
    run(kubectlCommand, args, { ...more, env: { ...env, ...more.env } });
  const destroy = async (): Promise<void> => {
    // What does not listen to SIGTERM would be given its 10 s: `berth down` has tests of its own.
    const clock = createRealClock();
    await stopProcesses(layout, ['server'], clock);
    await removeCgroup(layout.cgroupRoot, clock);
    const result = await berth(['down', '--purge'], { timeoutMs: 120_000 });
    if (result.code !== 0) throw new Error(`down --purge failed: ${result.stdout}${result.stderr}`);
    rmSync(home, { recursive: true, force: true });
  };

  const result = await berth(upArgs, { timeoutMs: 240_000 });
  if (result.code !== 0) {
    const log = readTail(join(layout.logDir, 'server.log'));
    await destroy();
    throw new Error(`berth up failed:\n${result.stdout}${result.stderr}\nserver log:\n${log}`);
  }
  return {
    layout,
    apiPort: first,
    upOutput: result.stdout,
    kubectl,
    berth,
    k: (...args) => mustRun(kubectlCommand, args, { env }),
    apply: (yaml) => mustRun(kubectlCommand, ['apply', '-f', '-'], { env, input: yaml }),
    up: () => berth(upArgs, { timeoutMs: 240_000 }),
    down: (...flags) => berth(['down', ...flags]),
    pid(name) {
      const found = processStates(layout, createRealClock(), [name])[0]?.pid;
      if (found === undefined) throw new Error(`${name} does not run`);
      return found;
    },
    destroy,
  };
}

function readTail(file: string): string {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(-40).join('\n');
  } catch {
    return '(none)';
  }
}
