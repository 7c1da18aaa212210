import { describe, expect, it } from 'vitest';
import { runCommand } from './commands.ts';

describe('runCommand', () => {
  it('gives what was said, by both ways', async () => {
    expect(await runCommand('sh', ['-c', 'cat; echo b >&2'], 'a\n')).toBe('a\nb\n');
  });
  it('tells the beginning and the end of a long failure', async () => {
    const told = await runCommand('sh', ['-c', 'echo first; seq 100000; echo last; exit 3']).catch(String);
    expect(told).toMatch(/first.*\[…\].*last$/s);
    expect(told.length).toBeLessThan(1_500);
  });
  it('says which program is missing', async () => {
    await expect(runCommand('no-such-program', [])).rejects.toThrow('no-such-program cannot be run');
  });
});
