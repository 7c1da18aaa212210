import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { alone, layers, planStages } from './plan.ts';

const root = join(import.meta.dirname, '../..');
const e2e = new Map(
  globSync('test/e2e/*.test.ts', { cwd: root }).map((file) => [file, readFileSync(join(root, file), 'utf8')]),
);
const names = (stages: ReturnType<typeof planStages>): string[][] => stages.map((one) => one.map(({ name }) => name));

test('every layer but the virtual machines runs when none is named', () => {
  expect(names(planStages([], e2e))).toEqual([
    ['unit'],
    ['integration', 'sim'],
    ['integration, alone'],
    ['e2e, clusters', 'e2e, apart'],
    ['e2e, alone'],
  ]);
  expect(names(planStages(['sim', 'vm'], e2e))).toEqual([['sim'], ['vm']]);
  expect(names(planStages(['integration'], e2e))).toEqual([['integration'], ['integration, alone']]);
});

test('each file of a layer is in exactly one lane', () => {
  for (const layer of layers) {
    const lanes = planStages([layer], e2e).flat();
    expect(lanes.every((lane) => lane.layer === layer)).toBe(true);
    const rest = lanes.filter(({ only }) => only === undefined);
    expect(rest).toHaveLength(1);
    const listed = lanes.flatMap(({ only }) => only ?? []);
    expect(new Set(listed).size).toBe(listed.length);
    expect([...(rest[0]?.without ?? [])].sort()).toEqual(listed.sort());
  }
});

test('the lane of what is apart has the files that keep to names of their own, and no others', () => {
  const lane = planStages(['e2e'], e2e)
    .flat()
    .find(({ name }) => name === 'e2e, apart');
  expect(lane?.only).toContain('test/e2e/join.test.ts');
  expect(lane?.only).toContain('test/e2e/services-rules.test.ts');
  expect(lane?.only).toContain('test/e2e/images.test.ts');
  expect(lane?.only).not.toContain('test/e2e/workloads.test.ts');
  expect(lane?.only).not.toContain('test/e2e/machine-death.test.ts');
});

test('what runs alone exists', () => {
  for (const file of Object.values(alone).flat()) expect(existsSync(join(root, file)), file).toBe(true);
});
