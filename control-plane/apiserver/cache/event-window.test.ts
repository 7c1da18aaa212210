import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '#api/meta.ts';
import { type CacheEvent, createEventWindow } from './event-window.ts';

const eventAt = (revision: number): CacheEvent<KubeObject> => ({
  revision,
  current: undefined,
  previous: undefined,
  plain: { type: 'BOOKMARK', resourceVersion: String(revision) },
  gone: () => ({ type: 'BOOKMARK', resourceVersion: String(revision) }),
});

describe('the window of past events', () => {
  test('tells again the whole of a revision that several writes share', () => {
    const window = createEventWindow({ eventsMax: 100, bytesMax: 1 });
    window.reset(1);
    for (const revision of [2, 3, 3, 3, 4]) window.add(eventAt(revision));
    const told = (revision: number) => window.after(revision).map((event) => event.revision);
    expect(told(1)).toEqual([2, 3, 3, 3, 4]);
    expect(told(2)).toEqual([3, 3, 3, 4]);
    expect(told(3), 'the watcher may have seen only some of 3').toEqual([3, 3, 3, 4]);
    expect(told(4)).toEqual([]);
    expect(told(9)).toEqual([]);
  });

  test('loses no event to anyone it lets resume, and stays bounded', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 20 }),
        fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 100 }),
        (countMax, steps) => {
          const window = createEventWindow({ eventsMax: countMax, bytesMax: 1 });
          window.reset(1);
          const all: CacheEvent<KubeObject>[] = [];
          let revision = 2;
          for (const step of steps) {
            revision += step;
            all.push(eventAt(revision));
            window.add(eventAt(revision));
          }
          for (let from = window.oldestRevision; from <= revision + 1; from++) {
            const told = window.after(from).map((event) => event.revision);
            const own = all.filter((event) => event.revision === from).length;
            const expected = all.filter((event) => event.revision > from || (own > 1 && event.revision === from));
            expect(told).toEqual(expected.map((event) => event.revision));
          }
          const largestGroup = Math.max(
            1,
            ...[...Map.groupBy(all, (event) => event.revision).values()].map((group) => group.length),
          );
          expect(window.after(0).length).toBeLessThanOrEqual(Math.max(countMax, largestGroup));
        },
      ),
    );
  });

  test('holds few large objects and many small ones, and always a handful', () => {
    const ofBytes = (revision: number, bytes: number): CacheEvent<KubeObject> => {
      const metadata = { name: 'a', uid: 'u', resourceVersion: '1', creationTimestamp: '' };
      const object = { apiVersion: 'v1', kind: 'Thing', metadata };
      return { ...eventAt(revision), current: { object, json: 'x'.repeat(bytes), revision } };
    };
    const fill = (bytes: number): number => {
      const window = createEventWindow({ eventsMax: 1_000, bytesMax: 10_000 });
      window.reset(1);
      for (let revision = 2; revision < 2_000; revision++) window.add(ofBytes(revision, bytes));
      return window.after(0).length;
    };
    expect(fill(1)).toBeGreaterThanOrEqual(500);
    expect(fill(100)).toBeGreaterThanOrEqual(50);
    expect(fill(100)).toBeLessThanOrEqual(100);
    expect(fill(100_000)).toBeGreaterThanOrEqual(8);
    expect(fill(100_000)).toBeLessThanOrEqual(16);
  });
});
