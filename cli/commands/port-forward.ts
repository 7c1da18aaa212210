import type { Server, Socket } from 'node:net';
import type { V1Pod, V1Service } from '#api/generated/types.ts';
import { services } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { isNotFound, StatusError } from '#api/status-error.ts';
import { forwardPort } from '#client/streams/port-forward.ts';
import { type ClientFlags, clientFlags } from '../client-flags.ts';
import { type CliContext, CliError, type CommandModule } from '../command.ts';
import { type Connection, withConnection } from '../connection.ts';
import { addressesOf, listenOn } from '../port-forward/listen.ts';
import { type PortPair, parsePair, resolvePair } from '../port-forward/ports.ts';
import { relay } from '../port-forward/relay.ts';
import { choosePod, parsePodOwner, podsOf } from '../resources/pods-of.ts';
import type { Selected } from '../resources/select.ts';

interface ForwardFlags extends ClientFlags {
  readonly address: string;
}

export const command: CommandModule = {
  register(program, context) {
    clientFlags(program.command('port-forward'))
      .description('Reach ports of a pod through ports of this machine, until Ctrl-C.')
      .argument('<target>', 'POD or TYPE/NAME, for example deploy/web or service/web: one of its pods')
      .argument('<ports...>', 'PORT, LOCAL:REMOTE or :REMOTE (any free local port); the remote one may be a name')
      .option('--address <list>', 'where to listen, divided by commas', 'localhost')
      .addHelpText(
        'after',
        '\nExamples:\n  berth port-forward web-1 8080\n  berth port-forward service/web 8080:http\n  berth port-forward deploy/web :8080 9090:90 --address 0.0.0.0',
      )
      .action((target: string, ports: string[], flags: ForwardFlags) =>
        withConnection(context, flags, (connection) => portForward(context, connection, target, ports, flags)),
      );
  },
};

async function portForward(
  context: CliContext,
  connection: Connection,
  target: string,
  words: readonly string[],
  flags: ForwardFlags,
): Promise<void> {
  for (const word of words) parsePair(word);
  const owner = await parsePodOwner(connection, target);
  const pod = await findPod(connection, owner, context.signal);
  if (pod.status?.phase !== 'Running') {
    throw new CliError(`unable to forward port because pod is not running. Current status=${pod.status?.phase}`, {
      fix: `See why with: berth describe pod/${pod.metadata.name}`,
    });
  }
  const service = owner.type === services ? await connection.client.get(services, owner.key) : undefined;
  const servers: Server[] = [];
  const lost = Promise.withResolvers<never>();
  const to: Target = { owner, service, pod, open: new Set(), onLost: lost.reject };
  try {
    for (const word of words) {
      servers.push(...(await forwardOne(context, connection, to, word, flags.address)));
    }
    await Promise.race([aborted(context.signal), lost.promise]);
    // Ctrl-C is how this is meant to end.
    if (process.exitCode === 130) process.exitCode = 0;
  } finally {
    for (const server of servers) server.close();
    for (const socket of to.open) socket.destroy();
  }
}

interface Target {
  readonly owner: Selected;
  readonly service: V1Service | undefined;
  /** Another one when this one has gone and there is something that makes new ones. */
  pod: Stored<V1Pod>;
  readonly open: Set<Socket>;
  readonly onLost: (error: unknown) => void;
}

async function forwardOne(
  context: CliContext,
  connection: Connection,
  target: Target,
  word: string,
  addresses: string,
): Promise<readonly Server[]> {
  const pair = resolvePair(word, target.pod, target.service);
  let port = pair.local;
  const onConnection = (socket: Socket): void => {
    context.stdout.write(`Handling connection for ${port}\n`);
    // A caller that breaks off is its own matter.
    socket.on('error', () => socket.destroy());
    target.open.add(socket.once('close', () => target.open.delete(socket)));
    handle(context, connection, target, word, pair, socket).catch((error: unknown) => {
      socket.destroy();
      if (context.signal.aborted) return;
      if (isNotFound(error) || !(error instanceof StatusError || error instanceof CliError)) target.onLost(error);
      else context.stderr.write(`error: a connection to port ${pair.remote} ended: ${error.message}\n`);
    });
  };
  const listening = await listenOn(addressesOf(addresses), port, onConnection);
  port = listening.port;
  for (const host of listening.hosts) {
    const shown = host.includes(':') ? `[${host}]` : host;
    context.stdout.write(`Forwarding from ${shown}:${port} -> ${pair.remote}\n`);
  }
  return listening.servers;
}

async function handle(
  { clock, signal }: CliContext,
  connection: Connection,
  target: Target,
  word: string,
  pair: PortPair,
  socket: Socket,
): Promise<void> {
  const connect = ({ metadata: { namespace, name } }: Stored<V1Pod>, port: number) =>
    forwardPort({ access: connection.client.access, clock, signal }, { namespace, name }, port);
  let remote: Awaited<ReturnType<typeof connect>>;
  try {
    remote = await connect(target.pod, pair.remote);
  } catch (error) {
    if (!(error instanceof StatusError) || signal.aborted) throw error;
    target.pod = await findPod(connection, target.owner, signal);
    remote = await connect(target.pod, resolvePair(word, target.pod, target.service).remote);
  }
  await relay(socket, remote, clock);
}

const findPod = async (connection: Connection, owner: Selected, signal: AbortSignal): Promise<Stored<V1Pod>> =>
  choosePod(await podsOf(connection, owner, signal), owner);

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
