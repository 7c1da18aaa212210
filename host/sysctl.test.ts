import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { hostLayout } from './layout.ts';
import { applySysctls, restoreSysctls } from './sysctl.ts';

it('sets what pods need and gives back what was there at the first time, not at the second', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-sysctl-'));
  const layout = hostLayout(join(folder, 'home'));
  const file = join(folder, 'net/ipv4/ip_forward');
  mkdirSync(join(folder, 'net/ipv4'), { recursive: true });
  writeFileSync(file, '0\n');
  applySysctls(layout, folder);
  expect(readFileSync(file, 'utf8').trim()).toBe('1');
  applySysctls(layout, folder);
  restoreSysctls(layout, folder);
  expect(readFileSync(file, 'utf8').trim()).toBe('0');
  rmSync(folder, { recursive: true });
});
