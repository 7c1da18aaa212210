import type { V1Ingress, V1IngressClass, V1IPAddress, V1NetworkPolicy, V1ServiceCIDR } from '../generated/types.ts';
import { resourceType } from '../resource-type.ts';

export const ingressClasses = resourceType<V1IngressClass>(
  'networking.k8s.io',
  'v1',
  'ingressclasses',
  'IngressClass',
  { namespaced: false },
);
export const ingresses = resourceType<V1Ingress>('networking.k8s.io', 'v1', 'ingresses', 'Ingress', {
  shortNames: ['ing'],
});
export const ipAddresses = resourceType<V1IPAddress>('networking.k8s.io', 'v1', 'ipaddresses', 'IPAddress', {
  shortNames: ['ip'],
  namespaced: false,
});
export const networkPolicies = resourceType<V1NetworkPolicy>(
  'networking.k8s.io',
  'v1',
  'networkpolicies',
  'NetworkPolicy',
  { shortNames: ['netpol'] },
);
export const serviceCIDRs = resourceType<V1ServiceCIDR>('networking.k8s.io', 'v1', 'servicecidrs', 'ServiceCIDR', {
  namespaced: false,
});
