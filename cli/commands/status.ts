import { processStates } from '#host/cluster.ts';
import { loadSettings } from '#host/settings.ts';
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
  const processes = processStates(layout);
  const running = processes.filter((one) => one.pid !== undefined).length;
  process.exitCode = running === processes.length ? 0 : running > 0 ? 3 : 4;
  if (format !== undefined) {
    writeStructured(context, format, {
      installed: settings !== undefined,
      settings,
      kubeconfig: layout.kubeconfig,
      processes,
    });
    return;
  }
  if (!settings) {
    context.stdout.write('Berth is not set up on this machine. Start it with: berth up\n');
    return;
  }
  for (const one of processes) {
    const state = one.pid ? `running (pid ${one.pid})` : one.supervised ? 'starting again' : 'stopped';
    context.stdout.write(`  ${one.name.padEnd(12)}${state.padEnd(24)}${one.logFile}\n`);
  }
  context.stdout.write(`  ${'api'.padEnd(12)}https://127.0.0.1:${settings.apiPort}\n`);
  context.stdout.write(`  ${'kubeconfig'.padEnd(12)}${layout.kubeconfig}\n`);
  if (running < processes.length) context.stdout.write('\nStart what is missing with: berth up\n');
}
