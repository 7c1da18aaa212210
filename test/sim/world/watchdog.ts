import type { Clock } from '#base/clock.ts';
import type { MemoryBook } from '#node-agent/fence/book.ts';
import type { HollowRuntime } from '#node-agent/runtime/hollow/runtime.ts';

const killedCode = 137;
const sleepMaxMs = 2_000;
const lateMs = 50;
const killEveryMs = 200;

/** What node-agent/fence/watchdog.sh does, on a hollow machine: a process of its own, that no fate of the agent's touches. */
export async function runWatchdog(
  book: MemoryBook,
  runtime: HollowRuntime,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const { deadlineMs = 0, pods } = book.record;
    const leftMs = deadlineMs - book.uptimeMs();
    if (leftMs <= 0) {
      for (const [id, { sandbox, status }] of runtime.containers) {
        if (pods.has(sandbox.pod.uid) && status.state === 'running') runtime.exitContainer(id, killedCode, 'Killed');
      }
      for (const [id, { status }] of runtime.sandboxes) {
        if (pods.has(status.pod.uid) && status.ready) runtime.failSandbox(id);
      }
    }
    const pauseMs = leftMs <= 0 ? killEveryMs : Math.min(leftMs, sleepMaxMs) + lateMs;
    await clock.sleep(pauseMs, signal).catch(() => undefined);
  }
}
