/** Every kind that the server has built in, by the names in URLs: `pods`, `deployments`, `endpointSlices` … */

export * from './kinds/admissionregistration.ts';
export * from './kinds/apiextensions.ts';
export * from './kinds/apiregistration.ts';
export * from './kinds/apps.ts';
export * from './kinds/authentication.ts';
export * from './kinds/authorization.ts';
export * from './kinds/autoscaling.ts';
export * from './kinds/batch.ts';
export * from './kinds/certificates.ts';
export * from './kinds/coordination.ts';
export * from './kinds/core.ts';
export * from './kinds/discovery.ts';
export * from './kinds/events.ts';
export * from './kinds/flowcontrol.ts';
export * from './kinds/networking.ts';
export * from './kinds/node.ts';
export * from './kinds/policy.ts';
export * from './kinds/rbac.ts';
export * from './kinds/resource.ts';
export * from './kinds/scheduling.ts';
export * from './kinds/storage.ts';
