import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pods } from '#api/kinds.ts';
import { createHttpClient, type HttpClient } from '#client/http-client.ts';
import { loadKubeconfig } from '#client/kubeconfig.ts';
import { hostLayout } from '#host/layout.ts';
import { claim } from '#test/harness/owned.ts';
import { freePorts } from '#test/harness/ports.ts';
import { mustRun } from '#test/harness/run.ts';
import { type BenchRow, type Measurement, median, ms } from '../row.ts';

const runs = 5;
const root = join(import.meta.dirname, '../..');

/** From typing `berth up` on a machine with everything installed: the API's first ready answer, the first pod Running. */
export const start: Measurement = {
  name: 'start',
  async run(report) {
    const timings = [];
    for (let index = 0; index < runs; index++) {
      const timing = await measureUp();
      report(
        `API ready ${ms(timing.readyMs)}, first pod Running ${ms(timing.runningMs)}, bare etcd ${ms(timing.etcdMs)}`,
      );
      timings.push(timing);
    }
    const readyMs = median(timings.map((one) => one.readyMs));
    const runningMs = median(timings.map((one) => one.runningMs));
    const etcdMs = median(timings.map((one) => one.etcdMs));
    const rows: BenchRow[] = [
      {
        what: 'berth up → API ready',
        ours: ms(readyMs),
        limit: `etcd alone ${ms(etcdMs)}`,
        ratio: `${(readyMs / etcdMs).toFixed(1)} ×`,
        goal: '≤ 1500 ms',
        met: readyMs <= 1500,
      },
      {
        what: 'berth up → first pod Running',
        ours: ms(runningMs),
        limit: `etcd alone ${ms(etcdMs)}`,
        ratio: `${(runningMs / etcdMs).toFixed(1)} ×`,
        goal: '≤ 5000 ms',
        met: runningMs <= 5000,
      },
    ];
    return rows;
  },
};

async function measureUp(): Promise<{ readyMs: number; runningMs: number; etcdMs: number }> {
  const home = mkdtempSync('/var/tmp/berth-bench-');
  const layout = hostLayout(home);
  claim(home, layout);
  const first = await freePorts(4);
  const env = { ...process.env, BERTH_HOME: home };
  const berth = join(root, 'bin/berth');
  const flags = [
    `--api-port=${first}`,
    `--agent-port=${first + 1}`,
    `--etcd-port=${first + 2}`,
    '--pod-cidr=10.42.200.0/24',
  ];
  try {
    const etcdMs = await bareEtcd();
    const beginMs = performance.now();
    const up = spawn(berth, ['up', ...flags], { env, stdio: 'ignore' });
    const ended = new Promise<number | null>((resolve) => up.once('close', resolve));
    const readyMs = (await whenReady(layout.kubeconfig, beginMs)) - beginMs;
    const runningMs = (await whenRunning(layout.kubeconfig)) - beginMs;
    const code = await ended;
    if (code !== 0) throw new Error(`berth up ended with ${code}`);
    return { readyMs, runningMs, etcdMs };
  } finally {
    await mustRun(berth, ['down', '--purge'], { env });
    rmSync(home, { recursive: true, force: true });
  }
}

/** The physical limit: how long etcd by itself takes from its start to its first answer. */
async function bareEtcd(): Promise<number> {
  const { startEtcd } = await import('#test/harness/etcd.ts');
  const beginMs = performance.now();
  const etcd = await startEtcd();
  const tookMs = performance.now() - beginMs;
  await etcd.stop();
  return tookMs;
}

async function whenReady(kubeconfig: string, beginMs: number): Promise<number> {
  for (;;) {
    if (performance.now() - beginMs > 60_000) throw new Error('the API was not ready after a minute');
    try {
      const client = createHttpClient(loadKubeconfig({ files: [kubeconfig] }));
      try {
        const response = await client.transport.request({ method: 'GET', path: '/readyz' });
        await response.body.text();
        return performance.now();
      } finally {
        await client.close();
      }
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

async function whenRunning(kubeconfig: string): Promise<number> {
  const client: HttpClient = createHttpClient(loadKubeconfig({ files: [kubeconfig] }));
  const signal = AbortSignal.timeout(60_000);
  try {
    const options = {
      namespace: 'default',
      resourceVersion: '0',
      sendInitialEvents: true,
      allowWatchBookmarks: true,
      signal,
    };
    for await (const event of client.watch(pods, options)) {
      if (event.type !== 'BOOKMARK' && event.object.status?.phase === 'Running') return performance.now();
    }
    throw new Error('no pod was Running after a minute');
  } finally {
    await client.close();
  }
}
