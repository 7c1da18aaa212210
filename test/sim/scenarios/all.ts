import { chaos } from './chaos.ts';
import { converge } from './converge.ts';
import { deletion } from './deletion.ts';
import { nodeDeath } from './node-death.ts';
import type { Scenario } from './scenario.ts';
import { serverRestart } from './server-restart.ts';

/** By the names that tests and the replay command use. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  converge,
  'node-death': nodeDeath,
  'server-restart': serverRestart,
  chaos,
  deletion,
};
