import type { V1Ingress } from '#api/generated/types.ts';
import { ingresses } from '#api/kinds.ts';
import { validateIngress } from '#api/validation/ingress.ts';
import { ageColumn, column, nameColumn, none, someOf } from '../columns.ts';
import { defineResource } from '../define.ts';
import { specAndStatus } from '../strategies.ts';
import { statusSubresource } from '../subresources.ts';

const hosts = ({ spec }: V1Ingress): string =>
  someOf((spec?.rules ?? []).flatMap((rule) => (rule.host ? [rule.host] : []))) || '*';

const addresses = ({ status }: V1Ingress): string =>
  (status?.loadBalancer?.ingress ?? []).map((one) => one.ip || one.hostname || '').join(',');

export const ingressResource = defineResource<V1Ingress>({
  type: ingresses,
  storagePath: 'ingress',
  strategy: specAndStatus<V1Ingress>({ validate: validateIngress }, { emptyStatus: () => ({ loadBalancer: {} }) }),
  subresources: [statusSubresource],
  columns: [
    nameColumn(),
    column('Class', (ingress) => ingress.spec?.ingressClassName ?? none),
    column('Hosts', hosts),
    column('Address', addresses),
    column('Ports', (ingress) => (ingress.spec?.tls?.length ? '80, 443' : '80')),
    ageColumn(),
  ],
});
