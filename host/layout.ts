import { createHash } from 'node:crypto';
import { join } from 'node:path';

/**
 * Where a cluster's files and names stand on the machine. One machine can carry several clusters: `BERTH_HOME` moves all
 * files under one folder and gives every kernel-wide name (interface, nftables table, cgroup) a suffix of its own.
 */
export interface HostLayout {
  /** Absent for the machine's main cluster. */
  readonly home: string | undefined;
  readonly stateDir: string;
  readonly runDir: string;
  readonly logDir: string;
  readonly pkiDir: string;
  readonly etcdDir: string;
  readonly containerdRoot: string;
  readonly containerdState: string;
  readonly containerdSocket: string;
  /** containerd's certs.d: how to reach each registry. */
  readonly registryDir: string;
  readonly agentDir: string;
  readonly podLogDir: string;
  readonly cniConfDir: string;
  readonly kubeconfig: string;
  readonly settingsFile: string;
  /** Kernel-wide names. */
  readonly bridge: string;
  /** The interface to pods of machines on other links. */
  readonly tunnel: string;
  readonly nftTable: string;
  readonly cgroupRoot: string;
}

/** `home` is BERTH_HOME: an absolute path, or undefined. Throws a TypeError when it is relative. */
export function hostLayout(home: string | undefined): HostLayout {
  if (home !== undefined && !home.startsWith('/')) {
    throw new TypeError(`BERTH_HOME must be an absolute path, but is ${JSON.stringify(home)}`);
  }
  const suffix = home ? createHash('sha256').update(home).digest('hex').slice(0, 6) : '';
  const stateDir = home ? join(home, 'lib') : '/var/lib/berth';
  const runDir = home ? join(home, 'run') : '/run/berth';
  const logDir = home ? join(home, 'log') : '/var/log/berth';
  return {
    home,
    stateDir,
    runDir,
    logDir,
    pkiDir: join(stateDir, 'pki'),
    etcdDir: join(stateDir, 'etcd'),
    containerdRoot: join(stateDir, 'containerd'),
    containerdState: join(runDir, 'containerd'),
    containerdSocket: join(runDir, 'containerd', 'containerd.sock'),
    registryDir: join(stateDir, 'certs.d'),
    agentDir: join(stateDir, 'agent'),
    podLogDir: join(logDir, 'pods'),
    cniConfDir: join(stateDir, 'cni'),
    kubeconfig: join(stateDir, 'admin.kubeconfig'),
    settingsFile: join(stateDir, 'settings.json'),
    bridge: suffix ? `berth${suffix}` : 'berth0',
    tunnel: suffix ? `berth${suffix}vx` : 'berth0vx',
    nftTable: suffix ? `berth_${suffix}` : 'berth',
    cgroupRoot: suffix ? `berth-${suffix}` : 'berth',
  };
}
