import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#base/clock.ts';
import { type ClusterCertificates, ensureCertificates } from './cluster-pki.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import type { HostLayout } from './layout.ts';
import { keepersOf } from './processes/choose.ts';
import { containerdProcess } from './processes/containerd.ts';
import { etcdProcess } from './processes/etcd.ts';
import { fenceProcess } from './processes/fence.ts';
import { type BackgroundProcess, type ProcessName, processNames } from './processes/keeper.ts';
import { agentProcess, serverProcess } from './processes/server.ts';
import { type HostSettings, type ServerSettings, saveSettings } from './settings.ts';
import { applySysctls } from './sysctl.ts';

/** The background processes of one machine, in the order in which they start. */
export function clusterProcesses(layout: HostLayout, settings: HostSettings): BackgroundProcess[] {
  if (settings.role === 'agent') return [containerdProcess(layout), fenceProcess(layout), agentProcess(layout)];
  return [etcdProcess(layout, settings), containerdProcess(layout), fenceProcess(layout), serverProcess(layout)];
}

export const processNamesOf = (role: HostSettings['role']): ProcessName[] =>
  role === 'agent' ? ['containerd', 'fence', 'agent'] : ['etcd', 'containerd', 'fence', 'server'];

/** Folders and settings: what comes before anything else on any machine. */
export function prepareFolders(layout: HostLayout, settings: HostSettings): void {
  for (const folder of [layout.stateDir, layout.runDir, layout.logDir, layout.agentDir]) {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
  }
  mkdirSync(layout.pkiDir, { recursive: true, mode: 0o700 });
  saveSettings(layout.settingsFile, settings);
}

/** Folders, settings, certificates, kubeconfig, kernel settings: everything before a server's first process. */
export async function prepareCluster(layout: HostLayout, settings: ServerSettings, clock: Clock): Promise<void> {
  prepareFolders(layout, settings);
  writeAdminKubeconfig(layout, settings, await ensureCertificates(layout, settings, clock.now()));
  applySysctls(layout);
}

/** Again at each start of the server: the admin's certificate may be a new one. */
export function writeAdminKubeconfig(
  layout: HostLayout,
  settings: ServerSettings,
  { ca, admin }: Pick<ClusterCertificates, 'ca' | 'admin'>,
): void {
  writeKubeconfig(layout.kubeconfig, { server: `https://127.0.0.1:${settings.apiPort}`, ca: ca.cert, client: admin });
}

export interface ProcessState {
  readonly name: ProcessName;
  readonly supervised: boolean;
  readonly pid: number | undefined;
  readonly logFile: string;
}

/** What runs now, of these. Reads only; works without settings, and before anything was installed. */
export function processStates(
  layout: HostLayout,
  clock: Clock,
  names: readonly ProcessName[] = processNames,
): ProcessState[] {
  const found = keepersOf(layout, clock).all.map((keeper) => keeper.states(names));
  return names.map((name) => {
    const states = found.map((one) => one.get(name)).filter((one) => one !== undefined);
    return {
      name,
      supervised: states.some((one) => one.kept),
      pid: states.find((one) => one.pid !== undefined)?.pid,
      logFile: join(layout.logDir, `${name}.log`),
    };
  });
}

/** Starts what does not run. Returns the names of what it started. */
export async function startProcesses(
  layout: HostLayout,
  processes: readonly BackgroundProcess[],
  clock: Clock,
): Promise<string[]> {
  const { chosen, all } = keepersOf(layout, clock);
  // The machine has got a systemd since, or lost it: two keepers would start everything twice.
  for (const former of all.filter((one) => one.kind !== chosen.kind)) {
    const states = former.states(processes.map((one) => one.name));
    for (const { name } of [...processes].reverse()) if (states.get(name)?.kept) await former.stop(name);
  }
  return chosen.start(processes);
}

/** In reverse order, so that nothing loses what it stands on before its own end. They stay stopped after a reboot. */
export async function stopProcesses(layout: HostLayout, names: readonly ProcessName[], clock: Clock): Promise<void> {
  for (const name of [...processNames].reverse().filter((one) => names.includes(one))) {
    for (const keeper of keepersOf(layout, clock).all) await keeper.stop(name);
  }
}
