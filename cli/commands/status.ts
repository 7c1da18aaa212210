import { processNamesOf, processStates } from '#host/cluster.ts';
import { type HostSettings, loadSettings } from '#host/settings.ts';
import type { CliContext, CommandModule } from '../command.ts';
import { layoutOf } from '../host-context.ts';
import { writeStructured } from '../printers/structured.ts';

export const command: CommandModule = {
  register(program, context) {
    program
      .command('status')
      .description('Show what runs on this machine. Exit code 0: all of it; 3: some of it; 4: none of it.')
      .option('-o, --output <format>', 'json or yaml')
      .addHelpText('after', '\nExamples:\n  berth status\n  berth status -o json')
      .action((flags: { output?: string }) => void showStatus(context, flags.output));
  },
};

function showStatus(context: CliContext, format: string | undefined): void {
  const layout = layoutOf(context);
  const settings = loadSettings(layout.settingsFile);
  const processes = processStates(layout, context.clock, processNamesOf(settings?.role ?? 'server'));
  const kubeconfig = settings?.role === 'agent' ? undefined : layout.kubeconfig;
  const running = processes.filter((one) => one.pid !== undefined).length;
  process.exitCode = running === processes.length ? 0 : running > 0 ? 3 : 4;
  if (format !== undefined) {
    writeStructured(context, format, { installed: settings !== undefined, settings, kubeconfig, processes });
    return;
  }
  if (!settings) {
    context.stdout.write(
      'Berth is not set up on this machine. Make a cluster with: berth up\n' +
        'Or bring it into one: on its server, berth token create prints the line.\n',
    );
    return;
  }
  const line = (name: string, text: string): void => void context.stdout.write(`  ${name.padEnd(12)}${text}\n`);
  for (const one of processes) {
    const state = one.pid ? `running (pid ${one.pid})` : one.supervised ? 'starting again' : 'stopped';
    line(one.name, `${state.padEnd(24)}${one.logFile}`);
  }
  line('node', `${settings.nodeName} at ${settings.nodeAddress}`);
  for (const [name, text] of placesOf(settings)) line(name, text);
  if (kubeconfig) line('kubeconfig', kubeconfig);
  if (running < processes.length) context.stdout.write('\nStart what is missing with: berth up\n');
}

const placesOf = (settings: HostSettings): (readonly [string, string])[] =>
  settings.role === 'server'
    ? [['api', `https://127.0.0.1:${settings.apiPort}`]]
    : settings.servers.map((server) => ['server', server]);
