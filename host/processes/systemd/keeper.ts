import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HostError } from '../../errors.ts';
import { writeFileAtomic } from '../../files.ts';
import type { HostLayout } from '../../layout.ts';
import { hasSysResource } from '../../machine.ts';
import {
  type BackgroundProcess,
  type KeptState,
  type ProcessKeeper,
  type ProcessName,
  processNames,
} from '../keeper.ts';
import { renderEnvironment, renderUnit } from './unit.ts';

export interface SystemdOptions {
  /** @default /etc/systemd/system */
  readonly unitFolder?: string;
  /** @default found in PATH */
  readonly systemctl?: string;
}

const checkout = join(import.meta.dirname, '../../..');

/** `berth-etcd.service`; with BERTH_HOME `berth-1a2b3c-etcd.service`. */
export const unitName = (layout: HostLayout, name: ProcessName): string => `${layout.cgroupRoot}-${name}.service`;

/** Keeps processes as units of the machine's systemd: they come back when they end, and after a reboot. */
export function createSystemdKeeper(layout: HostLayout, options: SystemdOptions = {}): ProcessKeeper {
  const { unitFolder = '/etc/systemd/system', systemctl = 'systemctl' } = options;
  const unitFile = (name: ProcessName): string => join(unitFolder, unitName(layout, name));
  const environmentFile = (name: ProcessName): string => join(layout.stateDir, 'units', `${name}.env`);

  const ask = (...args: readonly string[]): string => {
    const result = spawnSync(systemctl, args, { encoding: 'utf8', timeout: callTimeoutMs });
    if (result.status === 0) return result.stdout;
    throw failure(args, result.stderr || (result.error?.message ?? ''));
  };

  /** Writes what differs; true when systemd must read it again. */
  const write = (process: BackgroundProcess, all: readonly BackgroundProcess[]): boolean => {
    const here = new Set(all.map((one) => one.name));
    const unit = renderUnit(process, {
      unitOf: (name) => (here.has(name) ? unitName(layout, name) : undefined),
      environmentFile: environmentFile(process.name),
      needsFolders: [layout.stateDir, checkout],
      mayLowerOomScore: hasSysResource(),
    });
    const environment = renderEnvironment({ ...inherited(), ...process.env });
    const changed = read(unitFile(process.name)) !== unit || read(environmentFile(process.name)) !== environment;
    if (changed) {
      writeFileAtomic(environmentFile(process.name), environment, 0o600);
      mkdirSync(dirname(unitFile(process.name)), { recursive: true });
      writeFileSync(unitFile(process.name), unit, { mode: 0o644 });
    }
    return changed;
  };

  const states: ProcessKeeper['states'] = (names) => {
    const known = names.filter((name) => existsSync(unitFile(name)));
    if (known.length === 0) return new Map();
    const units = known.map((name) => unitName(layout, name));
    const blocks = ask('show', '--property=ActiveState,MainPID', ...units)
      .trimEnd()
      .split('\n\n');
    return new Map(known.map((name, at) => [name, stateOf(blocks[at] ?? '')]));
  };

  return {
    kind: 'systemd',
    states,
    start(processes) {
      const names = processes.map((one) => one.name);
      const before = states(names);
      const running = (name: ProcessName): boolean => before.get(name)?.kept === true;
      const changed = processes.filter((one) => write(one, processes)).map((one) => one.name);
      const units = (some: readonly ProcessName[]): string[] => some.map((name) => unitName(layout, name));
      if (changed.length > 0) ask('daemon-reload');
      ask('enable', '--quiet', ...units(names));
      const stale = changed.filter(running);
      const down = names.filter((name) => !running(name));
      if (stale.length > 0) ask('restart', ...units(stale));
      if (down.length > 0) ask('start', ...units(down));
      return names.filter((name) => stale.includes(name) || down.includes(name));
    },
    async stop(name) {
      if (!existsSync(unitFile(name))) return;
      // Not in one call that blocks this process: it would hear no Ctrl-C for as long as a unit takes to end.
      await askAsync(systemctl, ['disable', '--quiet', '--now', unitName(layout, name)]);
    },
    forget() {
      const written = processNames.filter((name) => existsSync(unitFile(name)));
      if (written.length === 0) return;
      ask('disable', '--quiet', ...written.map((name) => unitName(layout, name)));
      for (const name of written) rmSync(unitFile(name));
      rmSync(dirname(environmentFile('server')), { recursive: true, force: true });
      ask('daemon-reload');
      // A unit that had failed is remembered without its file.
      spawnSync(systemctl, ['reset-failed', ...written.map((name) => unitName(layout, name))], { stdio: 'ignore' });
    },
  };
}

const callTimeoutMs = 90_000;

/** What a process started from a shell would have had, and may need: how to reach registries, and where programs are. */
function inherited(): Record<string, string> {
  const wanted = ['PATH', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];
  const found = [...wanted, 'NODE_COMPILE_CACHE', 'NODE_EXTRA_CA_CERTS'].flatMap((name) => {
    const value = process.env[name];
    return value ? [[name, value] as const] : [];
  });
  return Object.fromEntries(found);
}

function stateOf(block: string): KeptState {
  const fields = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const pid = Number(fields.get('MainPID'));
  const state = fields.get('ActiveState') ?? '';
  return { kept: ['active', 'activating', 'reloading'].includes(state), pid: pid > 0 ? pid : undefined };
}

function askAsync(systemctl: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(systemctl, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: callTimeoutMs });
    let words = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words += text;
    });
    child.on('error', (error) => reject(failure(args, error.message)));
    child.on('close', (code) => (code === 0 ? resolve() : reject(failure(args, words))));
  });
}

const failure = (args: readonly string[], words: string): HostError =>
  new HostError(
    `systemctl ${args.join(' ')} failed: ${words.trim() || 'no answer'}`,
    `See why with: journalctl -xe, and systemctl status ${args.at(-1) ?? ''}`,
  );

const read = (file: string): string | undefined => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);
