/**
 * A systemctl for tests, strict: it knows the calls that the keeper may make and refuses all others, takes no unit that it
 * has not read since the last daemon-reload, and really runs what units start, and what they run after their end. State is in the
 * folder $FAKE_SYSTEMD: units/ (what is on disk), loaded/ (what was read), enabled/, pids/, calls, stopping (the machine goes down).
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const root = process.env.FAKE_SYSTEMD ?? refuse('FAKE_SYSTEMD is not set');
const folder = (name: string): string => join(root, name);
for (const name of ['units', 'loaded', 'enabled', 'pids']) mkdirSync(folder(name), { recursive: true });
const [verb = '', ...rest] = process.argv.slice(2);
const flags = rest.filter((one) => one.startsWith('--'));
const units = rest.filter((one) => !one.startsWith('--'));
appendFileSync(folder('calls'), `${[verb, ...rest].join(' ')}\n`);

const verbs: Readonly<Record<string, () => void>> = {
  'daemon-reload': () => {
    for (const unit of readdirSync(folder('loaded'))) rmSync(join(folder('loaded'), unit));
    for (const unit of readdirSync(folder('units')))
      copyFileSync(join(folder('units'), unit), join(folder('loaded'), unit));
  },
  enable: () => {
    for (const unit of units) {
      if (!loaded(unit).includes('\n[Install]\n')) refuse(`${unit} has no [Install] section`);
      writeFileSync(join(folder('enabled'), unit), '');
    }
  },
  disable: () => {
    for (const unit of units) {
      if (!existsSync(join(folder('units'), unit))) refuse(`Unit file ${unit} does not exist.`);
      rmSync(join(folder('enabled'), unit), { force: true });
      if (flags.includes('--now')) stop(unit);
    }
  },
  start: () => units.forEach(start),
  restart: () => {
    for (const unit of units) {
      stop(unit);
      start(unit);
    }
  },
  show: () => {
    const blocks = units.map((unit) => {
      const pid = pidOf(unit);
      return `MainPID=${pid ?? 0}\nActiveState=${pid ? 'active' : 'inactive'}\n`;
    });
    process.stdout.write(blocks.join('\n'));
  },
  'reset-failed': () => {},
  'is-system-running': () => {
    const state = existsSync(folder('stopping')) ? 'stopping' : 'running';
    process.stdout.write(`${state}\n`);
    process.exitCode = state === 'running' ? 0 : 1;
  },
  poweroff: () => {
    writeFileSync(folder('stopping'), '');
    const left = new Set(readdirSync(folder('pids')));
    while (left.size > 0) {
      const next = [...left].find((unit) => ![...left].some((other) => startsAfter(other, unit)));
      if (!next) refuse(`These units wait for each other: ${[...left].join(' ')}`);
      stop(next);
      left.delete(next);
    }
  },
};

const known: Readonly<Record<string, readonly string[]>> = {
  'daemon-reload': [],
  enable: ['--quiet'],
  disable: ['--quiet', '--now'],
  start: [],
  restart: [],
  show: ['--property=ActiveState,MainPID'],
  'reset-failed': [],
  'is-system-running': [],
  poweroff: [],
};
const unknown = flags.find((one) => !known[verb]?.includes(one));
if (unknown) refuse(`unrecognized option '${unknown}'`);
(verbs[verb] ?? (() => refuse(`Unknown command verb ${verb}.`)))();

function start(unit: string): void {
  if (pidOf(unit)) return;
  const text = loaded(unit);
  if (text !== readFileSync(join(folder('units'), unit), 'utf8')) {
    refuse(`The unit file of ${unit} changed on disk. Run 'systemctl daemon-reload'.`);
  }
  for (const other of settingOf(unit, 'After').split(' ')) {
    if (other.endsWith('.service') && !existsSync(join(folder('loaded'), other))) refuse(`Unit ${other} not found.`);
  }
  const [program = '', ...args] = words(settingOf(unit, 'ExecStart'));
  const child = spawn(program, args, { detached: true, ...surroundings(unit) });
  child.unref();
  writeFileSync(join(folder('pids'), unit), String(child.pid));
}

function stop(unit: string): void {
  const pid = pidOf(unit);
  if (!pid) return;
  process.kill(pid, 'SIGTERM');
  const untilMs = Date.now() + Number(settingOf(unit, 'TimeoutStopSec')) * 1000;
  while (runs(pid)) {
    if (Date.now() > untilMs) process.kill(pid, 'SIGKILL');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  }
  rmSync(join(folder('pids'), unit), { force: true });
  if (!loaded(unit).includes('\nExecStopPost=')) return;
  const [program = '', ...args] = words(settingOf(unit, 'ExecStopPost'));
  spawnSync(program, args, surroundings(unit));
}

function surroundings(unit: string) {
  const environment = readFileSync(settingOf(unit, 'EnvironmentFile'), 'utf8');
  const env = Object.fromEntries([...environment.matchAll(/^(\w+)="(.*)"$/gm)].map(([, name, text]) => [name, text]));
  const log = openSync(settingOf(unit, 'StandardOutput').replace(/^append:/, ''), 'a');
  return { stdio: ['ignore' as const, log, log], env, cwd: '/' };
}

function startsAfter(unit: string, other: string): boolean {
  return settingOf(unit, 'After').split(' ').includes(other);
}

function settingOf(unit: string, name: string): string {
  return new RegExp(`^${name}=(.*)$`, 'm').exec(loaded(unit))?.[1] ?? refuse(`${unit} lacks ${name}`);
}

/** A process that has ended and was not waited for has no command line any more. */
function runs(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch {
    return false;
  }
}

function pidOf(unit: string): number | undefined {
  const file = join(folder('pids'), unit);
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined;
  return pid && existsSync(`/proc/${pid}`) ? pid : undefined;
}

function loaded(unit: string): string {
  const file = join(folder('loaded'), unit);
  return existsSync(file) ? readFileSync(file, 'utf8') : refuse(`Unit ${unit} could not be found.`);
}

/** As systemd splits a command line whose words all stand in double quotes. */
function words(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = '']) =>
    word.replace(/\\(.)/g, '$1').replaceAll('$$', '$').replaceAll('%%', '%'),
  );
}

function refuse(why: string): never {
  process.stderr.write(`${why}\n`);
  process.exit(1);
}
