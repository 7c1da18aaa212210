/** The thread of latency-probe.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { Agent, request } from 'undici';
import { type ProbeTarget, requestsBefore } from './latency-probe.ts';

const isTarget = (value: unknown): value is ProbeTarget =>
  typeof value === 'object' && value !== null && 'url' in value;
if (!isTarget(workerData)) throw new Error('the probe needs a target');
const { url, ca, cert, key } = workerData;
const dispatcher = new Agent({ connect: { ca, cert, key } });
const times: number[] = [];
let running = true;
parentPort?.once('message', () => {
  running = false;
});

while (running) {
  const startMs = performance.now();
  const answer = await request(url, { dispatcher });
  await answer.body.dump();
  if (answer.statusCode !== 200) throw new Error(`somebody else's request was answered with ${answer.statusCode}`);
  times.push(performance.now() - startMs);
  if (times.length === requestsBefore) parentPort?.postMessage('ready');
  await new Promise((resolve) => setTimeout(resolve, 5));
}
await dispatcher.close();
parentPort?.postMessage(times);
