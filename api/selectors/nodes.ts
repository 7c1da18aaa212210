import type { V1NodeSelectorRequirement } from '../generated/types.ts';

/** Does a node with this value under the requirement's key meet it? Gt and Lt compare whole numbers, of any size. */
export function meetsNodeRequirement(
  { operator, values = [] }: V1NodeSelectorRequirement,
  value: string | undefined,
): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
    case 'Lt': {
      const isNumber = /^-?\d{1,19}$/;
      const [wanted = ''] = values;
      if (!isNumber.test(value ?? '') || !isNumber.test(wanted)) return false;
      const [a, b] = [BigInt(value ?? 0), BigInt(wanted)];
      return operator === 'Gt' ? a > b : a < b;
    }
    default:
      return false;
  }
}
