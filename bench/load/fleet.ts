/**
 * fleet.ts KUBECONFIG COUNT: runs COUNT real agents on hollow runtimes, over HTTPS. They share one watch of services and nodes;
 * everything else (pods, heartbeats over a connection of its own, statuses, events) is each agent's own. Says `ready` when all are
 * registered, and then once a second `lag N`: for how many milliseconds this process was deaf. Ends with SIGTERM.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import { createRealRandom } from '#base/real/random.ts';
import { createEventRecorder } from '#client/event-recorder.ts';
import { createHttpClient } from '#client/http-client.ts';
import { createInformerFactory } from '#client/informers/factory.ts';
import { loadKubeconfig } from '#client/kubeconfig.ts';
import { type Agent, createAgent } from '#node-agent/agent.ts';
import { createHollowHost } from '#node-agent/pods/hollow-host.ts';
import { createHollowTransport } from '#node-agent/probes/transport.ts';
import { createHollowRuntime } from '#node-agent/runtime/hollow/runtime.ts';
import { createPlainImages } from '#node-agent/testing/fake-images.ts';

const [kubeconfig = '', count = '1000'] = process.argv.slice(2);
const ending = new AbortController();
process.once('SIGTERM', () => ending.abort(new Error('SIGTERM')));
const clock = createRealClock();
const random = createRealRandom();
const log = createSilentLog();
const access = loadKubeconfig({ files: [kubeconfig] });
/** Machines do not wait for each other's connections; so many do here, for the memory of this process. */
const nodesPerClient = 10;
/** Machines do not join all in one second. */
const joinsPerSecond = 50;
const clients = Array.from({ length: Math.ceil(Number(count) / nodesPerClient) }, () => createHttpClient(access));
const [shared = createHttpClient(access)] = clients;
const informers = createInformerFactory(shared, { clock, random, log });
const { signal } = ending;
const agents: Agent[] = [];
/** One each: a signal that thousands listen to is slow to listen to. */
const lives: AbortController[] = [];
signal.addEventListener('abort', () => {
  for (const life of lives) life.abort(signal.reason);
});
const running: Promise<void>[] = [];

for (let index = 0; index < Number(count); index++) {
  const nodeName = `hollow-${String(index).padStart(4, '0')}`;
  const client = clients[Math.floor(index / nodesPerClient)] ?? shared;
  const runtime = createHollowRuntime({ clock, random, podCidr: `10.${128 + (index >> 8)}.${index & 255}.0/24` });
  const host = createHollowHost({ hostname: nodeName });
  const life = new AbortController();
  lives.push(life);
  const agent = createAgent({
    client,
    informers,
    runtime,
    images: createPlainImages(runtime, clock),
    nodeName,
    host: { pods: host.pods, node: host.node },
    transport: createHollowTransport(),
    clock,
    random,
    log,
    recorder: createEventRecorder({
      client,
      clock,
      random,
      log,
      component: 'kubelet',
      host: nodeName,
      signal: life.signal,
    }),
    connectLease() {
      const own = createHttpClient(access);
      return { client: own, close: () => void own.close() };
    },
    // Addresses that are nobody's: the range for benchmarks.
    settings: { nodeAddresses: [`198.18.${index >> 8}.${index & 255}`] },
  });
  agents.push(agent);
}
informers.start(signal);
for (const [index, agent] of agents.entries()) {
  running.push(agent.run(lives[index]?.signal ?? signal));
  await clock.sleep(1_000 / joinsPerSecond, signal);
}
while (!agents.every((agent) => agent.status().nodeReady)) await clock.sleep(100, signal);
console.log('ready');
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
while (!signal.aborted) {
  await clock.sleep(1_000, signal).catch(() => undefined);
  console.log(`lag ${Math.round(delay.max / 1e6)}`);
  delay.reset();
}
await Promise.all(running);
await Promise.all(clients.map((client) => client.close()));
