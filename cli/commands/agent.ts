import type { Log } from '#base/log.ts';
import { createRealLog } from '#base/real/log.ts';
import type { HostLayout } from '#host/layout.ts';
import { loadSettings, type ServerSettings } from '#host/settings.ts';
import { type ClientFlags, clientFlags } from '../client-flags.ts';
import { type CliContext, CliError, type CommandModule } from '../command.ts';
import { layoutOf } from '../host-context.ts';
import { beginAnewWhenCold } from '../server/begin-anew.ts';
import { runJoinedAgent } from '../server/joined-agent.ts';

interface AgentFlags extends ClientFlags {
  readonly logLevel: string;
}

export const command: CommandModule = {
  register(program, context) {
    clientFlags(program.command('agent'))
      .description(
        "Run this machine's agent alone, in the foreground: of a machine that joined, or beside a `berth server --no-agent`.",
      )
      .option('--log-level <level>', 'trace, debug, info, warn or error', 'info')
      .addHelpText(
        'after',
        '\nThe machine is the one that `berth join` or `berth up` prepared: its settings, certificates and containerd are used.\n\nExamples:\n  berth agent\n  berth server --no-agent &\n  berth agent --kubeconfig /var/lib/berth/admin.kubeconfig',
      )
      .action((flags: AgentFlags) => agent(context, flags));
  },
};

/** Everything goes over HTTPS. Until the signal aborts; containers go on. */
async function agent(context: CliContext, flags: AgentFlags): Promise<void> {
  const layout = layoutOf(context);
  const settings = loadSettings(layout.settingsFile);
  if (!settings) {
    throw new CliError('this machine is not prepared yet', { fix: 'Prepare it with berth up, or with berth join' });
  }
  const log = createRealLog({ level: flags.logLevel });
  if (settings.role === 'agent') {
    beginAnewWhenCold(context.env);
    return runJoinedAgent(layout, settings, log, context);
  }
  return runAlone(layout, settings, log, context, flags);
}

/** Beside a server on the same machine. What only this needs is not loaded into the agents of all others. */
async function runAlone(
  layout: HostLayout,
  settings: ServerSettings,
  log: Log,
  context: CliContext,
  flags: AgentFlags,
): Promise<void> {
  const [{ ensureCertificates }, { withConnection }, { runAgent }, { fixedCertificate }] = await Promise.all([
    import('#host/cluster-pki.ts'),
    import('../connection.ts'),
    import('../server/agent.ts'),
    import('../server/serving.ts'),
  ]);
  beginAnewWhenCold(context.env);
  const { clock, random } = context;
  const certificates = await ensureCertificates(layout, settings, clock.now());
  const own = { ...flags, kubeconfig: flags.kubeconfig ?? layout.kubeconfig };
  const parts = {
    layout,
    settings,
    clientCa: certificates.ca.cert,
    serving: fixedCertificate(certificates.agentServing),
  };
  await withConnection(context, own, ({ client }) =>
    runAgent({ ...parts, client, clock, random, log }, context.signal),
  );
}
