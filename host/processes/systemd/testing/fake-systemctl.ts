/**
 * A systemctl for tests, strict: it knows the calls that the keeper may make and refuses all others, takes no unit that it
 * has not read since the last daemon-reload, and really runs what units start. State is in the folder $FAKE_SYSTEMD:
 * units/ (what is on disk), loaded/ (what was read), enabled/, pids/, calls.
 */
import { spawn } from 'node:child_process';
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
};

const known: Readonly<Record<string, readonly string[]>> = {
  'daemon-reload': [],
  enable: ['--quiet'],
  disable: ['--quiet', '--now'],
  start: [],
  restart: [],
  show: ['--property=ActiveState,MainPID'],
  'reset-failed': [],
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
  const value = (name: string): string =>
    new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1] ?? refuse(`${unit} lacks ${name}`);
  for (const other of value('After').split(' ')) {
    if (other.endsWith('.service') && !existsSync(join(folder('loaded'), other))) refuse(`Unit ${other} not found.`);
  }
  const [program = '', ...args] = words(value('ExecStart'));
  const environment = readFileSync(value('EnvironmentFile'), 'utf8');
  const env = Object.fromEntries([...environment.matchAll(/^(\w+)="(.*)"$/gm)].map(([, name, text]) => [name, text]));
  const log = openSync(value('StandardOutput').replace(/^append:/, ''), 'a');
  const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log], env, cwd: '/' });
  child.unref();
  writeFileSync(join(folder('pids'), unit), String(child.pid));
}

function stop(unit: string): void {
  const pid = pidOf(unit);
  if (pid) process.kill(pid, 'SIGTERM');
  rmSync(join(folder('pids'), unit), { force: true });
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
