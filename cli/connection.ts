import { existsSync } from 'node:fs';
import { createHttpClient, type HttpClient } from '#client/http-client.ts';
import { KubeconfigError, kubeconfigFiles, loadKubeconfig } from '#client/kubeconfig.ts';
import { loadSettings } from '#host/settings.ts';
import type { ClientFlags } from './client-flags.ts';
import { type CliContext, CliError } from './command.ts';
import { layoutOf } from './host-context.ts';
import { discoverTypes } from './resources/discover.ts';
import { createResourceMapper, type ResourceMapper } from './resources/mapping.ts';

export interface Connection {
  readonly client: HttpClient;
  /** Of -n, else of the kubeconfig's context, else `default`. */
  readonly namespace: string;
  readonly mapper: ResourceMapper;
}

/** Runs `work` with a connection that is closed afterwards. Throws a CliError when no kubeconfig can be used. */
export async function withConnection<T>(
  context: CliContext,
  flags: ClientFlags,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const access = loadAccess(context, flags);
  const client = createHttpClient(access);
  try {
    return await work({
      client,
      namespace: flags.namespace ?? access.namespace ?? 'default',
      mapper: createResourceMapper(() => discoverTypes(client)),
    });
  } finally {
    await client.close();
  }
}

function loadAccess(context: CliContext, flags: ClientFlags) {
  try {
    const files = kubeconfigFiles(flags.kubeconfig, context.env, (home) => ownKubeconfig(context, home));
    return loadKubeconfig({ files, context: flags.context });
  } catch (error) {
    if (!(error instanceof KubeconfigError)) throw error;
    throw new CliError(error.message, { fix: whereToFindOne(context), cause: error });
  }
}

function whereToFindOne(context: CliContext): string {
  const settings = loadSettings(layoutOf(context).settingsFile);
  return settings?.role === 'agent'
    ? `This machine joined a cluster. Run it on the server (${settings.servers[0]}), or copy admin.kubeconfig from there and name it with --kubeconfig`
    : 'Name one with --kubeconfig or $KUBECONFIG, or start a cluster on this machine with: berth up';
}

/** That of this machine's cluster, when the user has none at home or has named this cluster by $BERTH_HOME. */
export function ownKubeconfig(context: Pick<CliContext, 'env'>, home: string): string | undefined {
  const own = layoutOf(context).kubeconfig;
  const isNamed = context.env.BERTH_HOME && existsSync(own);
  return isNamed || !existsSync(home) ? own : undefined;
}
