import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pods } from '#api/kinds.ts';
import { StatusError } from '#api/status-error.ts';
import { interceptClient } from '#client/testing/intercept.ts';
import { type AgentBed, createAgentBed } from '#test/harness/agent-bed.ts';
import { RuntimeError } from './runtime/errors.ts';
import type { Container } from './runtime/runtime.ts';
import { container } from './testing/pod-samples.ts';

/** What may happen to a node, in any order. */
type Happening =
  | { readonly kind: 'create' | 'delete' | 'delete-now' | 'change-image'; readonly pod: number }
  | { readonly kind: 'exit' | 'fail-sandbox'; readonly which: number }
  | { readonly kind: 'disconnect' | 'restart-agent' | 'api-fault' }
  | { readonly kind: 'runtime-fault'; readonly method: FaultyMethod; readonly lost: boolean }
  | { readonly kind: 'wait'; readonly ms: number };

const faultyMethods = [
  'runSandbox',
  'createContainer',
  'startContainer',
  'stopContainer',
  'removeContainer',
  'removeSandbox',
  'stopSandbox',
  'containerStatus',
  'sandboxStatus',
  'listContainers',
] as const;
type FaultyMethod = (typeof faultyMethods)[number];

const podIndex = fc.integer({ min: 0, max: 3 });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('create' as const), pod: podIndex }) },
  fc.record({
    kind: fc.constantFrom('delete' as const, 'delete-now' as const, 'change-image' as const),
    pod: podIndex,
  }),
  fc.record({ kind: fc.constantFrom('exit' as const, 'fail-sandbox' as const), which: fc.nat(7) }),
  fc.record({ kind: fc.constantFrom('disconnect' as const, 'restart-agent' as const, 'api-fault' as const) }),
  fc.record({
    kind: fc.constant('runtime-fault' as const),
    method: fc.constantFrom(...faultyMethods),
    lost: fc.boolean(),
  }),
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 20_000 }) }) },
);

const nameOf = (index: number): string => `pod-${index}`;

/** The kinds of pods: plain, with init containers and a sidecar, slow to end, with two containers. */
const specs = [
  {},
  { initContainers: [container('init', { command: ['sleep', '1'] }), container('side', { restartPolicy: 'Always' })] },
  { terminationGracePeriodSeconds: 5 },
  { containers: [container('main'), container('other')] },
];

/** A fault that was meant for the agent is not to fail the test that looks over its shoulder. */
async function look<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries > 30) throw error;
    }
  }
}

async function checkSafety(bed: AgentBed): Promise<void> {
  const live = (await look(() => bed.runtime.listContainers())).filter(({ state }) => state === 'running');
  const names = live.map((one: Container) => `${one.labels['io.kubernetes.pod.uid']}/${one.name}`);
  expect(new Set(names).size, `two live containers of one name: ${names.join(', ')}`).toBe(names.length);
}

async function happen(bed: AgentBed, what: Happening, faults: { api: number }): Promise<void> {
  const { runtime, client, clock } = bed;
  const ignore = (): undefined => undefined;
  switch (what.kind) {
    case 'create':
      await bed.createPod(nameOf(what.pod), specs[what.pod] ?? {}).catch(ignore);
      break;
    case 'delete':
      await client.delete(pods, { namespace: 'default', name: nameOf(what.pod) }).catch(ignore);
      break;
    case 'delete-now':
      await client
        .delete(pods, { namespace: 'default', name: nameOf(what.pod) }, { gracePeriodSeconds: 0 })
        .catch(ignore);
      break;
    case 'change-image': {
      const pod = await bed.pod(nameOf(what.pod));
      const changed = pod?.spec?.containers.map((one) => ({ ...one, image: `${one.image}0` }));
      if (pod?.spec && changed)
        await client.update(pods, { ...pod, spec: { ...pod.spec, containers: changed } }).catch(ignore);
      break;
    }
    case 'exit': {
      const live = (await look(() => runtime.listContainers())).filter(({ state }) => state === 'running');
      const chosen = live[what.which % Math.max(live.length, 1)];
      if (chosen) runtime.exitContainer(chosen.id, 1);
      break;
    }
    case 'fail-sandbox': {
      const ready = (await look(() => runtime.listSandboxes())).filter((sandbox) => sandbox.ready);
      const chosen = ready[what.which % Math.max(ready.length, 1)];
      if (chosen) runtime.failSandbox(chosen.id);
      break;
    }
    case 'disconnect':
      runtime.disconnect();
      break;
    case 'restart-agent':
      await bed.stopAgent();
      await bed.startAgent();
      break;
    case 'api-fault':
      faults.api = 3;
      break;
    case 'runtime-fault':
      runtime.injectError(what.method, new RuntimeError('unavailable', 'injected'), what.lost ? 'after' : 'before');
      break;
    case 'wait':
      await clock.advance(what.ms);
      break;
  }
}

/** The world is as the API server wants it: every pod runs with all its containers, and nothing else is there. */
async function settled(bed: AgentBed): Promise<string | undefined> {
  const wanted = (await bed.client.list(pods, { namespace: 'default' })).items;
  for (const pod of wanted) {
    if (pod.metadata.deletionTimestamp) return `${pod.metadata.name} is still being deleted`;
    if (pod.status?.phase !== 'Running') return `${pod.metadata.name} is ${pod.status?.phase}`;
    const unready = pod.status.containerStatuses?.filter(({ ready }) => !ready) ?? [];
    if (unready.length > 0) return `${pod.metadata.name} is not ready: ${JSON.stringify(unready)}`;
    const wrong = pod.status.containerStatuses?.find(
      ({ name, image }) => pod.spec?.containers.find((one) => one.name === name)?.image !== image,
    );
    if (wrong) return `${pod.metadata.name} runs ${wrong.image}`;
  }
  const uids = new Set(wanted.map(({ metadata }) => metadata.uid));
  const sandboxes = await look(() => bed.runtime.listSandboxes());
  const stray = sandboxes.find(({ pod }) => !uids.has(pod.uid));
  if (stray) return `sandbox ${stray.id} belongs to nobody`;
  const ready = sandboxes.filter((sandbox) => sandbox.ready);
  if (ready.length !== wanted.length) return `${ready.length} sandboxes for ${wanted.length} pods`;
  return undefined;
}

test('whatever happens in whatever order: never two of a kind, and all is well in the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 5, maxLength: 25 }), fc.nat(), async (history, seed) => {
      const faults = { api: 0 };
      const bed = await createAgentBed({
        seed,
        settings: { relistMs: 10_000 },
        wrap: (options) => ({
          ...options,
          client: interceptClient(options.client, () => {
            if (faults.api-- > 0) throw new StatusError(503, 'ServiceUnavailable', 'injected');
          }),
        }),
      });
      try {
        await bed.startAgent();
        for (const what of history) {
          await happen(bed, what, faults);
          await checkSafety(bed);
          await bed.clock.advance(50);
          await checkSafety(bed);
        }
        let why: string | undefined;
        // Crash back-off may be five minutes by now, and a lost delete may wait for a whole grace period.
        for (let minute = 0; minute < 15; minute++) {
          await bed.clock.advance(60_000);
          await checkSafety(bed);
          why = await settled(bed);
          if (why === undefined) break;
        }
        expect(why).toBeUndefined();
      } finally {
        await bed.close();
      }
    }),
    { numRuns: 50 },
  );
}, 60_000);
