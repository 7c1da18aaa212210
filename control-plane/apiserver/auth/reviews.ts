import { nodeNameOf } from '#api/certificates.ts';
import { fieldInvalid, fieldRequired } from '#api/field-error.ts';
import type {
  V1Binding,
  V1LocalSubjectAccessReview,
  V1ResourceAttributes,
  V1SelfSubjectAccessReview,
  V1SubjectAccessReview,
  V1SubjectAccessReviewStatus,
} from '#api/generated/types.ts';
import {
  bindings,
  localSubjectAccessReviews,
  pods,
  selfSubjectAccessReviews,
  selfSubjectReviews,
  selfSubjectRulesReviews,
  subjectAccessReviews,
  tokenReviews,
} from '#api/kinds.ts';
import type { KubeObject } from '#api/meta.ts';
import { formatFieldSelector } from '#api/selectors/fields.ts';
import { badRequest, invalid, methodNotAllowed } from '#api/status-error.ts';
import { isOfType } from '../actions/of-type.ts';
import { runAction } from '../actions/run-action.ts';
import type { Exchange } from '../http/exchange.ts';
import { objectRepresentation } from '../http/list.ts';
import type { ApiResponse } from '../http/message.ts';
import { type WriteParameters, writeParameters } from '../http/query.ts';
import { readObject } from '../http/read-object.ts';
import { jsonResponse } from '../http/respond.ts';
import { notServed } from '../http/status-response.ts';
import type { UserInfo } from '../registry/registry.ts';
import { type Attributes, selectedName } from './attributes.ts';
import { type Authorizer, mastersGroup } from './authorizer.ts';

/** Answers a review: a question that is posted and never stored. */
export async function serveReview(exchange: Exchange): Promise<ApiResponse> {
  const { request, context, definition, target, services } = exchange;
  const representation = { ...objectRepresentation(exchange), as: undefined };
  const parameters = writeParameters(target.query, 'CreateOptions');
  const review = await readObject(request, definition.type, parameters.fieldValidation, context.warnings);
  if (isOfType(bindings, review)) return serveBinding(exchange, review, parameters);
  const answer = await answerReview(review, context.user, services.authorizer, exchange);
  const { kind, apiVersion, metadata } = review;
  return jsonResponse(201, JSON.stringify({ kind, apiVersion, metadata: metadata ?? {}, ...answer }), representation);
}

/** The older way to bind a pod: the pod's name stands in the binding. */
async function serveBinding(exchange: Exchange, binding: V1Binding, parameters: WriteParameters): Promise<ApiResponse> {
  const { context, services, route } = exchange;
  const registry = services.core.registry(pods.group, pods.version, pods.resource);
  if (!registry) throw notServed();
  const key = { namespace: route.namespace, name: binding.metadata?.name ?? '' };
  const host = { registry: services.core.registry, clock: services.clock };
  const answer = await runAction(host, context, registry.definition, key, 'binding', binding, parameters);
  return jsonResponse(201, JSON.stringify(answer), { ...objectRepresentation(exchange), as: undefined });
}

async function answerReview(
  review: KubeObject,
  user: UserInfo,
  authorizer: Authorizer,
  exchange: Exchange,
): Promise<object> {
  if (isOfType(selfSubjectAccessReviews, review)) {
    return { spec: review.spec, status: accessStatus(user, review.spec, authorizer, review.kind) };
  }
  if (isOfType(subjectAccessReviews, review)) return subjectAnswer(review, authorizer);
  if (isOfType(localSubjectAccessReviews, review)) {
    const asked = review.spec.resourceAttributes?.namespace;
    if (asked !== exchange.route.namespace) {
      throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${exchange.route.namespace}`);
    }
    return subjectAnswer(review, authorizer);
  }
  if (isOfType(selfSubjectRulesReviews, review)) {
    if (!review.spec.namespace) throw badRequest('no namespace on request');
    return { spec: review.spec, status: rulesOf(user) };
  }
  if (isOfType(selfSubjectReviews, review)) {
    return { status: { userInfo: { username: user.name, uid: user.uid, groups: user.groups } } };
  }
  if (isOfType(tokenReviews, review)) {
    if (!review.spec.token) throw badRequest('token is required for TokenReview in authentication');
    const found = await exchange.services.authenticator.token(review.spec.token, exchange.context.signal);
    const { name: username, groups } = found ?? {};
    const status = found
      ? { authenticated: true, user: { username, groups } }
      : { authenticated: false, user: {}, error: 'the token is not valid, has ended or was revoked' };
    return { spec: review.spec, status };
  }
  throw methodNotAllowed(exchange.definition.type, exchange.request.method);
}

function subjectAnswer(review: V1SubjectAccessReview | V1LocalSubjectAccessReview, authorizer: Authorizer): object {
  const { spec, kind = '' } = review;
  if (!spec.user && !spec.groups?.length) {
    throw invalid(kind, 'authorization.k8s.io', '', [
      fieldRequired('spec.user', 'at least one of user or group must be specified'),
    ]);
  }
  const user: UserInfo = { name: spec.user ?? '', groups: spec.groups ?? [] };
  return { spec, status: accessStatus(user, spec, authorizer, kind) };
}

type AccessSpec = V1SelfSubjectAccessReview['spec'];

function accessStatus(
  user: UserInfo,
  spec: AccessSpec,
  authorizer: Authorizer,
  kind = '',
): V1SubjectAccessReviewStatus {
  const { allowed, reason } = authorizer.authorize(user, attributesOf(spec, kind));
  return { allowed, ...(reason && { reason }) };
}

function attributesOf(spec: AccessSpec, kind: string): Attributes {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  if (!resource === !path) {
    throw invalid(kind, 'authorization.k8s.io', '', [
      fieldInvalid(
        'spec.resourceAttributes',
        resource ?? null,
        'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    ]);
  }
  return path ? { kind: 'path', verb: path.verb ?? '', path: path.path ?? '' } : resourceAttributes(resource ?? {});
}

const resourceAttributes = ({
  verb,
  group,
  version,
  resource,
  subresource,
  namespace,
  name,
  fieldSelector,
}: V1ResourceAttributes) => ({
  kind: 'resource' as const,
  verb: verb ?? '',
  group: group ?? '',
  version,
  resource: resource ?? '',
  subresource,
  namespace,
  name: name || selectedName(selectorText(fieldSelector)),
  fieldSelector: selectorText(fieldSelector),
});

/** A review may ask with a selector: as text, or as what must hold. What has no text makes it no narrower. */
function selectorText(selector: V1ResourceAttributes['fieldSelector']): string | undefined {
  const equal = (selector?.requirements ?? []).flatMap(({ key, operator, values }) =>
    operator === 'In' && values?.length === 1 ? [{ field: key, operator: '=' as const, value: values[0] ?? '' }] : [],
  );
  return selector?.rawSelector || (equal.length ? formatFieldSelector({ requirements: equal }) : undefined);
}

function rulesOf(user: UserInfo): object {
  const reviews = [
    {
      verbs: ['create'],
      apiGroups: ['authorization.k8s.io'],
      resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
    },
    { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
  ];
  const health = ['/healthz', '/livez', '/readyz', '/version'];
  const discovery = ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*'];
  const isMaster = user.groups.includes(mastersGroup);
  const isNode = nodeNameOf(user) !== undefined;
  return {
    resourceRules: isMaster ? [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, ...reviews] : reviews,
    nonResourceRules: [
      ...(isMaster ? [{ verbs: ['*'], nonResourceURLs: ['*'] }] : []),
      { verbs: ['get'], nonResourceURLs: [...health, ...discovery] },
    ],
    incomplete: isNode,
    ...(isNode && {
      evaluationError: 'what a node may do depends on the pods bound to it: ask for one thing at a time',
    }),
  };
}
