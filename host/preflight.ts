import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { HostError } from './errors.ts';
import { cgroupVersion, distribution } from './machine.ts';
import { findCommand, missingPackages } from './packages.ts';
import type { HostSettings } from './settings.ts';

/** One thing that keeps Berth from running here. */
export interface Finding {
  readonly problem: string;
  readonly fix: string;
}

export interface PreflightOptions {
  readonly role: HostSettings['role'];
  /** Ports that must be free, with what they are for; empty when our own processes hold them. */
  readonly ports: readonly { readonly port: number; readonly use: string; readonly flag: string }[];
}

/** Looks, and changes nothing. An empty list means that the machine will do. */
export async function preflight(options: PreflightOptions): Promise<Finding[]> {
  const findings = [checkRoot(), checkOverlay(), checkCgroups(), checkPackages(options.role)].filter(
    (one) => one !== undefined,
  );
  for (const { port, use, flag } of options.ports) {
    const problem = await portProblem(port);
    if (problem) {
      findings.push({
        problem: `port ${port} (${use}) ${problem}`,
        fix: `Stop what uses it (see: ss -ltnp 'sport = :${port}'), or choose another with ${flag}`,
      });
    }
  }
  return findings;
}

function checkRoot(): Finding | undefined {
  if (process.getuid?.() === 0) return undefined;
  return { problem: 'not running as root', fix: 'Containers, networks and cgroups take root: run it again with sudo' };
}

function checkOverlay(): Finding | undefined {
  const known = existsSync('/proc/filesystems') && /\boverlay$/m.test(readFileSync('/proc/filesystems', 'utf8'));
  const loadable = findCommand('modprobe') !== undefined && existsSync('/lib/modules');
  if (known || loadable) return undefined;
  return {
    problem: 'the kernel has no overlayfs',
    fix: 'Use a kernel with CONFIG_OVERLAY_FS (any Debian or Ubuntu kernel)',
  };
}

function checkCgroups(): Finding | undefined {
  if (cgroupVersion()) return undefined;
  return {
    problem: 'no cgroup controllers under /sys/fs/cgroup',
    fix: 'Mount them: mount -t cgroup2 none /sys/fs/cgroup (systemd machines do so at boot)',
  };
}

function checkPackages(role: HostSettings['role']): Finding | undefined {
  const missing = missingPackages(role);
  if (missing.length === 0 || findCommand('apt-get')) return undefined;
  return {
    problem: `${distribution()?.name ?? 'this system'} has no apt-get, and these are missing: ${missing.map((one) => one.name).join(', ')}`,
    fix: 'Use Debian 12 or 13 or Ubuntu 24.04, or install these programs yourself',
  };
}

function portProblem(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'EADDRINUSE' ? 'is in use' : `cannot be opened: ${error.message}`),
    );
    server.listen({ port, host: '0.0.0.0' }, () => server.close(() => resolve(undefined)));
  });
}

export const describeFindings = (findings: readonly (Finding | HostError)[]): string =>
  findings.map((one) => ('problem' in one ? `  ${one.problem}\n    ${one.fix}` : one.message)).join('\n');
