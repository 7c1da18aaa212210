import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { clusterProcesses, prepareCluster, processStates, startProcesses } from '#host/cluster.ts';
import type { HostLayout } from '#host/layout.ts';
import { cgroupVersion, distribution } from '#host/machine.ts';
import { installPackages, missingPackages } from '#host/packages.ts';
import { describeFindings, preflight } from '#host/preflight.ts';
import { waitUntil } from '#host/processes/supervised.ts';
import { type CliContext, CliError, type CommandModule } from '../command.ts';
import { layoutOf, type SettingFlags, settingsFrom } from '../host-context.ts';
import { createProgress, type Progress } from '../progress.ts';
import { applyHello, waitForApi, waitForHello, waitForNode } from '../up/cluster-ready.ts';
import { importLocalImages } from '../up/local-images.ts';

interface UpFlags extends SettingFlags {
  readonly hello: boolean;
}

export const command: CommandModule = {
  register(program, context) {
    program
      .command('up')
      .description('Set up this machine and start the cluster; safe to run again: it repairs what is missing.')
      .option('--node-name <name>', "this machine's name in the cluster (default: its host name)")
      .option('--node-address <address>', 'the address others reach it at (default: that of the default route)')
      .option('--api-port <port>', 'port of the API server (default: 6443)')
      .option('--agent-port <port>', 'port of the node agent (default: 10250)')
      .option('--etcd-port <port>', 'loopback port of etcd; the next one is taken too (default: 6441)')
      .option('--pod-cidr <cidr>', 'addresses of all pods; each machine gets a /24 of them (default: 10.42.0.0/16)')
      .option('--service-cidr <cidr>', 'addresses of services (default: 10.43.0.0/16)')
      .option('--cluster-domain <name>', "the end of every service's name (default: cluster.local)")
      .option('--network <mode>', 'how machines reach pods of each other: auto, route or vxlan (default: auto)')
      .option('--detect <seconds>', 'a machine counts as dead after this long without a sign of life (default: 4s)')
      .option('--evict <seconds>', 'its pods are replaced this long after that (default: 2s)')
      .option(
        '--fence <seconds>',
        'a machine cut off for this long stops its StatefulSet pods; 0s: never (default: 6s)',
      )
      .option('--no-hello', 'do not apply manifests/hello.yaml on a new cluster')
      .addHelpText(
        'after',
        '\nExamples:\n  berth up\n  BERTH_HOME=/srv/test berth up --api-port 7443 --agent-port 11250 --etcd-port 7441',
      )
      .action((flags: UpFlags) => up(context, flags));
  },
};

async function up(context: CliContext, flags: UpFlags): Promise<void> {
  const progress = createProgress(context, 14);
  const layout = layoutOf(context);
  await checkMachine(layout, flags);
  const { settings } = settingsFrom(layout, flags);
  progress.line(
    `Berth on ${settings.nodeName} (${distribution()?.name ?? 'Linux'}, cgroup ${cgroupVersion() ?? 'unknown'})`,
  );

  await ensurePackages(layout, progress);
  await prepareCluster(layout, settings, context.clock);
  progress.done('certificates', layout.pkiDir);

  const started = startProcesses(clusterProcesses(layout, settings));
  progress.doing('server', 'starting');
  const images = importLocalImages(layout, context);
  images.catch(() => {}); // Reported where it is awaited; the API may fail first.
  const client = await waitForApi(layout, context);
  try {
    await reportProcesses(layout, started, progress, context);
    progress.doing('images', 'building and importing');
    progress.done('images', await images);
    progress.doing('node', 'waiting for Ready');
    progress.done('node', `${await waitForNode(client, settings.nodeName, layout, context)} is Ready`);

    const marker = join(layout.stateDir, 'hello-applied');
    if (flags.hello && !existsSync(marker)) {
      await applyHello(client, marker);
      progress.doing('hello', 'waiting for its pods');
      progress.done('hello', await waitForHello(client, context));
    }
  } finally {
    await client.close();
  }
  progress.line(
    started.length === 0 ? '\nThe cluster is up already; nothing had to be started.' : '\nThe cluster is up.',
  );
  progress.line(nextSteps(layout));
}

async function checkMachine(layout: HostLayout, flags: SettingFlags): Promise<void> {
  const running = new Set(
    processStates(layout)
      .filter((one) => one.supervised)
      .map((one) => one.name),
  );
  const { settings } = settingsFrom(layout, flags);
  const ports = [
    { process: 'server', port: settings.apiPort, use: 'API server', flag: '--api-port' },
    { process: 'server', port: settings.agentPort, use: 'node agent', flag: '--agent-port' },
    { process: 'etcd', port: settings.etcdPort, use: 'etcd', flag: '--etcd-port' },
    { process: 'etcd', port: settings.etcdPeerPort, use: 'etcd peers', flag: '--etcd-port' },
  ].filter((one) => !running.has(one.process));
  const findings = await preflight({ ports });
  if (findings.length > 0) {
    throw new CliError(`this machine cannot run Berth yet; nothing was changed:\n${describeFindings(findings)}`);
  }
}

async function ensurePackages(layout: HostLayout, progress: Progress): Promise<void> {
  const missing = missingPackages();
  if (missing.length === 0) return progress.done('packages', 'all there');
  for (const one of missing) progress.line(`  installing ${one.name}: ${one.why}`);
  progress.doing('packages', 'installing');
  mkdirSync(layout.logDir, { recursive: true, mode: 0o755 });
  await installPackages(missing, join(layout.logDir, 'install.log'));
  progress.done('packages', `installed ${missing.length}`);
}

async function reportProcesses(
  layout: HostLayout,
  started: readonly string[],
  progress: Progress,
  context: CliContext,
): Promise<void> {
  await waitUntil(() => processStates(layout).every((one) => one.pid !== undefined), context.clock, 10_000);
  for (const one of processStates(layout)) {
    const how = started.includes(one.name) ? 'started' : 'running';
    progress.done(one.name, one.pid ? `${how} (pid ${one.pid})` : `does not stay up: see ${one.logFile}`);
  }
}

function nextSteps(layout: HostLayout): string {
  const home = layout.home ? `BERTH_HOME=${layout.home} ` : '';
  return `
  kubeconfig    ${layout.kubeconfig}
  logs          ${layout.logDir}

Try next:
  ${home}bin/berth get pods
  export KUBECONFIG=${layout.kubeconfig}; kubectl get pods -o wide
  ${home}bin/berth apply -f manifests/hello.yaml

Stop it with ${home}bin/berth down (keeps everything) or ${home}bin/berth down --purge (removes everything).`;
}
