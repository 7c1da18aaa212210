import { expect, it } from 'vitest';
import { configMaps, deployments, pods } from '#api/kinds.ts';
import { createEventRecorder } from '#client/event-recorder.ts';
import { createInformerFactory } from '#client/informers/factory.ts';
import { startVirtualCore } from '#test/harness/virtual-core.ts';
import { createControllers } from './all.ts';
import { compileSettings } from './settings.ts';

it('the controllers can be stopped and run again, as when leadership goes and comes back', async () => {
  const core = await startVirtualCore();
  const { clock, random, log, client, signal } = core;
  const namespace = 'default';
  const informers = createInformerFactory(client, { clock, random, log });
  const recorder = createEventRecorder({ client, clock, random, component: 'test', signal });
  const parts = createControllers({ client, informers, clock, random, log, recorder });
  informers.start(signal);
  const labels = { app: 'web' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'x' }] } };
  const spec = { replicas: 1, selector: { matchLabels: labels }, template };

  for (const term of [1, 2, 3]) {
    const leading = new AbortController();
    const running = Promise.all(parts.map((part) => part.run(leading.signal)));
    await clock.advance(500);
    await client.create(deployments, { metadata: { name: `web-${term}`, namespace }, spec });
    const owner = await client.create(configMaps, { metadata: { name: `owner-${term}`, namespace } });
    const ownerReferences = [
      { apiVersion: 'v1', kind: 'ConfigMap', name: owner.metadata.name, uid: owner.metadata.uid },
    ];
    await client.create(configMaps, { metadata: { name: `owned-${term}`, namespace, ownerReferences } });
    await clock.advance(500);
    leading.abort(new Error('leadership is lost'));
    await running;
    // Nobody leads: what goes now is found by the next leader.
    await client.delete(configMaps, { namespace, name: owner.metadata.name });
    expect((await client.list(pods, { namespace })).items).toHaveLength(term);
    expect((await client.list(configMaps, { namespace })).items).toHaveLength(1);
  }
  await core.stop(informers.stopped());
});

it('refuses settings that make no sense', () => {
  expect(() => compileSettings({ nodes: { graceMs: Number.NaN } })).toThrow('graceMs must be a number');
  expect(() => compileSettings({ podGc: { periodMs: 0 } })).toThrow('periodMs must be more than 0');
  expect(() => compileSettings({ nodes: { unhealthyShare: 2 } })).toThrow('share');
  expect(compileSettings().nodes.graceMs).toBe(4_000);
});
