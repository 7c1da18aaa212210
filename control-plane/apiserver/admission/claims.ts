import type { V1IPAddress } from '#api/generated/types.ts';
import { ipAddresses } from '#api/kinds.ts';
import { apiVersionOf } from '#api/resource-type.ts';
import { isJsonObject } from '#api/schema/record.ts';
import type { Random } from '#base/random.ts';
import { StoreError } from '../../store/errors.ts';
import type { Revision, Store } from '../../store/store.ts';

/** Who has a value that no two services may have. */
export interface Claim {
  readonly namespace: string;
  readonly name: string;
  /** Of the service: another one of the same name is another owner. Empty when it is not known. */
  readonly uid: string;
  /** When it was made. */
  readonly atMs: number;
}

export interface StoredClaim extends Claim {
  readonly value: string;
  readonly revision: Revision;
}

/** Claims to values of one kind, one key of the store each: only one server can make one. Writes answer whether they succeeded. */
export interface ClaimTable {
  create(value: string, claim: Claim): Promise<boolean>;
  read(value: string): Promise<StoredClaim | undefined>;
  replace(value: string, claim: Claim, revision: Revision): Promise<boolean>;
  remove(value: string, revision: Revision): Promise<boolean>;
  list(): Promise<StoredClaim[]>;
}

interface ClaimCodec {
  encode(value: string, claim: Claim): object;
  /** Undefined for what is not ours. */
  decode(stored: unknown): Claim | undefined;
}

const uidAnnotation = 'berth.dev/service-uid';
const managedByLabel = 'ipaddress.kubernetes.io/managed-by';
const managedBy = 'ipallocator.k8s.io';

/** Cluster addresses, as the IPAddress objects of Kubernetes. */
export function createAddressClaims(store: Store, random: Random): ClaimTable {
  return createTable(store, `/registry/${ipAddresses.resource}/`, {
    encode: (ip, { namespace, name, uid, atMs }): V1IPAddress => ({
      apiVersion: apiVersionOf(ipAddresses),
      kind: ipAddresses.kind,
      metadata: {
        name: ip,
        uid: random.uuid(),
        creationTimestamp: `${new Date(atMs).toISOString().slice(0, 19)}Z`,
        labels: { 'ipaddress.kubernetes.io/ip-family': 'IPv4', [managedByLabel]: managedBy },
        annotations: { [uidAnnotation]: uid },
      },
      spec: { parentRef: { group: '', resource: 'services', namespace, name } },
    }),
    decode(stored) {
      const metadata = recordIn(stored, 'metadata');
      if (textIn(recordIn(metadata, 'labels'), managedByLabel) !== managedBy) return undefined;
      const parent = recordIn(recordIn(stored, 'spec'), 'parentRef');
      return {
        namespace: textIn(parent, 'namespace'),
        name: textIn(parent, 'name'),
        uid: textIn(recordIn(metadata, 'annotations'), uidAnnotation),
        atMs: Date.parse(textIn(metadata, 'creationTimestamp')) || 0,
      };
    },
  });
}

/** Ports of the nodes, as `TCP/30080`: beside what Kubernetes stores, since it has no object for them. */
export function createPortClaims(store: Store): ClaimTable {
  return createTable(store, '/berth/node-ports/', {
    encode: (_value, claim) => ({ ...claim }),
    decode: (stored) => ({
      namespace: textIn(stored, 'namespace'),
      name: textIn(stored, 'name'),
      uid: textIn(stored, 'uid'),
      atMs: Number(isJsonObject(stored) ? stored.atMs : 0) || 0,
    }),
  });
}

function createTable(store: Store, prefix: string, codec: ClaimCodec): ClaimTable {
  const bytesOf = (value: string, claim: Claim): Buffer => Buffer.from(JSON.stringify(codec.encode(value, claim)));
  const claimOf = (key: string, value: Buffer, revision: Revision): StoredClaim | undefined => {
    const claim = codec.decode(parse(value));
    return claim && { ...claim, value: key.slice(prefix.length), revision };
  };
  /** True when it was written, false when somebody else was faster. */
  const tried = async (write: Promise<unknown>): Promise<boolean> => {
    try {
      await write;
      return true;
    } catch (error) {
      if (error instanceof StoreError && (error.code === 'exists' || error.code === 'conflict')) return false;
      throw error;
    }
  };
  return {
    create: (value, claim) => tried(store.create(prefix + value, bytesOf(value, claim))),
    async read(value) {
      const entry = await store.get(prefix + value);
      return entry && claimOf(entry.key, entry.value, entry.revision);
    },
    replace: (value, claim, revision) => tried(store.update(prefix + value, bytesOf(value, claim), revision)),
    remove: (value, revision) => tried(store.delete(prefix + value, revision)),
    async list() {
      const found: StoredClaim[] = [];
      let afterKey: string | undefined;
      for (;;) {
        const { entries, more } = await store.list(prefix, { limit: 1_000, afterKey });
        for (const { key, value, revision } of entries) {
          const claim = claimOf(key, value, revision);
          if (claim) found.push(claim);
        }
        afterKey = entries.at(-1)?.key;
        if (!more || afterKey === undefined) return found;
      }
    },
  };
}

function parse(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString());
  } catch {
    return undefined;
  }
}

const recordIn = (value: unknown, field: string): unknown => (isJsonObject(value) ? value[field] : undefined);
const textIn = (value: unknown, field: string): string => {
  const found = recordIn(value, field);
  return typeof found === 'string' ? found : '';
};
