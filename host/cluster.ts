import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#base/clock.ts';
import { ensureCertificates } from './cluster-pki.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import type { HostLayout } from './layout.ts';
import { containerdProcess } from './processes/containerd.ts';
import { etcdProcess } from './processes/etcd.ts';
import { serverProcess } from './processes/server.ts';
import {
  processPid,
  type SupervisedProcess,
  startSupervised,
  stopSupervised,
  supervisorPid,
} from './processes/supervised.ts';
import { type HostSettings, saveSettings } from './settings.ts';
import { applySysctls } from './sysctl.ts';

/** The background processes of one machine, in the order in which they start. */
export function clusterProcesses(layout: HostLayout, settings: HostSettings): SupervisedProcess[] {
  return [etcdProcess(layout, settings), containerdProcess(layout), serverProcess(layout)];
}

/** Folders, settings, certificates, kubeconfig, kernel settings: everything before the first process. */
export async function prepareCluster(layout: HostLayout, settings: HostSettings, clock: Clock): Promise<void> {
  for (const folder of [layout.stateDir, layout.runDir, layout.logDir, layout.agentDir]) {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
  }
  mkdirSync(layout.pkiDir, { recursive: true, mode: 0o700 });
  saveSettings(layout.settingsFile, settings);
  const certificates = await ensureCertificates(layout, settings, clock.now());
  writeKubeconfig(layout.kubeconfig, {
    server: `https://127.0.0.1:${settings.apiPort}`,
    ca: certificates.ca.cert,
    client: certificates.admin,
  });
  applySysctls(layout);
}

export interface ProcessState {
  readonly name: string;
  readonly supervised: boolean;
  readonly pid: number | undefined;
  readonly logFile: string;
}

const processNames = ['etcd', 'containerd', 'server'] as const;

/** What runs now. Reads only; works without settings, and before anything was installed. */
export function processStates(layout: HostLayout): ProcessState[] {
  return processNames.map((name) => {
    const process = { name, runDir: layout.runDir, command: [''] as const };
    return {
      name,
      supervised: supervisorPid(process) !== undefined,
      pid: processPid(process),
      logFile: join(layout.logDir, `${name}.log`),
    };
  });
}

/** Starts what does not run. Returns the names of what it started. */
export function startProcesses(processes: readonly SupervisedProcess[]): string[] {
  return processes.filter((process) => startSupervised(process) === 'started').map((process) => process.name);
}

/** In reverse order, so that nothing loses what it stands on before its own end. */
export async function stopProcesses(layout: HostLayout, names: readonly string[], clock: Clock): Promise<void> {
  for (const name of [...processNames].reverse().filter((one) => names.includes(one))) {
    await stopSupervised({ name, runDir: layout.runDir, command: [''] }, clock, 15_000);
  }
}
