import type { V1Service, V1ServicePort, V1ServiceSpec } from '#api/generated/types.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Claim, ClaimTable, StoredClaim } from './claims.ts';

/** Cluster addresses and node ports of services, claimed in the store, so that several servers give none of them twice. */
export interface ServiceClaims {
  /** Whether the owner has it now. */
  take(value: ServiceValue, owner: Claim): Promise<boolean>;
  /** Those that a service with this uid has; what another one has by now is left alone. Never rejects: what fails is repaired later. */
  release(values: readonly ServiceValue[], uid: string): Promise<void>;
  /** Claims what services have and nobody has claimed, and ends claims of services that are gone. */
  repair(): Promise<void>;
}

export interface ServiceValue {
  readonly kind: 'address' | 'port';
  readonly value: string;
}

export interface ServiceClaimsOptions {
  readonly tables: Readonly<Record<ServiceValue['kind'], ClaimTable>>;
  /** The newest state. */
  readonly service: (key: { readonly namespace: string; readonly name: string }) => Promise<V1Service | undefined>;
  readonly services: () => Promise<readonly V1Service[]>;
  readonly clock: Clock;
  readonly log: Log;
}

/** A service may still be written that long after its values were claimed. */
export const claimGraceMs = 60_000;
const attemptsMax = 5;

export function createServiceClaims({ tables, service, services, clock, log }: ServiceClaimsOptions): ServiceClaims {
  const isLive = async (claim: StoredClaim, kind: ServiceValue['kind']): Promise<boolean> => {
    const owner = await service(claim);
    return owner !== undefined && has(owner, { kind, value: claim.value });
  };

  const take: ServiceClaims['take'] = async ({ kind, value }, owner) => {
    const table = tables[kind];
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      if (await table.create(value, owner)) return true;
      const held = await table.read(value);
      if (!held) continue; // Gone in the meantime, or not ours to judge.
      if (held.uid === owner.uid && held.uid !== '') return true;
      // Whose service is not there may still be writing it, or have ended before it could say so.
      if (clock.now() - held.atMs < claimGraceMs || (await isLive(held, kind))) return false;
      if (await table.replace(value, owner, held.revision)) return true;
    }
    return false;
  };

  const releaseOne = async ({ kind, value }: ServiceValue, uid: string): Promise<void> => {
    const held = await tables[kind].read(value);
    if (held && (held.uid === uid || held.uid === '')) await tables[kind].remove(value, held.revision);
  };

  const repairKind = async (kind: ServiceValue['kind'], holders: ReadonlyMap<string, V1Service>): Promise<void> => {
    const table = tables[kind];
    const claims = new Map((await table.list()).map((claim) => [claim.value, claim]));
    const all = await services();
    const now = new Set(all.flatMap((one) => valuesOf(one).flatMap((own) => (own.kind === kind ? [own.value] : []))));
    for (const claim of claims.values()) {
      if (now.has(claim.value) || clock.now() - claim.atMs < claimGraceMs) continue;
      if (await table.remove(claim.value, claim.revision)) log.info({ kind, claim }, 'a claim of no service was ended');
    }
    for (const [value, holder] of holders) {
      const { namespace = '', name = '', uid = '' } = holder.metadata ?? {};
      const claim = claims.get(value);
      const owner = { namespace, name, uid, atMs: clock.now() };
      if (!claim) await table.create(value, owner);
      else if (claim.uid !== uid && clock.now() - claim.atMs >= claimGraceMs) {
        if (claim.namespace !== namespace || claim.name !== name) {
          const other = `${claim.namespace}/${claim.name}`;
          log.warn(
            { kind, value, service: `${namespace}/${name}`, other },
            'two services have one address or node port',
          );
          if (await isLive(claim, kind)) continue;
        }
        await table.replace(value, owner, claim.revision);
      }
    }
  };

  return {
    take,
    async release(values, uid) {
      await Promise.all(
        values.map(async (value) => {
          try {
            await releaseOne(value, uid);
          } catch (error) {
            log.warn({ err: error, ...value }, 'a claim of a service could not be ended; it is tried again later');
          }
        }),
      );
    },
    async repair() {
      const holders = { address: new Map<string, V1Service>(), port: new Map<string, V1Service>() };
      for (const one of (await services()).toSorted(byAge)) {
        for (const { kind, value } of valuesOf(one)) if (!holders[kind].has(value)) holders[kind].set(value, one);
      }
      await repairKind('address', holders.address);
      await repairKind('port', holders.port);
    },
  };
}

/** Everything of a service that no other one may have. */
export function valuesOf({ spec }: V1Service): ServiceValue[] {
  if (!spec) return [];
  const addresses = spec.type === 'ExternalName' ? [] : addressesOf(spec);
  return [
    ...addresses.map((value) => ({ kind: 'address', value }) as const),
    ...portKeysOf(spec).map((value) => ({ kind: 'port', value }) as const),
  ];
}

export const addressesOf = ({ clusterIP, clusterIPs }: V1ServiceSpec): string[] =>
  (clusterIPs?.length ? clusterIPs : [clusterIP ?? '']).filter((ip) => ip !== '' && ip !== 'None');

export const portKeysOf = ({ ports, healthCheckNodePort }: V1ServiceSpec): string[] => {
  const own = (ports ?? []).flatMap((port) => (port.nodePort ? [portKey(port, port.nodePort)] : []));
  return [...new Set(healthCheckNodePort ? [...own, portKey({}, healthCheckNodePort)] : own)];
};

export const portKey = ({ protocol }: Pick<V1ServicePort, 'protocol'>, nodePort: number): string =>
  `${protocol ?? 'TCP'}/${nodePort}`;

const has = (service: V1Service, { kind, value }: ServiceValue): boolean =>
  valuesOf(service).some((one) => one.kind === kind && one.value === value);

const byAge = (a: V1Service, b: V1Service): number =>
  `${a.metadata?.creationTimestamp}` < `${b.metadata?.creationTimestamp}` ? -1 : 1;
