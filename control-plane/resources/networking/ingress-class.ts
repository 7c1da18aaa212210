import { defaultIngressClass } from '#api/defaults/more.ts';
import type { V1IngressClass } from '#api/generated/types.ts';
import { ingressClasses } from '#api/kinds.ts';
import { immutableField } from '#api/validation/fields.ts';
import { validateIngressClass } from '#api/validation/ingress.ts';
import { ageColumn, column, nameColumn, none } from '../columns.ts';
import { defineResource } from '../define.ts';
import { generationOf } from '../strategies.ts';

function parameters({ spec }: V1IngressClass): string {
  const reference = spec?.parameters;
  if (!reference) return none;
  return `${reference.kind}${reference.apiGroup ? `.${reference.apiGroup}` : ''}/${reference.name}`;
}

export const ingressClassResource = defineResource<V1IngressClass>({
  type: ingressClasses,
  strategy: generationOf<V1IngressClass>((object) => object.spec, {
    default: defaultIngressClass,
    validate: validateIngressClass,
    validateUpdate: (object, old) => immutableField(object.spec?.controller, old.spec?.controller, 'spec.controller'),
  }),
  columns: [
    nameColumn(),
    column('Controller', (ingressClass) => ingressClass.spec?.controller ?? ''),
    column('Parameters', parameters),
    ageColumn(),
  ],
});
