import { randomUUID } from 'node:crypto';
import type { Random } from '../random.ts';
import { randomSuffix } from '../suffix.ts';

export function createRealRandom(): Random {
  return {
    next: Math.random,
    uuid: randomUUID,
    suffix: (length) => randomSuffix(length, Math.random),
  };
}
