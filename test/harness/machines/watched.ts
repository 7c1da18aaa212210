import { join } from 'node:path';
import type { V1EndpointSlice, V1Node, V1Pod } from '#api/generated/types.ts';
import { endpointSlices, nodes, pods } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import { createRealRandom } from '#base/real/random.ts';
import { createHttpClient } from '#client/http-client.ts';
import type { Informer } from '#client/informer.ts';
import { createInformerFactory } from '#client/informers/factory.ts';
import { loadKubeconfig } from '#client/kubeconfig.ts';
import { eventually } from '../eventually.ts';
import type { Machine } from './machine.ts';

/** A cluster as its API tells of it, change by change, in this process. */
export interface WatchedCluster {
  readonly nodes: Informer<V1Node>;
  readonly pods: Informer<V1Pod>;
  readonly slices: Informer<V1EndpointSlice>;
  /** What would be a false alarm: nodes that were not Ready for a moment, pods that were deleted. */
  readonly alarms: readonly string[];
  /** What is alarming from now on. */
  forgetAlarms(): void;
  isReady(node: string): boolean;
  /** Of the default namespace, with this label `app`, on this node if one is given. */
  podsOf(app: string, node?: string): readonly Stored<V1Pod>[];
  /** Milliseconds from `sinceMs` (performance.now()) until it is so. */
  until(what: string, sinceMs: number, isSo: () => boolean, withinMs?: number): Promise<number>;
  stop(): Promise<void>;
}

export const isPodReady = ({ status }: V1Pod): boolean =>
  status?.conditions?.some(({ type, status: word }) => type === 'Ready' && word === 'True') ?? false;

/** Through the server's machine; it may be away for a while. */
export async function watchCluster(server: Machine): Promise<WatchedCluster> {
  const access = loadKubeconfig({ files: [join(server.layout.kubeconfig)] });
  const port = await server.forward(6443);
  const client = createHttpClient({ ...access, server: `https://127.0.0.1:${port}` });
  const dependencies = { clock: createRealClock(), random: createRealRandom(), log: createSilentLog() };
  const informers = createInformerFactory(client, dependencies);
  const caches = {
    nodes: informers.informer(nodes),
    pods: informers.informer(pods),
    slices: informers.informer(endpointSlices),
  };
  const life = new AbortController();
  let alarms: string[] = [];
  const alarm = (text: string): void => {
    if (alarms.at(-1) !== text) alarms.push(text);
  };
  const readyWord = (node: V1Node | undefined): string | undefined =>
    node?.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  caches.nodes.addHandler({
    onUpdate(node) {
      if (readyWord(node) !== 'True') alarm(`node ${node.metadata.name} is Ready=${readyWord(node)}`);
    },
  });
  caches.pods.addHandler({
    onUpdate(pod) {
      const { name, namespace, deletionTimestamp } = pod.metadata;
      if (namespace === 'default' && deletionTimestamp) alarm(`pod ${name} is deleted`);
    },
    onDelete: ({ metadata }) => {
      if (metadata.namespace === 'default') alarm(`pod ${metadata.name} is gone`);
    },
  });
  informers.start(life.signal);
  await informers.waitForSync(life.signal);

  const podsOf = (app: string, node?: string): readonly Stored<V1Pod>[] =>
    caches.pods
      .list('default')
      .filter(({ metadata, spec }) => metadata.labels?.app === app && (node === undefined || spec?.nodeName === node));
  const look = () => ({
    nodes: caches.nodes
      .list()
      .map((node) =>
        [node.metadata.name, readyWord(node), ...(node.spec?.taints ?? []).map(({ key }) => key)].join(' '),
      ),
    pods: caches.pods.list('default').map((pod) => {
      const { metadata, spec, status } = pod;
      const words = [status?.phase, isPodReady(pod) && 'Ready', metadata.deletionTimestamp && 'going'];
      return [metadata.name, spec?.nodeName, ...words].filter(Boolean).join(' ');
    }),
  });
  return {
    ...caches,
    get alarms() {
      return alarms;
    },
    forgetAlarms() {
      alarms = [];
    },
    isReady: (node) => readyWord(caches.nodes.get({ name: node })) === 'True',
    podsOf,
    async until(what, sinceMs, isSo, withinMs = 30_000) {
      await eventually(isSo, { withinMs, everyMs: 20, pending: () => ({ what, ...look() }) });
      return Math.round(performance.now() - sinceMs);
    },
    async stop() {
      life.abort(new Error('the test is over'));
      await informers.stopped();
      await client.close();
    },
  };
}
