import { dirname } from 'node:path';
import type { BackgroundProcess } from '../keeper.ts';

/** Ten times what other services have: a machine that is busy must still say that it lives. No Nice beside it: containers would inherit that. */
const cpuWeight = 1000;
const ioWeight = 1000;
const stopSecondsDefault = 10;

export interface UnitOptions {
  /** The unit's file name of each process that runs on this machine: `berth-etcd.service`. */
  readonly unitOf: (name: BackgroundProcess['name']) => string | undefined;
  readonly environmentFile: string;
  /** Folders that may be mounts of their own and are needed before the start. */
  readonly needsFolders: readonly string[];
  /** systemd fails a unit whose score it may not lower. */
  readonly mayLowerOomScore: boolean;
}

/** The text of a systemd unit that keeps the process running from boot to shutdown. */
export function renderUnit(process: BackgroundProcess, options: UnitOptions): string {
  const before = (process.after ?? []).map(options.unitOf).filter((one) => one !== undefined);
  const wants = ['network-online.target', ...before].join(' ');
  // Containers may use what is mounted from elsewhere: at the end it is unmounted after they have stopped.
  const order = process.childrenOutlive ? `${wants} remote-fs.target` : wants;
  return `# Written by berth at every start; changes are lost.
[Unit]
Description=Berth: ${process.purpose}
After=${order}
Wants=${wants}
RequiresMountsFor=${options.needsFolders.map(quoteWord).join(' ')}
StartLimitIntervalSec=0

[Service]
EnvironmentFile=${escapePercent(options.environmentFile)}
ExecStartPre=/bin/mkdir -p ${quoteArgument(process.runDir)} ${quoteArgument(dirname(process.logFile))}
ExecStart=${process.command.map(quoteArgument).join(' ')}
StandardOutput=append:${escapePercent(process.logFile)}
StandardError=append:${escapePercent(process.logFile)}
${process.afterStop ? `ExecStopPost=${process.afterStop.map(quoteArgument).join(' ')}\n` : ''}Restart=always
RestartSec=1
TimeoutStopSec=${process.stopSeconds ?? stopSecondsDefault}
KillMode=${process.childrenOutlive ? 'process\nDelegate=yes' : 'mixed'}
CPUWeight=${cpuWeight}
${process.waitedForOnDisk ? `IOWeight=${ioWeight}\n` : ''}LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
${options.mayLowerOomScore ? 'OOMScoreAdjust=-999\n' : ''}
[Install]
WantedBy=multi-user.target
`;
}

/** Lines of an EnvironmentFile. */
export const renderEnvironment = (env: Readonly<Record<string, string>>): string =>
  Object.entries(env)
    .map(([name, value]) => `${name}="${value.replace(/[\\"$`]/g, '\\$&')}"\n`)
    .join('');

const escapePercent = (text: string): string => text.replaceAll('%', '%%');

/** As systemd reads a list of words: C-like escapes in double quotes, `%%` for itself. */
const quoteWord = (text: string): string =>
  `"${escapePercent(text).replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`;

/** As systemd.service(5) reads a command line: words in which `$$` stands for itself. */
export const quoteArgument = (text: string): string => quoteWord(text).replaceAll('$', '$$$$');
