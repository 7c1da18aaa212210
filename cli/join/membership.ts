import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { JoinToken } from '#api/join-token.ts';
import type { HostLayout } from '#host/layout.ts';
import { type JoinedSettings, loadSettings } from '#host/settings.ts';
import { CliError } from '../command.ts';
import { loadCa } from './node-access.ts';
import { fingerprint } from './probe.ts';

/** The settings of a machine that is in this very cluster. Throws a CliError when it belongs elsewhere. */
export function membership(layout: HostLayout, token: JoinToken): JoinedSettings | undefined {
  const existing = loadSettings(layout.settingsFile);
  if (existing?.role === 'server') {
    throw new CliError('this machine is the server of a cluster', {
      fix: 'A machine is in one cluster only. To give its own up, with all that is in it: berth down --purge',
    });
  }
  if (!existing && existsSync(layout.etcdDir)) {
    throw new CliError(`${layout.etcdDir} holds the state of a cluster, but ${layout.settingsFile} is gone`, {
      fix: 'Restore the settings from a backup, or give that cluster up, with all that is in it: berth down --purge',
    });
  }
  const ca = existing && loadCa(layout);
  if (existing && ca && fingerprint(new X509Certificate(ca).raw) !== token.caHash) {
    throw new CliError(
      `this machine is in another cluster already, as node ${existing.nodeName} of ${existing.servers[0]}`,
      { fix: 'Leave that one first: berth leave' },
    );
  }
  return existing;
}
