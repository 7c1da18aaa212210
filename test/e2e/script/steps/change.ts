import { settings } from '../fixtures.ts';
import { kubectlOnly, newOnly, type Step } from '../step.ts';

export const changeSteps: readonly Step[] = [
  {
    run: `patch configmap settings --type=merge -p '{"data":{"size":"1","color":null}}'`,
    out: 'configmap/settings patched',
    only: kubectlOnly,
  },
  {
    run: `patch configmap settings --type=merge -p '{"data":{"size":"1"}}'`,
    out: 'configmap/settings patched (no change)',
    only: kubectlOnly,
  },
  {
    run: `patch configmap settings --type=json -p '[{"op":"test","path":"/data/size","value":"1"},{"op":"add","path":"/data/color","value":"red"}]'`,
    out: 'configmap/settings patched',
    only: kubectlOnly,
  },
  {
    run: `patch configmap settings --type=json -p '[{"op":"test","path":"/data/size","value":"2"}]'`,
    code: 1,
    err: 'The request is invalid',
    only: kubectlOnly,
  },
  { run: "get configmap settings -o jsonpath='{.data.color} {.data.size}'", out: 'red 1', only: kubectlOnly },
  {
    run: `patch deployment web -p '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"A","value":"1"}]}]}}}}'`,
    out: 'deployment.apps/web patched',
    only: kubectlOnly,
  },
  {
    run: "get deployment web -o jsonpath='{.spec.template.spec.containers[0].image} {.spec.template.spec.containers[0].env[0].value}'",
    out: 'berth.local/hello:1 1',
    only: kubectlOnly,
  },
  {
    run: `patch deployment web --subresource=scale --type=merge -p '{"spec":{"replicas":3}}'`,
    out: 'scale.autoscaling/web patched',
    only: newOnly,
  },
  {
    run: 'edit configmap settings',
    out: 'configmap/settings edited',
    only: kubectlOnly,
  },
  { run: 'get configmap settings -o jsonpath={.data.color}', out: 'green', only: kubectlOnly },
  { run: 'label configmap settings colour=green', has: ['configmap/settings labeled'] },
  {
    run: 'label configmap settings colour=red',
    code: 1,
    err: "'colour' already has a value (green), and --overwrite is false",
  },
  { run: 'label configmap settings colour=red --overwrite', has: ['configmap/settings '] },
  { run: 'get configmaps -l colour=red -o name', out: 'configmap/settings' },
  { run: 'label configmap settings colour-', has: ['configmap/settings '] },
  { run: 'label configmap settings -- a_=b', code: 1, err: 'a_' },
  { run: 'annotate configmap settings note=here', out: 'configmap/settings annotated' },
  { run: 'annotate configmap settings note-', out: 'configmap/settings annotated' },
  {
    run: 'create configmap typed --from-literal=a=b --from-file={dir}/local.txt',
    out: 'configmap/typed created',
    only: kubectlOnly,
  },
  { run: "get configmap typed -o jsonpath='{.data.a} {.data.local\\.txt}'", out: 'b from here', only: kubectlOnly },
  {
    run: 'create configmap typed --from-literal=a=b',
    code: 1,
    err: 'configmaps "typed" already exists',
    only: kubectlOnly,
  },
  { run: 'create secret generic typed --from-literal=a=b', out: 'secret/typed created', only: kubectlOnly },
  { run: 'get secret typed -o jsonpath={.data.a}', out: 'Yg==', only: kubectlOnly },
  { run: 'create namespace {ns}-more', out: 'namespace/<ns>-more created', only: kubectlOnly },
  { run: 'delete namespace {ns}-more', out: 'namespace "<ns>-more" deleted', only: kubectlOnly },
  {
    run: 'create deployment typed --image=berth.local/hello:1 --replicas=1 --dry-run=client -o yaml',
    has: ['kind: Deployment', 'replicas: 1', 'image: berth.local/hello:1'],
    only: kubectlOnly,
  },
  {
    run: 'create deployment typed --image=berth.local/hello:1 --replicas=0',
    out: 'deployment.apps/typed created',
    only: kubectlOnly,
  },
  { run: 'expose deployment typed --port=80 --target-port=8080', out: 'service/typed exposed', only: kubectlOnly },
  {
    run: 'autoscale deployment typed --min=1 --max=3',
    out: 'horizontalpodautoscaler.autoscaling/typed autoscaled',
    only: kubectlOnly,
  },
  { run: 'get hpa typed -o jsonpath={.spec.maxReplicas}', out: '3', only: kubectlOnly },
  { run: 'delete hpa typed', out: 'horizontalpodautoscaler.autoscaling "typed" deleted<from>', only: kubectlOnly },
  {
    run: 'replace -f -',
    input: settings('black'),
    out: 'configmap/settings replaced',
    only: kubectlOnly,
  },
  {
    run: 'replace --force -f -',
    input: settings('white'),
    out: 'configmap "settings" deleted<from>\nconfigmap/settings replaced',
    only: kubectlOnly,
  },
  { run: 'get configmap settings -o jsonpath={.data.color}', out: 'white', only: kubectlOnly },
];
