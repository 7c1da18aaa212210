import { describe, expect, it } from 'vitest';
import { pod, service, timeAt } from '../testing/objects.ts';
import { planEndpoints } from './plan.ts';

describe('planEndpoints', () => {
  it('parts the ready from the others and leaves out who is going', () => {
    const wanted = planEndpoints(service(), [
      pod('b', { ip: '10.0.0.2', readyAtMs: 0 }),
      pod('a', { ip: '10.0.0.1' }),
      pod('c', { ip: '10.0.0.3', readyAtMs: 0, meta: { deletionTimestamp: timeAt(0) } }),
      pod('d'),
    ]);
    expect(wanted.subsets).toMatchObject([
      {
        addresses: [{ ip: '10.0.0.2', targetRef: { name: 'b' } }],
        notReadyAddresses: [{ ip: '10.0.0.1' }],
        ports: [{ port: 8080, protocol: 'TCP' }],
      },
    ]);
  });

  it('publishes everybody where the service says so', () => {
    const wanted = planEndpoints(service({ publishNotReadyAddresses: true }), [pod('a', { ip: '10.0.0.1' })]);
    expect(wanted.subsets?.[0]?.addresses).toHaveLength(1);
  });

  it('marks a headless service, and names pods that asked for a name', () => {
    const named = pod('a', { ip: '10.0.0.1', readyAtMs: 0, spec: { hostname: 'first', subdomain: 'web' } });
    const wanted = planEndpoints(service({ clusterIP: 'None', ports: [] }), [named]);
    expect(wanted.metadata?.labels).toMatchObject({ 'service.kubernetes.io/headless': '' });
    expect(wanted.subsets?.[0]?.addresses?.[0]?.hostname).toBe('first');
  });

  it('stops at a thousand, the ready ones first, and says so', () => {
    const pods = Array.from({ length: 1_100 }, (_, index) =>
      pod(`p${index}`, { ip: `10.0.${index >> 8}.${index & 255}`, ...(index >= 600 && { readyAtMs: 0 }) }),
    );
    const wanted = planEndpoints(service(), pods);
    expect(wanted.metadata?.annotations).toEqual({ 'endpoints.kubernetes.io/over-capacity': 'truncated' });
    expect(wanted.subsets?.[0]?.addresses).toHaveLength(500);
    expect(wanted.subsets?.[0]?.notReadyAddresses).toHaveLength(500);
  });
});
