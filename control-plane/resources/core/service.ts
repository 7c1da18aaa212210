import { defaultService, dropFieldsOfOldType, normaliseClusterIPs } from '#api/defaults/service.ts';
import type { V1Service } from '#api/generated/types.ts';
import { services } from '#api/kinds.ts';
import { validateService, validateServiceStatus } from '#api/validation/service.ts';
import { validateServiceUpdate } from '#api/validation/service-ips.ts';
import { ageColumn, column, nameColumn, none } from '../columns.ts';
import { defineResource } from '../define.ts';
import { specAndStatus } from '../strategies.ts';
import { connectSubresource, proxyVerbs, statusSubresource } from '../subresources.ts';
import { labelsText } from '../workload-columns.ts';

const strategy = specAndStatus<V1Service>(
  {
    nameRule: 'dns-1035-label',
    default: defaultService,
    prepareForCreate: (service) => normaliseClusterIPs(service, undefined),
    prepareForUpdate(service, old, { subresource }) {
      if (subresource) return;
      dropFieldsOfOldType(service, old);
      normaliseClusterIPs(service, old);
    },
    validate: validateService,
    validateUpdate: validateServiceUpdate,
    validateStatus: validateServiceStatus,
    selectableFields: {
      'spec.clusterIP': (service) => service.spec?.clusterIP ?? '',
      'spec.type': (service) => service.spec?.type ?? '',
    },
  },
  { emptyStatus: () => ({ loadBalancer: {} }), generation: false },
);

function externalIPs({ spec, status }: V1Service): string {
  const own = spec?.externalIPs ?? [];
  if (spec?.type === 'ExternalName') return spec.externalName ?? none;
  if (spec?.type !== 'LoadBalancer') return own.join(',') || none;
  const balancer = (status?.loadBalancer?.ingress ?? []).map((ingress) => ingress.ip || ingress.hostname || '');
  return [...balancer.filter(Boolean), ...own].join(',') || '<pending>';
}

const ports = ({ spec }: V1Service): string =>
  (spec?.ports ?? [])
    .map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol}`)
    .join(',') || none;

export const serviceResource = defineResource<V1Service>({
  type: services,
  storagePath: 'services/specs',
  strategy,
  subresources: [connectSubresource('proxy', proxyVerbs, 'ServiceProxyOptions'), statusSubresource],
  columns: [
    nameColumn(),
    column('Type', (service) => service.spec?.type ?? ''),
    column('Cluster-IP', (service) => service.spec?.clusterIPs?.[0] || service.spec?.clusterIP || none),
    column('External-IP', externalIPs),
    column('Port(s)', ports),
    ageColumn(),
    column('Selector', (service) => labelsText(service.spec?.selector), { wide: true }),
  ],
});
