import type { Answer } from 'dns-packet';
import type { Directory } from './directory.ts';
import { addressOfDashed, addressOfReverse, inNetwork } from './names.ts';
import type { NamedEndpoint, NamedPort, ServiceNames } from './service-names.ts';
import { type Rcode, rcodes, types } from './wire.ts';

export interface ZoneOptions {
  /** `cluster.local` */
  readonly domain: string;
  /** Address that pods ask; it is the name server that the zone names. */
  readonly clusterDns: string;
  /** Networks whose reverse names are the cluster's alone, known or not. */
  readonly networks: readonly string[];
}

/** What the cluster says of a name. `alias`: the answers end with a CNAME to this name outside of it. */
export interface ZoneReply {
  readonly rcode: Rcode;
  readonly answers: readonly Answer[];
  readonly authority: readonly Answer[];
  readonly additional: readonly Answer[];
  readonly alias?: string | undefined;
}

export interface Zone {
  /** The name is the cluster's to answer; whatever else is somebody else's. */
  owns(labels: readonly string[]): boolean;
  lookUp(labels: readonly string[], type: number): ZoneReply;
}

/** Version of the specification of names that this follows. */
const schemaVersion = '1.1.0';
/** Seconds; endpoints come and go, and a name must follow. */
const ttl = 5;
/** A chain of ExternalName services longer than this is taken for a circle. */
const aliasesMax = 8;

/** The names of Kubernetes' DNS specification, by looking them up in the directory. */
export function createZone(directory: Directory, { domain, clusterDns, networks }: ZoneOptions): Zone {
  const zoneLabels = domain.toLowerCase().split('.');
  const serial = {
    mname: `ns.dns.${domain}`,
    rname: `hostmaster.${domain}`,
    refresh: 7200,
    retry: 1800,
    expire: 86_400,
  };
  const soaOf = (name: string): Answer => ({ name, type: 'SOA', ttl, data: { ...serial, serial: 1, minimum: ttl } });
  const soa = soaOf(domain);

  const missing: ZoneReply = { rcode: rcodes.nxDomain, answers: [], authority: [soa], additional: [] };
  const nothing: ZoneReply = { ...missing, rcode: rcodes.noError };
  const found = (answers: readonly Answer[], additional: readonly Answer[] = []): ZoneReply =>
    answers.length > 0 ? { rcode: rcodes.noError, answers, authority: [], additional } : nothing;
  const whether = (exists: boolean): ZoneReply => (exists ? nothing : missing);

  const isInZone = (labels: readonly string[]): boolean =>
    labels.length >= zoneLabels.length &&
    zoneLabels.every((label, i) => labels[labels.length - zoneLabels.length + i] === label);

  const apex = (type: number): ZoneReply => {
    if (type === types.SOA || type === types.ANY) return found([soa]);
    if (type !== types.NS) return nothing;
    const server = `ns.dns.${domain}`;
    return found([{ name: domain, type: 'NS', ttl, data: server }], addressRecords(server, [clusterDns], types.A));
  };

  const ofService = (labels: readonly string[], type: number, depth: number): ZoneReply => {
    const [namespace = '', name, ...rest] = labels.toReversed();
    if (name === undefined) return whether(directory.hasNamespace(namespace));
    const view = directory.service(namespace, name);
    if (!view) return missing;
    const full = `${name}.${namespace}.svc.${domain}`;
    if (view.kind === 'external') return rest.length === 0 ? alias(full, view.externalName, type, depth) : missing;
    const [first, second] = rest;
    if (first === undefined) {
      if (view.kind === 'headless' && view.endpoints.length === 0) return missing;
      const addresses = view.kind === 'cluster' ? view.clusterIps : view.endpoints.map(({ address }) => address);
      return found(addressRecords(full, addresses, type));
    }
    if (rest.length === 1) {
      const endpoints = view.byLabel.get(first);
      if (endpoints)
        return found(
          addressRecords(
            `${first}.${full}`,
            endpoints.map(({ address }) => address),
            type,
          ),
        );
      return whether(portsOf(view).some(({ protocol }) => first === `_${protocol}`));
    }
    if (rest.length > 2 || second === undefined) return missing;
    return ofPort(view, full, { protocol: first, name: second }, type);
  };

  const ofPort = (
    view: ServiceNames,
    full: string,
    wanted: { protocol: string; name: string },
    type: number,
  ): ZoneReply => {
    const matches = ({ name, protocol }: NamedPort): boolean =>
      name !== '' && wanted.name === `_${name}` && wanted.protocol === `_${protocol}`;
    const targets: { target: string; addresses: readonly string[]; port: number }[] =
      view.kind === 'cluster'
        ? view.ports.filter(matches).map(({ port }) => ({ target: full, addresses: view.clusterIps, port }))
        : view.endpoints.flatMap(({ label, address, ports }: NamedEndpoint) =>
            ports.filter(matches).map(({ port }) => ({ target: `${label}.${full}`, addresses: [address], port })),
          );
    if (targets.length === 0) return missing;
    if (type !== types.SRV && type !== types.ANY) return nothing;
    const owner = `${wanted.name}.${wanted.protocol}.${full}`;
    const seen = new Set<string>();
    const answers = targets.flatMap(({ target, port }): Answer[] => {
      if (seen.has(`${target} ${port}`)) return [];
      seen.add(`${target} ${port}`);
      return [{ name: owner, type: 'SRV', ttl, data: { priority: 0, weight: 100, port, target } }];
    });
    const additional = targets.flatMap(({ target, addresses }) => addressRecords(target, addresses, types.ANY));
    return found(answers, additional);
  };

  const alias = (full: string, target: string, type: number, depth: number): ZoneReply => {
    if (target === '') return missing;
    if (!isCarried(target)) return { ...missing, rcode: rcodes.servFail, authority: [] };
    const record: Answer = { name: full, type: 'CNAME', ttl, data: target };
    if (type === types.CNAME || type === types.ANY) return found([record]);
    const labels = target.split('.');
    if (!isInZone(labels)) return { ...found([record]), alias: target };
    if (depth >= aliasesMax) return { ...missing, rcode: rcodes.servFail, authority: [] };
    const next = inZone(labels, type, depth + 1);
    return { ...next, answers: [record, ...next.answers] };
  };

  const ofPod = (labels: readonly string[], type: number): ZoneReply => {
    const [, label = '', ...rest] = labels.toReversed();
    if (labels.length === 1) return whether(directory.hasNamespace(labels[0] ?? ''));
    const address = rest.length === 0 ? addressOfDashed(label) : undefined;
    if (address === undefined) return missing;
    return found(addressRecords(`${labels.join('.')}.pod.${domain}`, [address], type));
  };

  const inZone = (labels: readonly string[], type: number, depth: number): ZoneReply => {
    const own = labels.slice(0, labels.length - zoneLabels.length);
    const top = own.at(-1);
    const rest = own.slice(0, -1);
    if (top === undefined) return apex(type);
    if (top === 'svc') return rest.length === 0 ? nothing : ofService(rest, type, depth);
    if (top === 'pod') return rest.length === 0 ? nothing : ofPod(rest, type);
    if (top === 'dns-version' && rest.length === 0) {
      if (type !== types.TXT && type !== types.ANY) return nothing;
      return found([{ name: `dns-version.${domain}`, type: 'TXT', ttl: 3600, data: [schemaVersion] }]);
    }
    if (top === 'dns' && rest.length === 0) return nothing;
    if (top === 'dns' && rest.length === 1 && rest[0] === 'ns')
      return found(addressRecords(`ns.dns.${domain}`, [clusterDns], type));
    return missing;
  };

  const reverse = (labels: readonly string[], address: string, type: number): ZoneReply => {
    const names = directory.namesOf(address);
    const name = labels.join('.');
    const own = { authority: [soaOf(labels.slice(1).join('.'))] };
    if (names.length === 0) return { ...missing, ...own };
    if (type !== types.PTR && type !== types.ANY) return { ...nothing, ...own };
    return found(names.map((one): Answer => ({ name, type: 'PTR', ttl, data: `${one}.${domain}` })));
  };

  return {
    owns(labels) {
      if (isInZone(labels)) return true;
      const address = addressOfReverse(labels);
      if (address === undefined) return false;
      return networks.some((network) => inNetwork(address, network)) || directory.namesOf(address).length > 0;
    },
    lookUp(labels, type) {
      if (isInZone(labels)) return inZone(labels, type, 0);
      return reverse(labels, addressOfReverse(labels) ?? '', type);
    },
  };
}

/** The API takes longer labels in an externalName than DNS has. */
const isCarried = (name: string): boolean =>
  name.length <= nameMax && name.split('.').every((label) => label.length > 0 && label.length <= labelMax);
const nameMax = 253;
const labelMax = 63;

const portsOf = (view: ServiceNames): readonly NamedPort[] =>
  view.kind === 'cluster' ? view.ports : view.endpoints.flatMap(({ ports }) => ports);

function addressRecords(name: string, addresses: readonly string[], type: number): readonly Answer[] {
  return [...new Set(addresses)].flatMap((data): Answer[] => {
    const record: Answer = { name, type: data.includes(':') ? 'AAAA' : 'A', ttl, data };
    return type === types.ANY || type === types[record.type === 'AAAA' ? 'AAAA' : 'A'] ? [record] : [];
  });
}
