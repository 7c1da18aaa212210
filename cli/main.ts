import { createRealClock } from '#base/real/clock.ts';
import { createRealRandom } from '#base/real/random.ts';
import type { CliContext } from './command.ts';
import { runCli } from './program.ts';

for (const stream of [process.stdout, process.stderr]) stream.on('error', endWithReader);
process.exitCode = await runCli(process.argv.slice(2), contextOf(new AbortController()));

/** Whoever reads us (`| head -1`) has enough: as for any program, that is the end, and nothing to talk about. */
function endWithReader(error: Error): void {
  if ('code' in error && error.code === 'EPIPE') process.exit(141);
  throw error;
}

function contextOf(interrupt: AbortController): CliContext {
  const onSignal = (signal: NodeJS.Signals): void => {
    if (interrupt.signal.aborted) process.exit(130);
    process.exitCode = signal === 'SIGINT' ? 130 : 143;
    interrupt.abort(new Error(`interrupted by ${signal}`));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    clock: createRealClock(),
    random: createRealRandom(),
    signal: interrupt.signal,
  };
}
