/** What a service puts into the node's table. Pure; docs/decisions/0014 tells how the table reads it. */
import type { Elements } from '../network/element-text.ts';
import { chainName, endpointsMax, markAt, markOf, type PickChain } from '../network/pick-chains.ts';
import { keepPlaces } from './endpoints.ts';
import type { ServiceModel, ServicePort } from './service-model.ts';

/** A place that clients connect to: `10.43.0.5 . tcp . 80`, or `tcp . 30080` on the addresses of the node. */
export interface Frontend {
  readonly by: PickChain['by'];
  readonly place: string;
  readonly port: ServicePort;
  readonly kind: 'cluster' | 'external' | 'balancer';
}

/** In which order the endpoints stand, by port and view: handed back at the next change, so that few of them move. */
export type Places = ReadonlyMap<string, readonly string[]>;

export function frontendsOf(model: ServiceModel): Frontend[] {
  const { clusterIp, externalIps, balancerIps, ports } = model;
  const frontends = new Map<string, Frontend>();
  for (const port of ports) {
    const add = (kind: Frontend['kind'], ip: string): void => {
      const place = `${ip} . ${port.protocol} . ${port.port}`;
      if (!frontends.has(place)) frontends.set(place, { by: 'address', place, port, kind });
    };
    if (clusterIp !== undefined) add('cluster', clusterIp);
    for (const ip of balancerIps) add('balancer', ip);
    for (const ip of externalIps) add('external', ip);
    if (port.nodePort === undefined) continue;
    const place = `${port.protocol} . ${port.nodePort}`;
    if (!frontends.has(place)) frontends.set(place, { by: 'node-port', place, port, kind: 'external' });
  }
  return [...frontends.values()];
}

/** `frontends`: those of its own that no other service has. */
export function elementsOf(
  model: ServiceModel,
  frontends: readonly Frontend[],
  before: Places,
): { readonly elements: Elements; readonly places: Places } {
  const places = new Map<string, readonly string[]>();
  const placesOf = (port: ServicePort, view: PickChain['view']): readonly string[] => {
    const key = `${port.protocol} ${port.port} ${view}`;
    const known = places.get(key);
    if (known) return known;
    const kept = keepPlaces(before.get(key) ?? [], port.eligible[view].slice(0, endpointsMax));
    places.set(key, kept);
    return kept;
  };
  const elements = new Map<string, string>();
  for (const frontend of frontends) {
    const { port, kind, by, place } = frontend;
    const policy = kind === 'cluster' ? model.internal : model.external;
    const view = policy === 'Local' ? 'local' : 'cluster';
    const outside = kind !== 'cluster';
    const serve = (of: PickChain['view'], masquerade: boolean, map: string): boolean => {
      const endpoints = placesOf(port, of);
      if (endpoints.length === 0) return false;
      const { stickySeconds } = model;
      const chain = { by, view: of, count: endpoints.length, masquerade, stickySeconds };
      elements.set(`${map} ${place}`, `goto ${chainName(chain)}`);
      addEndpoints(elements, place, endpoints, chain);
      return true;
    };
    const served = serve(view, outside && view === 'cluster', by === 'address' ? 'services' : 'node_ports');
    // Inside the cluster the policy Local of the outside means nothing: they reach the whole service, as by its own address.
    if (outside && view === 'local') serve('cluster', false, by === 'address' ? 'inside' : 'node_inside');
    if (by === 'node-port') serve('local', false, 'node_loopback');
    if (!served) {
      // Where others could answer the client is not told that nobody does: it should ask another node.
      const verdict = port.eligible.cluster.length > 0 ? 'drop' : 'goto refuse';
      elements.set(`${by === 'address' ? 'unserved' : 'node_unserved'} ${place}`, verdict);
    }
    if (kind === 'cluster') elements.set(`cluster_ips ${model.clusterIp}`, '');
    if (kind === 'balancer' && model.sourceRanges.length > 0) {
      elements.set(`guarded ${place}`, '');
      for (const range of model.sourceRanges) elements.set(`allowed ${place} . ${range}`, '');
    }
  }
  return { elements, places };
}

function addEndpoints(
  elements: Map<string, string>,
  place: string,
  endpoints: readonly string[],
  chain: PickChain,
): void {
  const prefix = chain.by === 'node-port' ? 'node_' : '';
  if (!chain.stickySeconds) {
    for (const [index, endpoint] of endpoints.entries()) {
      elements.set(`${prefix}endpoints ${place} . ${markAt(index, chain)}`, endpoint);
    }
    return;
  }
  const marks = new Map<string, number>();
  const taken = new Set<number>();
  // By name, not by place: the same endpoints have the same marks however they came.
  for (const endpoint of endpoints.toSorted()) {
    const mark = markOf(endpoint.split(' ')[0] ?? '', chain, taken);
    taken.add(mark);
    marks.set(endpoint, mark);
    elements.set(`${prefix}sticky ${place} . ${mark}`, endpoint);
  }
  for (const [index, endpoint] of endpoints.entries()) {
    elements.set(`${prefix}picks ${place} . ${markAt(index, chain)}`, String(marks.get(endpoint)));
  }
}
