import { flushCompileCache } from 'node:module';
import type { Command } from 'commander';
import { nodesGroup, nodeUser } from '#api/certificates.ts';
import { createRealLog } from '#base/real/log.ts';
import { runControlPlane } from '#control-plane/server.ts';
import { writeAdminKubeconfig } from '#host/cluster.ts';
import { certificatesAge, ensureCertificates } from '#host/cluster-pki.ts';
import type { KeyPair } from '#host/key-pair.ts';
import type { CliContext, CommandModule } from '../command.ts';
import { layoutOf, serverSettings } from '../host-context.ts';
import { runAgent } from '../server/agent.ts';
import { beginAnewWhenCold } from '../server/begin-anew.ts';
import { addressChange, untilDue } from '../server/changes.ts';
import { currentSettings } from '../server/current-settings.ts';
import { createEnding } from '../server/ending.ts';
import { fixedCertificate } from '../server/serving.ts';

interface ServerFlags {
  readonly agent: boolean;
  readonly logLevel: string;
}

export const command: CommandModule = {
  register(program: Command, context) {
    program
      .command('server')
      .description(
        "Run API server, scheduler, controllers and this machine's agent in the foreground. `berth up` runs it for you.",
      )
      .option('--no-agent', 'run no containers on this machine')
      .option('--log-level <level>', 'trace, debug, info, warn or error', 'info')
      .action((flags: ServerFlags) => server(context, flags));
  },
};

/**
 * Until the signal aborts, or until what it was started with is no longer right: it is then started again. The settings
 * and certificates are those that `berth up` made.
 */
async function server(context: CliContext, flags: ServerFlags): Promise<void> {
  beginAnewWhenCold(context.env);
  const layout = layoutOf(context);
  const { clock, random } = context;
  const log = createRealLog({ level: flags.logLevel });
  const settings = await currentSettings(layout, serverSettings(layout), log);
  const certificates = await ensureCertificates(layout, settings, clock.now());
  writeAdminKubeconfig(layout, settings, certificates);
  const { signal, onMachineStop, end } = createEnding(context.signal, log);
  const controlPlane = await runControlPlane(
    {
      clock,
      random,
      log,
      store: {
        endpoints: [`https://127.0.0.1:${settings.etcdPort}`],
        tls: { ca: certificates.etcdCa.cert, ...certificates.etcdClient },
      },
      certificates: {
        ca: certificates.ca.cert,
        server: withAuthority(certificates.apiserver, certificates.ca),
        node: certificates.apiserverClient,
      },
      listen: { port: settings.apiPort },
      advertiseAddress: settings.nodeAddress,
      cluster: settings.cluster,
      controllers: {
        rootCa: certificates.ca.cert,
        signing: {
          caCert: certificates.ca.cert,
          caKey: certificates.ca.key,
          serverCert: certificates.apiserver.cert,
        },
      },
    },
    signal,
  );
  const work: Promise<unknown>[] = [
    controlPlane.done,
    addressChange(settings, clock, signal).then((address) => {
      if (address) end(`this machine's address is ${address} now`);
    }),
    untilDue(() => certificatesAge(layout, clock.now()), ageCheckMs, clock, signal).then((due) => {
      if (due) end('certificates are to be renewed');
    }),
  ];
  if (flags.agent) {
    work.push(
      runAgent(
        {
          layout,
          settings,
          clientCa: certificates.ca.cert,
          serving: fixedCertificate(certificates.agentServing),
          client: controlPlane.core.client(nodeIdentity(settings.nodeName)),
          onMachineStop,
          clock,
          random,
          log,
        },
        signal,
      ),
    );
  }
  // Otherwise it is written at a regular end only, and a server that was killed would compile everything again.
  flushCompileCache();
  try {
    await Promise.all(work);
  } catch (error) {
    // Half a server helps nobody: everything ends, and whoever supervises us starts all of it again.
    end(error instanceof Error ? error : new Error(String(error)));
    await Promise.allSettled(work);
    throw error;
  }
}

const ageCheckMs = 6 * 3_600_000;

/** The agent beside the server has the rights of any node, and no more. */
const nodeIdentity = (nodeName: string) => ({
  name: nodeUser(nodeName),
  groups: [nodesGroup, 'system:authenticated'],
});

/** Machines that join know the authority by its hash only: the server shows it to them. */
const withAuthority = ({ cert, key }: KeyPair, ca: KeyPair): KeyPair => ({
  cert: `${cert.trim()}\n${ca.cert.trim()}\n`,
  key,
});
