import { cidrAddress } from '#api/ipv4-network.ts';
import { type KeyPair, loadKeyPair, needsRenewal, saveKeyPair } from './key-pair.ts';
import type { HostLayout } from './layout.ts';
import { machineAddresses, machineName } from './machine.ts';
import type { CertificateRequest } from './pki.ts';
import type { ServerSettings } from './settings.ts';

/** Every certificate of a one-machine cluster, by the name of its file in pki/. */
export interface ClusterCertificates {
  readonly ca: KeyPair;
  readonly apiserver: KeyPair;
  /** What the API server shows to agents. */
  readonly apiserverClient: KeyPair;
  readonly admin: KeyPair;
  readonly agentServing: KeyPair;
  readonly agentClient: KeyPair;
  /** etcd trusts an authority of its own, so that no API user's certificate opens the store. */
  readonly etcdCa: KeyPair;
  readonly etcdServer: KeyPair;
  readonly etcdClient: KeyPair;
}

const authorityDays = 3650;
const certificateDays = 365;

/** Loads what is there and still good, and makes the rest. Existing authorities are never replaced. */
export async function ensureCertificates(
  layout: HostLayout,
  settings: ServerSettings,
  nowMs: number,
): Promise<ClusterCertificates> {
  const folder = layout.pkiDir;
  const authority = async (name: string, commonName: string): Promise<KeyPair> => {
    const existing = loadKeyPair(folder, name);
    if (existing) return existing;
    // Loaded only to make one: it is many modules, which a running server should not carry.
    const { createAuthority } = await import('./pki.ts');
    const made = await createAuthority(commonName, authorityDays, nowMs);
    saveKeyPair(folder, name, made);
    return made;
  };
  const certificate = async (
    ca: KeyPair,
    name: string,
    request: Omit<CertificateRequest, 'days'>,
  ): Promise<KeyPair> => {
    const existing = loadKeyPair(folder, name);
    if (existing && !needsRenewal(existing, request.hosts ?? [], nowMs)) return existing;
    const { issueCertificate } = await import('./pki.ts');
    const made = await issueCertificate(ca, { ...request, days: certificateDays }, nowMs);
    saveKeyPair(folder, name, made);
    return made;
  };

  const ca = await authority('ca', 'berth-ca');
  const etcdCa = await authority('etcd-ca', 'berth-etcd-ca');
  const here = ['127.0.0.1', '::1', 'localhost', settings.nodeAddress, settings.nodeName, machineName()];
  const service = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    `kubernetes.default.svc.${settings.cluster.clusterDomain}`,
  ];
  return {
    ca,
    etcdCa,
    apiserver: await certificate(ca, 'apiserver', {
      commonName: 'berth-apiserver',
      hosts: unique([
        ...here,
        ...settings.apiNames,
        ...machineAddresses(),
        ...service,
        cidrAddress(settings.cluster.serviceCidr, 1),
      ]),
    }),
    apiserverClient: await certificate(ca, 'apiserver-client', {
      commonName: 'berth-apiserver',
      organizations: ['system:masters'],
    }),
    admin: await certificate(ca, 'admin', { commonName: 'system:admin', organizations: ['system:masters'] }),
    agentServing: await certificate(ca, 'agent', {
      commonName: `system:node:${settings.nodeName}`,
      organizations: ['system:nodes'],
      hosts: unique(here),
    }),
    agentClient: await certificate(ca, 'agent-client', {
      commonName: `system:node:${settings.nodeName}`,
      organizations: ['system:nodes'],
    }),
    etcdServer: await certificate(etcdCa, 'etcd', {
      commonName: 'berth-etcd',
      hosts: ['127.0.0.1', 'localhost'],
      alsoClient: true,
    }),
    etcdClient: await certificate(etcdCa, 'etcd-client', { commonName: 'berth-apiserver' }),
  };
}

/** Whether a server that was started now would replace one of its certificates for its age. */
export function certificatesAge(layout: HostLayout, nowMs: number): boolean {
  return certificateNames.some((name) => {
    const pair = loadKeyPair(layout.pkiDir, name);
    return pair !== undefined && needsRenewal(pair, [], nowMs);
  });
}

const certificateNames = ['apiserver', 'apiserver-client', 'admin', 'agent', 'agent-client', 'etcd', 'etcd-client'];

const unique = (items: readonly string[]): string[] => [...new Set(items)];
