import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { clusterProcesses, processNamesOf, processStates, startProcesses } from '#host/cluster.ts';
import { runDoctor } from '#host/doctor/doctor.ts';
import type { HostLayout } from '#host/layout.ts';
import { installPackages, missingPackages } from '#host/packages.ts';
import { describeFindings } from '#host/preflight.ts';
import { waitUntil } from '#host/processes/supervised.ts';
import type { HostSettings } from '#host/settings.ts';
import { type CliContext, CliError } from '../command.ts';
import type { Progress } from '../progress.ts';

/** What `up` and `join` do on any machine. */

/** Without these nothing starts. All else that is wrong is told of, and may be mended later. */
const stopping: ReadonlySet<string> = new Set(['machine', 'ports', 'cgroups', 'node']);

/** Throws a CliError that lists everything that keeps the machine from being one of ours. Changes nothing. */
export async function checkMachine(layout: HostLayout, settings: HostSettings, context: CliContext): Promise<void> {
  const { findings } = await runDoctor({
    layout,
    settings,
    installed: existsSync(layout.settingsFile),
    ports: portsToBeFree(layout, settings, context),
    depth: 'quick',
  });
  const stops = findings.filter(({ check, severity }) => severity === 'error' && stopping.has(check));
  if (stops.length > 0) {
    throw new CliError(`this machine cannot run Berth yet; nothing was changed:\n${describeFindings(stops)}`);
  }
  for (const { check, problem, fix } of findings) {
    context.stderr.write(`warning: ${check}: ${problem}\n  ${fix}\n`);
  }
}

/** The ports that our own processes do not hold already. */
export function portsToBeFree(layout: HostLayout, settings: HostSettings, context: CliContext) {
  const running = new Set<string>(
    processStates(layout, context.clock)
      .filter((one) => one.supervised)
      .map((one) => one.name),
  );
  return portsOf(settings).filter((one) => !running.has(one.process));
}

function portsOf(settings: HostSettings) {
  const { role, agentPort } = settings;
  const agent = { process: role, port: agentPort, use: 'node agent', flag: '--agent-port' };
  if (role === 'agent') return [agent];
  return [
    { process: 'server', port: settings.apiPort, use: 'API server', flag: '--api-port' },
    agent,
    { process: 'etcd', port: settings.etcdPort, use: 'etcd', flag: '--etcd-port' },
    { process: 'etcd', port: settings.etcdPeerPort, use: 'etcd peers', flag: '--etcd-port' },
  ];
}

export async function ensurePackages(
  layout: HostLayout,
  role: HostSettings['role'],
  progress: Progress,
): Promise<void> {
  const missing = missingPackages(role);
  if (missing.length === 0) return progress.done('packages', 'all there');
  for (const one of missing) progress.line(`  installing ${one.name}: ${one.why}`);
  progress.doing('packages', 'installing');
  mkdirSync(layout.logDir, { recursive: true, mode: 0o755 });
  await installPackages(missing, join(layout.logDir, 'install.log'));
  progress.done('packages', `installed ${missing.length}`);
}

/** Returns the names of the processes that it started. */
export const startMachine = (layout: HostLayout, settings: HostSettings, context: CliContext): Promise<string[]> =>
  startProcesses(layout, clusterProcesses(layout, settings), context.clock);

export async function reportProcesses(
  layout: HostLayout,
  settings: HostSettings,
  started: readonly string[],
  progress: Progress,
  context: CliContext,
): Promise<void> {
  const states = () => processStates(layout, context.clock, processNamesOf(settings.role));
  await waitUntil(() => states().every((one) => one.pid !== undefined), context.clock, 10_000);
  for (const one of states()) {
    const how = started.includes(one.name) ? 'started' : 'running';
    progress.done(one.name, one.pid ? `${how} (pid ${one.pid})` : `does not stay up: see ${one.logFile}`);
  }
}
