import { spawn } from 'node:child_process';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import { commandPath } from './commands.ts';

/** Tells of every change of an IPv4 address or route, by whomever; resolves when the signal aborts. */
export type WatchRoutes = (onChange: () => void, signal: AbortSignal) => Promise<void>;

const retryMs = 10_000;

/** By `ip monitor`, which costs nothing while nothing changes. Pods that come and go do not show in there. */
export function createRouteMonitor({ clock, log }: { readonly clock: Clock; readonly log: Log }): WatchRoutes {
  const once = (onChange: () => void, signal: AbortSignal): Promise<string> =>
    new Promise((resolve) => {
      const child = spawn('ip', ['-4', 'monitor', 'address', 'route'], {
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...process.env, PATH: commandPath, LC_ALL: 'C' },
        signal,
      });
      child.stdout.on('data', onChange);
      child.once('error', (error) => resolve(error.message));
      child.once('close', (code) => resolve(`exit code ${code}`));
    });
  return async (onChange, signal) => {
    while (!signal.aborted) {
      const why = await once(onChange, signal);
      if (signal.aborted) return;
      log.warn({ why, retryMs }, 'ip monitor ended: changes of routes by others are noticed later');
      await clock.sleep(retryMs, signal).catch(() => undefined);
    }
  };
}
