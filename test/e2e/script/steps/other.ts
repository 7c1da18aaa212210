import { kubectlOnly, type Step } from '../step.ts';

export const otherSteps: readonly Step[] = [
  {
    run: 'version',
    has: ['Server Version: <any>v1.36.<any>'],
    by: { berth: { has: ['Client: berth', 'Server: v1.36.'] } },
  },
  {
    run: 'cluster-info',
    has: ['Kubernetes control plane is running at https://127.0.0.1:<number>'],
    only: kubectlOnly,
  },
  {
    run: 'api-resources',
    has: [
      'NAME SHORTNAMES APIVERSION NAMESPACED KIND',
      'deployments deploy apps/v1 true Deployment',
      'nodes no v1 false Node',
    ],
  },
  {
    run: 'api-resources --namespaced=false -o name',
    has: ['namespaces\nnodes'],
    lacks: ['deployments'],
    only: kubectlOnly,
  },
  { run: 'api-versions', has: ['apps/v1', 'batch/v1', 'networking.k8s.io/v1'], only: kubectlOnly },
  {
    run: 'explain deployment.spec.replicas',
    has: ['KIND: Deployment', 'FIELD: replicas <integer>', 'Number of desired pods.'],
  },
  {
    run: 'explain pod.spec.containers --recursive',
    has: ['livenessProbe', 'imagePullPolicy <string>'],
  },
  { run: 'explain pod.nonsense', code: 1, err: 'field "nonsense" does not exist' },
  { run: 'auth can-i delete pods', out: 'yes', only: kubectlOnly },
  { run: 'auth can-i delete pods --as=bob', code: 1, out: 'no', only: kubectlOnly },
  {
    run: 'get pods --as=bob',
    code: 1,
    err: 'pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "<ns>"',
    only: kubectlOnly,
  },
];

/** Of the one node, so one program after the other. */
export const nodeSteps: readonly Step[] = [
  { run: 'cordon -l kubernetes.io/os=linux', out: 'node/<word> cordoned', only: kubectlOnly },
  { run: 'get nodes --no-headers', out: '<word> Ready,SchedulingDisabled <none> <age> v1.<word>', only: kubectlOnly },
  { run: 'uncordon -l kubernetes.io/os=linux', out: 'node/<word> uncordoned', only: kubectlOnly },
  { run: 'taint nodes --all key=value:PreferNoSchedule', out: 'node/<word> tainted', only: kubectlOnly },
  {
    run: 'get nodes -o jsonpath={.items[0].spec.taints}',
    out: '[{"effect":"PreferNoSchedule","key":"key","value":"value"}]',
    only: kubectlOnly,
  },
  { run: 'taint nodes --all key:PreferNoSchedule-', out: 'node/<word> untainted', only: kubectlOnly },
  { run: 'label nodes --all disk=ssd', out: 'node/<word> labeled' },
  { run: 'get nodes -L disk --no-headers', out: '<word> Ready <none> <age> v1.<word> ssd' },
  { run: 'label nodes --all disk-', has: ['node/<word> '] },
];
