import { describe, expect, it } from 'vitest';
import type { CoreV1Event } from '#api/generated/types.ts';
import { fromCoreEvent, toCoreEvent } from './event.ts';

const core: CoreV1Event = {
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: 'e', namespace: 'default' },
  involvedObject: { kind: 'Pod', name: 'web' },
  reason: 'Started',
  message: 'Started container c',
  source: { component: 'agent', host: 'n1' },
  firstTimestamp: '2026-01-01T00:00:00Z',
  lastTimestamp: '2026-01-01T00:01:00Z',
  count: 2,
  type: 'Normal',
  eventTime: '2026-01-01T00:00:00.000000Z',
  series: { count: 2, lastObservedTime: '2026-01-01T00:01:00.000000Z' },
  action: 'Starting',
  related: { kind: 'Node', name: 'n1' },
  reportingComponent: 'agent',
  reportingInstance: 'n1',
};

describe('events in both groups', () => {
  it('are the same on the way there and back', () => {
    expect(toCoreEvent(fromCoreEvent(core))).toEqual(core);
  });

  it('have other names in events.k8s.io', () => {
    expect(fromCoreEvent(core)).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      note: 'Started container c',
      regarding: { kind: 'Pod', name: 'web' },
      deprecatedSource: { component: 'agent', host: 'n1' },
      deprecatedCount: 2,
      reportingController: 'agent',
    });
  });

  it('have no time when their recorder wrote none', () => {
    const { eventTime: _, ...old } = core;
    expect(fromCoreEvent(old).eventTime).toBeNull();
    expect(toCoreEvent(fromCoreEvent(old))).toEqual(old);
  });
});
