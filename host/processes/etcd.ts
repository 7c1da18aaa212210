import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { HostLayout } from '../layout.ts';
import { requireCommand } from '../packages.ts';
import type { ServerSettings } from '../settings.ts';
import type { BackgroundProcess } from './keeper.ts';

/** 8 GiB, etcd's own recommended maximum: the default of 2 GiB stops a busy cluster with an alarm. */
const quotaBytes = 8 * 1024 ** 3;
/** Writes above this are refused by etcd; the API's own limit of 3 MiB per request is below it, with room for grouping. */
const requestBytesMax = 8 * 1024 ** 2;
/** Nested transactions carry a group of writes (docs/decisions/0005). */
const transactionOpsMax = 512;

/** Our own etcd: on loopback, reachable only with a certificate of its own authority. */
export function etcdProcess(layout: HostLayout, settings: ServerSettings): BackgroundProcess {
  mkdirSync(layout.etcdDir, { recursive: true, mode: 0o700 });
  const pki = (file: string): string => join(layout.pkiDir, file);
  const client = `https://127.0.0.1:${settings.etcdPort}`;
  const peer = `https://127.0.0.1:${settings.etcdPeerPort}`;
  return {
    name: 'etcd',
    purpose: 'etcd, which keeps the state of the cluster',
    waitedForOnDisk: true,
    runDir: layout.runDir,
    logFile: join(layout.logDir, 'etcd.log'),
    command: [
      requireCommand('etcd'),
      `--name=${settings.nodeName}`,
      `--data-dir=${layout.etcdDir}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=${settings.nodeName}=${peer}`,
      '--client-cert-auth',
      `--trusted-ca-file=${pki('etcd-ca.crt')}`,
      `--cert-file=${pki('etcd.crt')}`,
      `--key-file=${pki('etcd.key')}`,
      '--peer-client-cert-auth',
      `--peer-trusted-ca-file=${pki('etcd-ca.crt')}`,
      `--peer-cert-file=${pki('etcd.crt')}`,
      `--peer-key-file=${pki('etcd.key')}`,
      `--quota-backend-bytes=${quotaBytes}`,
      `--max-request-bytes=${requestBytesMax}`,
      `--max-txn-ops=${transactionOpsMax}`,
      '--snapshot-count=10000',
      '--logger=zap',
      '--log-level=warn',
    ],
    // Older etcd packages refuse to run on architectures they were not tested on, unless told so.
    env: { ...(process.arch === 'arm64' && { ETCD_UNSUPPORTED_ARCH: 'arm64' }), GOGC: '50' },
  };
}
