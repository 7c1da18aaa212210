/** The query and path parameters of the API, in our own words. */

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly type: 'string' | 'integer' | 'boolean';
  readonly description: string;
}

const query = (name: string, type: Parameter['type'], description: string): Parameter => ({
  name,
  in: 'query',
  type,
  description,
});

export const namespaceParameter: Parameter = {
  name: 'namespace',
  in: 'path',
  type: 'string',
  description: 'namespace of the object',
};

export const nameParameter = (kind: string): Parameter => ({
  name: 'name',
  in: 'path',
  type: 'string',
  description: `name of the ${kind}`,
});

export const pretty = query('pretty', 'string', 'Indent the answer when "true".');
const dryRun = query('dryRun', 'string', 'With "All", everything is checked and nothing is stored.');
const fieldManager = query('fieldManager', 'string', 'Name of whoever makes the change, at most 128 characters.');
const fieldValidation = query(
  'fieldValidation',
  'string',
  'What to do about unknown and duplicate fields: Ignore, Warn (the default) or Strict.',
);
const labelSelector = query('labelSelector', 'string', 'Only objects whose labels match.');
const fieldSelector = query('fieldSelector', 'string', 'Only objects whose fields match.');
const limit = query('limit', 'integer', 'At most this many objects in one answer.');
const continueToken = query('continue', 'string', 'The token of the last answer, to go on where it ended.');
const resourceVersion = query('resourceVersion', 'string', 'Which version of the data will do.');
const resourceVersionMatch = query(
  'resourceVersionMatch',
  'string',
  'How to read resourceVersion: Exact, NotOlderThan.',
);
const sendInitialEvents = query('sendInitialEvents', 'boolean', 'Begin a watch with an event for every object.');
const timeoutSeconds = query('timeoutSeconds', 'integer', 'End the request after this time.');
const watch = query('watch', 'boolean', 'Answer with a stream of changes.');
const allowWatchBookmarks = query(
  'allowWatchBookmarks',
  'boolean',
  'Tell of versions that have passed without a change.',
);
const gracePeriodSeconds = query('gracePeriodSeconds', 'integer', 'How long the object has to end in order; 0: none.');
const orphanDependents = query('orphanDependents', 'boolean', 'Deprecated: use propagationPolicy.');
const propagationPolicy = query('propagationPolicy', 'string', 'Dependents: Orphan, Background or Foreground.');
const force = query('force', 'boolean', 'Take over fields that others manage; for apply patches.');

const select = [continueToken, fieldSelector, labelSelector, limit, resourceVersion, resourceVersionMatch];
const erase = [dryRun, gracePeriodSeconds, orphanDependents, propagationPolicy];

export const listParameters = [allowWatchBookmarks, ...select, sendInitialEvents, timeoutSeconds, watch];
export const createParameters = [dryRun, fieldManager, fieldValidation];
export const patchParameters = [...createParameters, force];
export const deleteParameters = erase;
export const deleteCollectionParameters = [...erase, ...select, sendInitialEvents, timeoutSeconds];

const container = query('container', 'string', 'Which container of the pod; the only one by default.');
const streams = [
  container,
  query('stderr', 'boolean', 'Connect standard error.'),
  query('stdin', 'boolean', 'Connect standard input.'),
  query('stdout', 'boolean', 'Connect standard output.'),
  query('tty', 'boolean', 'Allocate a terminal.'),
];

/** By `<resource>/<subresource>`. */
export const connectParameters: Readonly<Record<string, readonly Parameter[]>> = {
  'pods/exec': [query('command', 'string', 'The command and its arguments, repeated.'), ...streams],
  'pods/attach': streams,
  'pods/portforward': [query('ports', 'integer', 'The ports to forward, repeated.')],
  'pods/proxy': [query('path', 'string', 'The path of the request.')],
  'nodes/proxy': [query('path', 'string', 'The path of the request.')],
  'services/proxy': [query('path', 'string', 'The path of the request.')],
  'pods/log': [
    container,
    query('follow', 'boolean', 'Go on as the log grows.'),
    query('limitBytes', 'integer', 'At most this many bytes.'),
    query('previous', 'boolean', 'The log of the container before its last restart.'),
    query('sinceSeconds', 'integer', 'Only what is younger than this.'),
    query('tailLines', 'integer', 'Only the last lines.'),
    query('timestamps', 'boolean', 'Begin each line with its time.'),
  ],
};
