import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLinuxBook } from './linux-book.ts';

/** A folder that looks like a cgroup tree to a program that reads and writes its files. */
let folder: string;
let mount: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-watchdog-'));
  mount = join(folder, 'cgroup');
  mkdirSync(mount);
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    const ended = child.exitCode ?? child.signalCode ?? new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }
  rmSync(folder, { recursive: true });
});

const start = (command: string, ...args: string[]): ChildProcess => {
  const child = spawn(command, args, { stdio: 'ignore' });
  children.push(child);
  return child;
};
const watch = (): ChildProcess => start('/bin/sh', join(import.meta.dirname, 'watchdog.sh'), folder, mount);
const group = (path: string, files: Readonly<Record<string, string>>): string => {
  const at = join(mount, path);
  mkdirSync(at, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(at, name), text);
  return at;
};
const until = (condition: () => boolean) =>
  vi.waitFor(() => expect(condition()).toBe(true), { timeout: 5_000, interval: 20 });

describe('the watchdog', () => {
  it('kills the groups on the list when the deadline has passed, and no others, on cgroup v2', async () => {
    writeFileSync(join(mount, 'cgroup.controllers'), 'memory');
    const files = { 'cgroup.kill': '', 'cgroup.events': 'populated 1\nfrozen 0\n', 'cgroup.procs': '' };
    const fenced = group('berth/pod1', files);
    const other = group('berth/pod2', files);
    const book = createLinuxBook(folder);
    book.savePods(new Map([['1', '/berth/pod1']]));
    const deadlineMs = book.uptimeMs() + 600;
    book.saveDeadline(deadlineMs);
    watch();
    await until(() => readFileSync(join(fenced, 'cgroup.kill'), 'utf8') !== '');
    expect(book.uptimeMs()).toBeGreaterThanOrEqual(deadlineMs - 10);
    expect(readFileSync(join(other, 'cgroup.kill'), 'utf8')).toBe('');
  });

  it('leaves everything alone while the deadline moves on', async () => {
    writeFileSync(join(mount, 'cgroup.controllers'), 'memory');
    const fenced = group('berth/pod1', { 'cgroup.kill': '', 'cgroup.events': 'populated 1\n', 'cgroup.procs': '' });
    const book = createLinuxBook(folder);
    book.savePods(new Map([['1', '/berth/pod1']]));
    book.saveDeadline(book.uptimeMs() + 1_000);
    watch();
    const endMs = book.uptimeMs() + 1_500;
    while (book.uptimeMs() < endMs) {
      book.saveDeadline(book.uptimeMs() + 1_000);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(readFileSync(join(fenced, 'cgroup.kill'), 'utf8')).toBe('');
    await until(() => readFileSync(join(fenced, 'cgroup.kill'), 'utf8') !== '');
  });

  it('kills each process of a whole tree where groups cannot be killed at once, and thaws what it froze', async () => {
    const sleepers = [start('/bin/sleep', '100'), start('/bin/sleep', '100')];
    const at = group('freezer/berth/pod1', { 'cgroup.procs': '', 'freezer.state': '' });
    group('freezer/berth/pod1/a', { 'cgroup.procs': `${sleepers[0]?.pid}\n` });
    group('freezer/berth/pod1/a/b', { 'cgroup.procs': `${sleepers[1]?.pid}\n` });
    createLinuxBook(folder).savePods(new Map([['1', '/berth/pod1']]));
    watch();
    await until(() => sleepers.every(({ signalCode }) => signalCode === 'SIGKILL'));
    await until(() => readFileSync(join(at, 'freezer.state'), 'utf8') === 'THAWED\n');
  });

  it('is not led out of the tree by its list, nor stopped by what it cannot read', async () => {
    const innocent = start('/bin/sleep', '100');
    const sleeper = start('/bin/sleep', '100');
    writeFileSync(join(folder, 'cgroup.procs'), `${innocent.pid}\n`);
    writeFileSync(join(folder, 'deadline'), 'nonsense of $(no) boot\n');
    group('freezer/berth/pod1', { 'cgroup.procs': `${sleeper.pid}\n` });
    writeFileSync(join(folder, 'pods'), 'x /../..\n\ny\nz /\nw /gone/pod\n1 /berth/pod1\n');
    watch();
    await until(() => sleeper.signalCode === 'SIGKILL');
    expect(innocent.signalCode).toBeNull();
  });
});
