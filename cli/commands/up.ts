import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { prepareCluster, stopProcesses } from '#host/cluster.ts';
import type { HostLayout } from '#host/layout.ts';
import { cgroupVersion, distribution } from '#host/machine.ts';
import { loadSettings } from '#host/settings.ts';
import { collect } from '../collect.ts';
import type { CliContext, CommandModule } from '../command.ts';
import { layoutOf, type SettingFlags, settingsFrom } from '../host-context.ts';
import { upJoined } from '../join/up-joined.ts';
import { createProgress } from '../progress.ts';
import { applyHello, serverLog, waitForApi, waitForHello, waitForNode } from '../up/cluster-ready.ts';
import { importLocalImages } from '../up/local-images.ts';
import { checkMachine, ensurePackages, reportProcesses, startMachine } from '../up/machine-steps.ts';

interface UpFlags extends SettingFlags {
  readonly hello: boolean;
}

export const command: CommandModule = {
  register(program, context) {
    program
      .command('up')
      .description('Set up this machine and start the cluster; safe to run again: it repairs what is missing.')
      .option('--node-name <name>', "this machine's name in the cluster (default: its host name)")
      .option(
        '--node-address <address>',
        'the address others reach it at (default: auto, that of the default route, found anew at each start)',
      )
      .option('--api-port <port>', 'port of the API server (default: 6443)')
      .option(
        '--api-name <name>',
        'a further name or address by which clients reach the API server; may be repeated',
        collect,
      )
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
  const existing = loadSettings(layout.settingsFile);
  if (existing?.role === 'agent') return upJoined(layout, existing, flags, progress, context);
  const { settings } = settingsFrom(layout, flags);
  await checkMachine(layout, settings, context);
  progress.line(
    `Berth on ${settings.nodeName} (${distribution()?.name ?? 'Linux'}, cgroup ${cgroupVersion() ?? 'unknown'})`,
  );

  await ensurePackages(layout, 'server', progress);
  // A server that runs has read the former ones; containers do not notice its restart.
  if (existing && !isDeepStrictEqual(existing, settings)) await stopProcesses(layout, ['server'], context.clock);
  await prepareCluster(layout, settings, context.clock);
  progress.done('certificates', layout.pkiDir);

  const started = await startMachine(layout, settings, context);
  progress.doing('server', 'starting');
  const images = importLocalImages(layout, context);
  images.catch(() => {}); // Reported where it is awaited; the API may fail first.
  const client = await waitForApi(layout, context);
  try {
    await reportProcesses(layout, settings, started, progress, context);
    progress.doing('images', 'building and importing');
    progress.done('images', await images);
    progress.doing('node', 'waiting for Ready');
    progress.done('node', `${await waitForNode(client, settings.nodeName, serverLog(layout), context)} is Ready`);

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

function nextSteps(layout: HostLayout): string {
  const home = layout.home ? `BERTH_HOME=${layout.home} ` : '';
  return `
  kubeconfig    ${layout.kubeconfig}
  logs          ${layout.logDir}

Try next:
  ${home}bin/berth get pods
  export KUBECONFIG=${layout.kubeconfig}; kubectl get pods -o wide
  ${home}bin/berth apply -f manifests/hello.yaml
  ${home}bin/berth token create        prints the line that brings the next machine in

Stop it with ${home}bin/berth down (keeps everything) or ${home}bin/berth down --purge (removes everything).`;
}
