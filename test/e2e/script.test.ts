/** One script, as data, played by every kubectl that there is and by `berth`: each must print what it prints with any Kubernetes. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../harness/cluster.ts';
import { fixtures } from './script/fixtures.ts';
import { isFor, play, playAll } from './script/play.ts';
import { type Place, programs } from './script/program.ts';
import type { Step } from './script/step.ts';
import { applySteps } from './script/steps/apply.ts';
import { changeSteps } from './script/steps/change.ts';
import { deleteSteps } from './script/steps/delete.ts';
import { getSteps } from './script/steps/get.ts';
import { nodeSteps, otherSteps } from './script/steps/other.ts';
import { podSteps } from './script/steps/pods.ts';
import { rolloutSteps } from './script/steps/rollout.ts';

const script = [applySteps, getSteps, otherSteps, changeSteps, rolloutSteps, podSteps, deleteSteps].flat();
const players = await programs();
const places = new Map<string, Place>();
const results = new Map<string, ReadonlyMap<Step, Promise<void>>>();
const folder = mkdtempSync(join(tmpdir(), 'berth-script-'));
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({ podSubnet: 104 });
  for (const [index, program] of players.entries()) {
    const namespace = `script-${index}`;
    const dir = join(folder, namespace);
    for (const [name, content] of Object.entries(fixtures)) {
      mkdirSync(dirname(join(dir, name)), { recursive: true });
      writeFileSync(join(dir, name), content);
    }
    chmodSync(join(dir, 'editor.sh'), 0o755);
    const env = {
      KUBECONFIG: cluster.layout.kubeconfig,
      BERTH_HOME: cluster.layout.home ?? '',
      HOME: dir,
      KUBE_EDITOR: join(dir, 'editor.sh'),
    };
    const place = { namespace, dir, env };
    places.set(program.title, place);
    await cluster.k('create', 'namespace', namespace);
    // All programs at once: their namespaces are theirs alone.
    results.set(program.title, playAll(script, program, place));
  }
});

afterAll(async () => {
  await Promise.allSettled([...results.values()].flatMap((result) => [...result.values()]));
  await cluster?.destroy();
  rmSync(folder, { recursive: true, force: true });
});

const title = (step: Step, index: number): string => `${index + 1} ${step.run}`;

it('is long enough, for at least one kubectl', () => {
  expect(players.length).toBeGreaterThanOrEqual(2);
  for (const program of players) {
    const invocations = [...script, ...nodeSteps].filter((step) => isFor(step, program));
    expect(invocations.length, program.title).toBeGreaterThanOrEqual(60);
  }
});

it('is played by a second, older kubectl too', (context) => {
  const kubectls = players.filter(({ flavour }) => flavour !== 'berth');
  if (kubectls.length < 2)
    context.skip(`only ${kubectls[0]?.title ?? 'no kubectl'} is here; Debian's own could not be had`);
});

describe.each(players)('$title', (program) => {
  for (const [index, step] of script.entries()) {
    if (isFor(step, program)) it(title(step, index), () => results.get(program.title)?.get(step));
  }
});

describe.each(players)('$title, on the node', (program) => {
  for (const [index, step] of nodeSteps.entries()) {
    if (!isFor(step, program)) continue;
    it(title(step, index), async () => {
      // The others may still need the node as it is.
      await Promise.allSettled([...results.values()].flatMap((result) => [...result.values()]));
      const place = places.get(program.title);
      if (place) await play(step, program, place);
    });
  }
});
