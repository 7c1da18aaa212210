import { expect, test } from 'vitest';
import type { V1Pod } from '#api/generated/types.ts';
import { containerOf } from './container.ts';

const pod = (names: string[], extra: { init?: string[]; preferred?: string } = {}): V1Pod => ({
  metadata: {
    name: 'p',
    annotations: extra.preferred ? { 'kubectl.kubernetes.io/default-container': extra.preferred } : {},
  },
  spec: {
    containers: names.map((name) => ({ name })),
    initContainers: (extra.init ?? []).map((name) => ({ name })),
  },
});

test('the only container, the preferred one, the one that was named', () => {
  expect(containerOf(pod(['a']), undefined)).toBe('a');
  expect(containerOf(pod(['a', 'b'], { preferred: 'b' }), undefined)).toBe('b');
  expect(containerOf(pod(['a'], { init: ['i'] }), 'i')).toBe('i');
  expect(containerOf(pod(['a'], { init: ['i'] }), undefined)).toBe('a');
});

test('refusals name the choices', () => {
  expect(() => containerOf(pod(['a', 'b']), undefined)).toThrow(
    'a container name must be specified for pod p, choose one of: [a b]',
  );
  expect(() => containerOf(pod(['a', 'b'], { init: ['i'] }), undefined)).toThrow(
    /or one of the init containers: \[i\]/,
  );
  expect(() => containerOf(pod(['a']), 'x')).toThrow('container x is not valid for pod p');
});
