import type { V1Taint, V1Toleration } from '../generated/types.ts';

/** Does one of the tolerations cover the taint? */
export const tolerates = (tolerations: readonly V1Toleration[], taint: V1Taint): boolean =>
  tolerations.some((toleration) => covers(toleration, taint));

function covers({ key, operator, value, effect }: V1Toleration, taint: V1Taint): boolean {
  if (effect && effect !== taint.effect) return false;
  if (key && key !== taint.key) return false;
  switch (operator ?? 'Equal') {
    case 'Exists':
      return true;
    case 'Equal':
      // An empty key with Equal is invalid; it must not cover everything.
      return Boolean(key) && (value ?? '') === (taint.value ?? '');
    case 'Lt':
      return compare(taint.value, value, (a, b) => a < b);
    case 'Gt':
      return compare(taint.value, value, (a, b) => a > b);
    default:
      return false;
  }
}

function compare(taint: string | undefined, value: string | undefined, holds: (a: bigint, b: bigint) => boolean) {
  const isNumber = /^-?\d{1,19}$/;
  if (!isNumber.test(taint ?? '') || !isNumber.test(value ?? '')) return false;
  return holds(BigInt(taint ?? 0), BigInt(value ?? 0));
}

/** The first taint that keeps a pod off: NoSchedule or NoExecute, and not tolerated. */
export const untolerated = (taints: readonly V1Taint[], tolerations: readonly V1Toleration[]): V1Taint | undefined =>
  taints.find(({ effect }, i) => {
    const taint = taints[i];
    return taint && (effect === 'NoSchedule' || effect === 'NoExecute') && !tolerates(tolerations, taint);
  });
