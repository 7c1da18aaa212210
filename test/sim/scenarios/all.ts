import { chaos } from './chaos.ts';
import { converge } from './converge.ts';
import { cutOff } from './cut-off.ts';
import { daemonSet } from './daemon-set.ts';
import { deletion } from './deletion.ts';
import { machineDeath } from './machine-death.ts';
import { mostAreGone } from './most-are-gone.ts';
import { nodeDeath } from './node-death.ts';
import type { Scenario } from './scenario.ts';
import { serverRestart } from './server-restart.ts';
import { slowNotDead } from './slow-not-dead.ts';
import { statefulSet } from './stateful-set.ts';

/** By the names that tests and the replay command use. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  converge,
  'node-death': nodeDeath,
  'server-restart': serverRestart,
  chaos,
  deletion,
  'machine-death': machineDeath,
  'cut-off': cutOff,
  'slow-not-dead': slowNotDead,
  'most-are-gone': mostAreGone,
  'stateful-set': statefulSet,
  'daemon-set': daemonSet,
};
