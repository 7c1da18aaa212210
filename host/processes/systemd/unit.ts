import { dirname } from 'node:path';
import type { BackgroundProcess } from '../keeper.ts';

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
  const order = ['network-online.target', ...before].join(' ');
  return `# Written by berth at every start; changes are lost.
[Unit]
Description=Berth: ${process.purpose}
After=${order}
Wants=${order}
RequiresMountsFor=${options.needsFolders.map(quoteWord).join(' ')}
StartLimitIntervalSec=0

[Service]
EnvironmentFile=${escapePercent(options.environmentFile)}
ExecStartPre=/bin/mkdir -p ${quoteArgument(process.runDir)} ${quoteArgument(dirname(process.logFile))}
ExecStart=${process.command.map(quoteArgument).join(' ')}
StandardOutput=append:${escapePercent(process.logFile)}
StandardError=append:${escapePercent(process.logFile)}
Restart=always
RestartSec=1
TimeoutStopSec=30
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
${process.childrenOutlive ? 'KillMode=process\nDelegate=yes\n' : ''}${options.mayLowerOomScore ? 'OOMScoreAdjust=-999\n' : ''}
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
