import { type Diagnosis, runDoctor } from '#host/doctor/doctor.ts';
import type { Finding } from '#host/doctor/finding.ts';
import { loadSettings } from '#host/settings.ts';
import { type CliContext, CliError, type CommandModule } from '../command.ts';
import { clusterPeers } from '../doctor/peers.ts';
import { layoutOf, settingsFrom } from '../host-context.ts';
import { writeStructured } from '../printers/structured.ts';
import { createProgress } from '../progress.ts';
import { portsToBeFree } from '../up/machine-steps.ts';

export const command: CommandModule = {
  register(program, context) {
    program
      .command('doctor')
      .description(
        'Find out what keeps Berth from working on this machine, each cause with the command that mends it. Changes nothing. Exit code 1 when something does not work.',
      )
      .option('-o, --output <format>', 'json or yaml: also all that was seen')
      .addHelpText('after', '\nExamples:\n  berth doctor\n  berth doctor -o json')
      .action((flags: { readonly output?: string }) => doctor(context, flags.output));
  },
};

async function doctor(context: CliContext, output: string | undefined): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new CliError('not running as root', {
      fix: 'Firewalls, ports and disks are shown to root only: sudo berth doctor',
    });
  }
  const layout = layoutOf(context);
  const existing = loadSettings(layout.settingsFile);
  const settings = existing ?? settingsFrom(layout, {}).settings;
  const progress = createProgress(context, 14);
  if (output === undefined) progress.doing('doctor', 'looking at this machine');
  const diagnosis = await runDoctor({
    layout,
    settings,
    installed: existing !== undefined,
    ports: portsToBeFree(layout, settings, context),
    peers: existing ? await clusterPeers(layout, existing) : [],
  });
  const isBroken = diagnosis.findings.some(({ severity }) => severity === 'error');
  if (isBroken) process.exitCode = 1;
  if (output !== undefined) return writeStructured(context, output, diagnosis);
  for (const finding of diagnosis.findings) progress.line(describe(finding));
  progress.line(summary(diagnosis));
}

const describe = ({ check, severity, problem, fix }: Finding): string =>
  `${severity === 'error' ? 'ERROR  ' : 'warning'}  ${check}: ${problem}\n         ${fix}`;

function summary({ findings, facts }: Diagnosis): string {
  if (findings.length === 0) return `Nothing wrong on ${facts.self.nodeName}.`;
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`;
  return `\n${facts.self.nodeName}: ${count(errors, 'error')}, ${count(findings.length - errors, 'warning')}`;
}
