import { certificateSigningRequests } from '#api/kinds.ts';
import type { AdmissionHook } from '../registry/admission.ts';
import { isObjectOf } from './object-of.ts';

/** Writes into each certificate signing request who made it, whatever the request says: approval rests on that. */
export const signingRequester: AdmissionHook = {
  name: 'signing-requester',
  async admit({ definition, operation, object, context: { user } }) {
    if (operation !== 'CREATE' || !object || !isObjectOf(definition, certificateSigningRequests, object)) return;
    object.spec = {
      ...object.spec,
      username: user.name,
      groups: [...user.groups],
      uid: user.uid,
      extra: undefined,
    };
  },
};
