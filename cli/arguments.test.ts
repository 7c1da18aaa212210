import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { normalizeFlags, verbFirst } from './arguments.ts';

describe('verbFirst', () => {
  test('moves flags that stand before the verb behind it', () => {
    expect(verbFirst(['-n', 'shop', 'get', 'pods'])).toEqual({ verb: 'get', args: ['get', '-n', 'shop', 'pods'] });
    expect(verbFirst(['--kubeconfig=x', '--context', 'y', 'get'])).toEqual({
      verb: 'get',
      args: ['get', '--kubeconfig=x', '--context', 'y'],
    });
  });

  test('has no verb when there are only flags', () => {
    expect(verbFirst(['--help'])).toEqual({ verb: undefined, args: ['--help'] });
    expect(verbFirst(['-n'])).toEqual({ verb: undefined, args: ['-n'] });
  });
});

describe('normalizeFlags', () => {
  const program = new Command();
  program
    .command('get')
    .option('-o, --output <format>')
    .option('-w, --watch')
    .option('--no-wait')
    .option('--dry-run [where]');

  test.each([
    [
      ['get', '-o=yaml'],
      ['get', '-o', 'yaml'],
    ],
    [
      ['get', '--watch=true'],
      ['get', '--watch'],
    ],
    [['get', '--watch=false'], ['get']],
    [
      ['get', '--wait=false'],
      ['get', '--no-wait'],
    ],
    [['get', '--wait=true'], ['get']],
    [
      ['get', '--output=true'],
      ['get', '--output=true'],
    ],
    [
      ['get', '--dry-run=false'],
      ['get', '--dry-run=false'],
    ],
    [
      ['get', '--unknown=true'],
      ['get', '--unknown=true'],
    ],
    [
      ['get', 'x', '--', '--watch=false', '-o=a'],
      ['get', 'x', '--', '--watch=false', '-o=a'],
    ],
  ])('%j', (given, expected) => {
    expect(normalizeFlags(program, given)).toEqual(expected);
  });
});
