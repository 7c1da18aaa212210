import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ownKubeconfig } from './connection.ts';
import { layoutOf } from './host-context.ts';

let folder: string;
let home: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-connection-'));
  home = join(folder, 'home-kubeconfig');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const named = () => ({ env: { BERTH_HOME: join(folder, 'berth') } });

it("leaves the user's own file alone, but for a cluster that was named", () => {
  writeFileSync(home, '');
  expect(ownKubeconfig({ env: {} }, home)).toBeUndefined();
  expect(ownKubeconfig(named(), home)).toBeUndefined();
  const { kubeconfig } = layoutOf({ env: { BERTH_HOME: folder } });
  mkdirSync(dirname(kubeconfig), { recursive: true });
  writeFileSync(kubeconfig, '');
  expect(ownKubeconfig({ env: { BERTH_HOME: folder } }, home)).toBe(kubeconfig);
});

it("takes this machine's cluster where the user has no file", () => {
  expect(ownKubeconfig({ env: {} }, home)).toBe(layoutOf({ env: {} }).kubeconfig);
  expect(ownKubeconfig(named(), home)).toBe(layoutOf(named()).kubeconfig);
});
