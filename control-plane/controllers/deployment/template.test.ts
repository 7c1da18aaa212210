import { expect, it } from 'vitest';
import { podTemplate } from '../testing/objects.ts';
import { podTemplateHash, sameTemplate } from './template.ts';

it('hashes in letters that are safe in names, and the same on every day', () => {
  expect(podTemplateHash(podTemplate('one'), undefined)).toMatch(/^[bcdfghjklm]{1,10}$/);
  expect(podTemplateHash(podTemplate('one'), undefined)).toBe('fcbhmddhmk');
});

it('depends on the content, not on the order of keys', () => {
  const { metadata, spec } = podTemplate('one');
  expect(podTemplateHash({ spec, metadata }, undefined)).toBe(podTemplateHash({ metadata, spec }, undefined));
  expect(podTemplateHash(podTemplate('two'), undefined)).not.toBe(podTemplateHash(podTemplate('one'), undefined));
});

it('does not mind the label that a ReplicaSet adds', () => {
  const { spec } = podTemplate('one');
  const labelled = { metadata: { labels: { app: 'web', 'pod-template-hash': 'x' } }, spec };
  expect(sameTemplate(podTemplate('one'), labelled)).toBe(true);
  expect(sameTemplate({ metadata: { labels: { 'pod-template-hash': 'x' } }, spec }, { spec })).toBe(true);
  expect(sameTemplate(podTemplate('one'), podTemplate('two'))).toBe(false);
});
