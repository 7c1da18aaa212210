import type { V1Lease } from '../generated/types.ts';
import { resourceType } from '../resource-type.ts';

export const leases = resourceType<V1Lease>('coordination.k8s.io', 'v1', 'leases', 'Lease');
