import type { V1EndpointSlice } from '#api/generated/types.ts';
import { isIPv4 } from '#api/validation/ip.ts';

/** One place that answers for a port of a service. */
export interface Target {
  readonly ip: string;
  readonly port: number;
  /** On this node. */
  readonly local: boolean;
  readonly ready: boolean;
  /** It still answers, although it is about to end. */
  readonly lastResort: boolean;
}

/** Whom connections are led to, as `<ip> . <port>`, each once. */
export interface Eligible {
  /** By the policy Cluster. */
  readonly cluster: readonly string[];
  /** By the policy Local. */
  readonly local: readonly string[];
  /** The ready ones of this node, for health checks. */
  readonly localReady: number;
}

export const isPort = (port: number | undefined): port is number =>
  port !== undefined && Number.isInteger(port) && port > 0 && port < 65_536;

/**
 * What the slices of a service say of its port of that name and protocol. An endpoint that stands in several slices (while it
 * moves from one to another) counts once, by the best that is said of it.
 */
export function targetsOf(
  slices: readonly V1EndpointSlice[],
  portName: string,
  protocol: string,
  nodeName: string,
): Target[] {
  const found = new Map<string, Target>();
  for (const { addressType, ports, endpoints } of slices) {
    if (addressType !== 'IPv4') continue;
    const port = ports?.find((one) => (one.name ?? '') === portName && (one.protocol ?? 'TCP') === protocol)?.port;
    if (!isPort(port)) continue;
    for (const { addresses, conditions = {}, nodeName: on } of endpoints ?? []) {
      const [ip = ''] = addresses;
      if (!isIPv4(ip)) continue;
      const ready = conditions.ready ?? true;
      const serving = conditions.serving ?? ready;
      const lastResort = serving && (conditions.terminating ?? false);
      const target = { ip, port, local: on === nodeName, ready, lastResort };
      const key = `${ip} . ${port}`;
      const known = found.get(key);
      found.set(key, known ? better(known, target) : target);
    }
  }
  return [...found.values()];
}

const better = (a: Target, b: Target): Target => ({
  ...a,
  local: a.local || b.local,
  ready: a.ready || b.ready,
  lastResort: a.lastResort || b.lastResort,
});

/** The ready ones; where there is none, those that end but still answer. */
export function eligibleOf(targets: readonly Target[]): Eligible {
  const here = targets.filter(({ local }) => local);
  return {
    cluster: textsOf(preferred(targets)),
    local: textsOf(preferred(here)),
    localReady: here.filter(({ ready }) => ready).length,
  };
}

function preferred(targets: readonly Target[]): readonly Target[] {
  const ready = targets.filter((target) => target.ready);
  return ready.length > 0 ? ready : targets.filter(({ lastResort }) => lastResort);
}

const textsOf = (targets: readonly Target[]): string[] => targets.map(({ ip, port }) => `${ip} . ${port}`).sort();

/**
 * The endpoints in an order in which as many as can be stay where they were: a place that gets free is taken by a new one, or by
 * the last one when they are fewer.
 */
export function keepPlaces(before: readonly string[], wanted: readonly string[]): string[] {
  const known = new Set(before);
  const fresh = wanted.filter((one) => !known.has(one));
  const stays = new Set(wanted);
  const places: (string | undefined)[] = before.map((one) => (stays.has(one) ? one : fresh.shift()));
  places.push(...fresh);
  for (let index = 0; index < places.length; index++) {
    if (places[index] !== undefined) continue;
    while (places.length > index && places.at(-1) === undefined) places.pop();
    if (places.length > index) places[index] = places.pop();
  }
  return places.filter((one) => one !== undefined);
}
