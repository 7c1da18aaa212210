import type {
  V1MutatingAdmissionPolicy,
  V1MutatingAdmissionPolicyBinding,
  V1MutatingWebhookConfiguration,
  V1ValidatingAdmissionPolicy,
  V1ValidatingAdmissionPolicyBinding,
  V1ValidatingWebhookConfiguration,
} from '../generated/types.ts';
import { resourceType } from '../resource-type.ts';

export const mutatingAdmissionPolicies = resourceType<V1MutatingAdmissionPolicy>(
  'admissionregistration.k8s.io',
  'v1',
  'mutatingadmissionpolicies',
  'MutatingAdmissionPolicy',
  { categories: ['api-extensions'], namespaced: false },
);
export const mutatingAdmissionPolicyBindings = resourceType<V1MutatingAdmissionPolicyBinding>(
  'admissionregistration.k8s.io',
  'v1',
  'mutatingadmissionpolicybindings',
  'MutatingAdmissionPolicyBinding',
  { categories: ['api-extensions'], namespaced: false },
);
export const mutatingWebhookConfigurations = resourceType<V1MutatingWebhookConfiguration>(
  'admissionregistration.k8s.io',
  'v1',
  'mutatingwebhookconfigurations',
  'MutatingWebhookConfiguration',
  { categories: ['api-extensions'], namespaced: false },
);
export const validatingAdmissionPolicies = resourceType<V1ValidatingAdmissionPolicy>(
  'admissionregistration.k8s.io',
  'v1',
  'validatingadmissionpolicies',
  'ValidatingAdmissionPolicy',
  { categories: ['api-extensions'], namespaced: false },
);
export const validatingAdmissionPolicyBindings = resourceType<V1ValidatingAdmissionPolicyBinding>(
  'admissionregistration.k8s.io',
  'v1',
  'validatingadmissionpolicybindings',
  'ValidatingAdmissionPolicyBinding',
  { categories: ['api-extensions'], namespaced: false },
);
export const validatingWebhookConfigurations = resourceType<V1ValidatingWebhookConfiguration>(
  'admissionregistration.k8s.io',
  'v1',
  'validatingwebhookconfigurations',
  'ValidatingWebhookConfiguration',
  { categories: ['api-extensions'], namespaced: false },
);
