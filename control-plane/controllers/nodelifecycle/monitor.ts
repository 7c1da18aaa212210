import type { V1Node } from '#api/generated/types.ts';
import type { Clock } from '#base/clock.ts';
import type { Informer } from '#client/informer.ts';
import type { Attention } from './attention.ts';
import { type HealthSettings, readyCondition } from './health.ts';
import type { Heartbeats } from './heartbeats.ts';

/** Says which nodes are lost, and when that changes. */
export interface NodeMonitor {
  isLost(node: string): boolean;
  /** A sign of life has come. */
  onSign(node: string): void;
  run(signal: AbortSignal): Promise<void>;
}

export interface NodeMonitorOptions {
  readonly heartbeats: () => Heartbeats;
  readonly attention: Attention;
  readonly nodes: Informer<V1Node>;
  readonly settings: HealthSettings;
  readonly clock: Clock;
  /** The node is lost, or is back. */
  readonly onChange: (node: string) => void;
}

const lookMs = 100;
/** Silent for so long, a node is waited for with attention; half of the grace, where that is shorter. */
const suspectMs = 1_500;

/**
 * Silence makes a node a suspect; from then on only time of attention counts. So a stall of the observer, however long, leaves every
 * node the rest of its grace.
 */
export function createNodeMonitor(options: NodeMonitorOptions): NodeMonitor {
  const { attention, settings, clock } = options;
  const lost = new Set<string>();
  /** Node → what the attention's clock will show when it is lost. */
  const suspects = new Map<string, number>();

  const look = (): void => {
    const heartbeats = options.heartbeats();
    const nowMs = clock.monotonicMs();
    for (const [name, seenMs] of heartbeats.nodes()) {
      if (lost.has(name)) continue;
      const node = options.nodes.get({ name });
      const graceMs = node && readyCondition(node) ? settings.graceMs : settings.startupGraceMs;
      const patienceMs = Math.min(suspectMs, graceMs / 2);
      const silentMs = nowMs - seenMs;
      if (silentMs < patienceMs) {
        suspects.delete(name);
        continue;
      }
      const dueMs = suspects.get(name);
      // Of the silence so far no more is counted than there is without a stall.
      if (dueMs === undefined)
        suspects.set(name, attention.elapsedMs + graceMs - Math.min(silentMs, patienceMs + lookMs));
      else if (attention.elapsedMs >= dueMs) {
        suspects.delete(name);
        lost.add(name);
        options.onChange(name);
      }
    }
    for (const name of suspects.keys()) if (heartbeats.seenMs(name) === undefined) suspects.delete(name);
    for (const name of lost) if (heartbeats.seenMs(name) === undefined) lost.delete(name);
  };

  return {
    isLost: (node) => lost.has(node),
    onSign(node) {
      suspects.delete(node);
      if (lost.delete(node)) options.onChange(node);
    },
    async run(signal) {
      const looking = async (): Promise<void> => {
        while (!signal.aborted) {
          await clock.sleep(lookMs, signal).catch(() => undefined);
          if (!signal.aborted) look();
        }
      };
      await Promise.all([looking(), attention.run(() => suspects.size > 0, signal)]);
    },
  };
}
