import { settings, web } from '../fixtures.ts';
import { kubectlOnly, type Step } from '../step.ts';

export const applySteps: readonly Step[] = [
  { run: 'apply -f {dir}/web.yaml --dry-run=server', out: 'deployment.apps/web created (server dry run)' },
  {
    run: 'get deployment web',
    code: 1,
    out: '',
    err: 'Error from server (NotFound): deployments.apps "web" not found',
    by: { berth: { err: 'deployments.apps "web" not found' } },
  },
  { run: 'apply -f {dir}/web.yaml', out: 'deployment.apps/web created' },
  { run: 'apply -f {dir}/web.yaml', out: 'deployment.apps/web unchanged' },
  { run: 'apply -f -', input: web(2, '      nodeSelector: {}\n'), out: 'deployment.apps/web configured' },
  { run: 'apply -f {dir}/folder', out: 'secret/keys created\nservice/web created' },
  { run: 'apply -f -', input: settings('blue'), out: 'configmap/settings created' },
  {
    run: 'apply -f -',
    input: `${settings('blue')}---\n${settings('x').replace('settings', 'more')}---\n`,
    out: 'configmap/settings unchanged\nconfigmap/more created',
  },
  {
    run: 'diff -f {dir}/settings-red.yaml',
    code: 1,
    has: ['- color: blue', '+ color: red'],
    only: kubectlOnly,
  },
  { run: 'apply -f {dir}/settings-red.yaml', out: 'configmap/settings configured' },
  { run: 'diff -f {dir}/settings-red.yaml', out: '', only: kubectlOnly },
  { run: 'apply -f {dir}/settings-red.yaml --dry-run=server', out: 'configmap/settings unchanged (server dry run)' },
  { run: 'get configmap settings -o jsonpath={.data.color}', out: 'red' },
  {
    run: 'apply -f -',
    input: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad}\nnonsense: 1\n',
    code: 1,
    err: 'nonsense',
  },
  {
    run: 'apply -f -',
    input:
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: bad}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: c}}, spec: {containers: [{name: c, image: i}]}}}\n',
    code: 1,
    err: 'The Deployment "bad" is invalid: spec.template.metadata.labels: Invalid value: {"a":"c"}: `selector` does not match template `labels`',
    by: {
      berth: {
        err: 'spec.template.metadata.labels: Invalid value: {"a":"c"}: `selector` does not match template `labels`',
      },
    },
  },
  { run: 'rollout status deployment/web --timeout=30s', has: ['deployment "web" successfully rolled out'] },
];
