/** Definitions that our models write as plain JSON types and Kubernetes' documents name. */
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const apiextensions = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';
const rawExtension = 'io.k8s.apimachinery.pkg.runtime.RawExtension';

const intOrString = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity';

const quantityDescription = 'An amount with an optional suffix: 500m, 2, 1.5Gi, 1e3.';
const intOrStringDescription = 'A 32-bit integer or a text such as "25%" or the name of a port.';

export const patchDefinition = `${meta}.Patch`;

export const sharedDefinitions: Readonly<Record<string, object>> = {
  [quantity]: {
    description: quantityDescription,
    type: 'string',
  },
  [intOrString]: {
    description: intOrStringDescription,
    type: 'string',
    format: 'int-or-string',
  },
  [`${meta}.Time`]: {
    description: 'A point in time in RFC 3339, in whole seconds.',
    type: 'string',
    format: 'date-time',
  },
  [`${meta}.MicroTime`]: {
    description: 'A point in time in RFC 3339, in microseconds.',
    type: 'string',
    format: 'date-time',
  },
  [`${meta}.FieldsV1`]: { description: 'A set of fields, as server-side apply writes them.', type: 'object' },
  [patchDefinition]: { description: 'A patch in one of the formats of the request.', type: 'object' },
  [rawExtension]: { description: 'An object of any kind.', type: 'object' },
  [`${apiextensions}.JSON`]: { description: 'Any JSON value.' },
  [`${apiextensions}.JSONSchemaPropsOrBool`]: { description: 'A schema or a boolean.' },
  [`${apiextensions}.JSONSchemaPropsOrArray`]: { description: 'A schema or a list of schemas.' },
  [`${apiextensions}.JSONSchemaPropsOrStringArray`]: { description: 'A schema or a list of names.' },
};

/** Which of them stands where the generated schemas say "any". */
export const anyTypes: Readonly<Record<string, string>> = {
  'V1ManagedFieldsEntry.fieldsV1': `${meta}.FieldsV1`,
  'V1ControllerRevision.data': rawExtension,
  'V1AllocatedDeviceStatus.data': rawExtension,
  'V1OpaqueDeviceConfiguration.parameters': rawExtension,
  'V1WatchEvent.object': rawExtension,
  'V1JSONSchemaProps.default': `${apiextensions}.JSON`,
  'V1JSONSchemaProps.enum': `${apiextensions}.JSON`,
  'V1JSONSchemaProps.example': `${apiextensions}.JSON`,
  'V1JSONSchemaProps.additionalItems': `${apiextensions}.JSONSchemaPropsOrBool`,
  'V1JSONSchemaProps.additionalProperties': `${apiextensions}.JSONSchemaPropsOrBool`,
  'V1JSONSchemaProps.dependencies': `${apiextensions}.JSONSchemaPropsOrStringArray`,
  'V1JSONSchemaProps.items': `${apiextensions}.JSONSchemaPropsOrArray`,
};

/** Only v3 can say that a value is of one of two types. */
export const sharedDefinitionsV3: Readonly<Record<string, object>> = {
  ...sharedDefinitions,
  [quantity]: {
    description: quantityDescription,
    oneOf: [{ type: 'string' }, { type: 'number' }],
  },
  [intOrString]: {
    description: intOrStringDescription,
    format: 'int-or-string',
    oneOf: [{ type: 'integer' }, { type: 'string' }],
  },
};
