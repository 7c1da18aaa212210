import { nodes as nodeType } from '#api/kinds.ts';
import { createHttpClient } from '#client/http-client.ts';
import { loadKubeconfig } from '#client/kubeconfig.ts';
import type { Peer } from '#host/doctor/doctor.ts';
import type { HostLayout } from '#host/layout.ts';
import type { HostSettings } from '#host/settings.ts';
import { loadNodeKeys, nodeAccess } from '../join/node-access.ts';

const answerMs = 3_000;
const agentPortDefault = 10_250;

/** The machines of the cluster as the server knows them; none when it does not say: the doctor finds out why by itself. */
export async function clusterPeers(layout: HostLayout, settings: HostSettings): Promise<Peer[]> {
  const access = accessOf(layout, settings);
  if (!access) return [];
  const client = createHttpClient(access);
  try {
    const { items } = await client.list(nodeType, { signal: AbortSignal.timeout(answerMs) });
    return items.map(({ metadata, status }) => ({
      name: metadata.name,
      addresses: (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address),
      machineId: status?.nodeInfo?.machineID ?? '',
      bootId: status?.nodeInfo?.bootID ?? '',
      agentPort: status?.daemonEndpoints?.kubeletEndpoint?.Port ?? agentPortDefault,
    }));
  } catch {
    return [];
  } finally {
    await client.close();
  }
}

function accessOf(layout: HostLayout, settings: HostSettings) {
  try {
    if (settings.role === 'server') return loadKubeconfig({ files: [layout.kubeconfig] });
    const keys = loadNodeKeys(layout);
    return keys && nodeAccess(settings, keys);
  } catch {
    return undefined;
  }
}
