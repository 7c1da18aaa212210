import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { mustRun } from '../run.ts';
import type { Machine } from './machine.ts';

/** One container of a pod that must not run twice, as it is seen from outside: nobody who is tested is asked. */
export interface OrdinalRun {
  readonly pod: string;
  readonly machine: string;
  readonly cgroup: string;
  /** On performance.now(). */
  readonly firstMs: number;
  lastMs: number;
}

/**
 * Two watches over pods whose name may run once only. Processes of all machines are looked at, many times per second; and each
 * container locks a file of its pod's name on the disk that all machines share: the kernel lets go of it when the last process ends.
 */
export interface Ordinals {
  /** For the pod's spec: a container that does not end when it is asked to, and its volumes. */
  readonly podSpec: object;
  /** What was seen so far, in the order of its beginning. */
  runs(pod?: string): readonly OrdinalRun[];
  /** Those that run now. */
  alive(pod: string): readonly OrdinalRun[];
  /** To be run in the container of a pod that runs; says `held`, or the lock is no watch at all. */
  lockProbe(pod: string): readonly string[];
  /** Each moment and each container that broke the rule. */
  violations(): readonly string[];
  stop(): void;
}

const lookMs = 80;
const folderInside = '/locks';
/** Where containers see the machine's own /usr. */
const outside = '/outside';

export async function watchOrdinals(machines: readonly Machine[]): Promise<Ordinals> {
  const home = machines[0]?.home ?? '';
  const folder = join(dirname(home), 'locks');
  mkdirSync(folder, { recursive: true });
  const marker = `only-one-${folder.replaceAll('/', '-')}`;
  const seen = new Map<string, OrdinalRun>();
  const doubles: string[] = [];

  const look = (): void => {
    const nowMs = performance.now();
    const now = new Map<string, OrdinalRun>();
    for (const { pod, cgroup } of markedProcesses(marker)) {
      const machine = machines.find(({ layout }) => cgroup.includes(`/${layout.cgroupRoot}/`))?.name;
      if (machine === undefined) continue; // On its way into its cgroup.
      const known = seen.get(cgroup) ?? { pod, machine, cgroup, firstMs: nowMs, lastMs: nowMs };
      known.lastMs = nowMs;
      seen.set(cgroup, known);
      const other = now.get(pod);
      if (other && other.cgroup !== cgroup) doubles.push(`${pod} at once in ${other.cgroup} and ${cgroup}`);
      now.set(pod, known);
    }
  };
  const timer = setInterval(look, lookMs);

  const runs = (pod?: string): OrdinalRun[] => [...seen.values()].filter((run) => pod === undefined || run.pod === pod);
  const file = join(folder, 'violations');
  const lock = await flockCommand();
  return {
    podSpec: podSpec(folder, marker, lock),
    lockProbe: (pod) => ['sh', '-c', `exec 8>>${folderInside}/${pod}; ${lock} -n 8 || echo held`],
    runs,
    alive(pod) {
      look();
      const nowMs = performance.now();
      return runs(pod).filter(({ lastMs }) => nowMs - lastMs < lookMs);
    },
    violations: () => [...doubles, ...(existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [])],
    stop: () => clearInterval(timer),
  };
}

/** A shell as first process ignores SIGTERM: only being killed ends it. */
function podSpec(folder: string, marker: string, lock: string): object {
  const script = `exec 9>>${folderInside}/$1
${lock} -n 9 || echo "$1 was still running elsewhere when it began in $HOSTNAME on $NODE" >>${folderInside}/violations
while :; do sleep 3600; done`;
  const field = (fieldPath: string): object => ({ fieldRef: { fieldPath } });
  return {
    terminationGracePeriodSeconds: 30,
    containers: [
      {
        name: 'main',
        image: 'berth.local/busybox:1',
        command: ['sh', '-c', script, marker, '$(POD)'],
        env: [
          { name: 'POD', valueFrom: field('metadata.name') },
          { name: 'NODE', valueFrom: field('spec.nodeName') },
        ],
        volumeMounts: [
          { name: 'locks', mountPath: folderInside },
          { name: 'usr', mountPath: `${outside}/usr`, readOnly: true },
        ],
      },
    ],
    volumes: [
      { name: 'locks', hostPath: { path: folder } },
      { name: 'usr', hostPath: { path: '/usr' } },
    ],
  };
}

/** busybox has no flock: the machine's own, by its loader, works wherever /usr is. */
async function flockCommand(): Promise<string> {
  const flock = '/usr/bin/flock';
  const libraries = await mustRun('ldd', [flock]);
  const [, libc = ''] = /libc\.so\.6 => (\S+)/.exec(libraries) ?? [];
  const [, loader = ''] = /^\s*(\/\S*ld-\S+)/m.exec(libraries) ?? [];
  const from = (file: string): string => outside + realpathSync(file);
  return `${from(loader)} --library-path ${dirname(from(libc))} ${from(flock)}`;
}

function* markedProcesses(marker: string): Generator<{ readonly pod: string; readonly cgroup: string }> {
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const args = read(`/proc/${pid}/cmdline`).split('\0');
    const at = args.indexOf(marker);
    if (at < 0) continue;
    const cgroup = read(`/proc/${pid}/cgroup`)
      .split('\n')
      .map((line) => line.split(':').slice(2).join(':'))
      .reduce((longest, path) => (path.length > longest.length ? path : longest), '');
    yield { pod: args[at + 1] ?? '', cgroup };
  }
}

/** Empty when it is gone by now. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
