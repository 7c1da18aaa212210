import { kubectlOnly, type Step } from '../step.ts';

export const getSteps: readonly Step[] = [
  {
    run: 'get deployment',
    out: 'NAME READY UP-TO-DATE AVAILABLE AGE\nweb 2/2 2 2 <age>',
  },
  {
    run: 'get deployments.apps web -o wide',
    out: 'NAME READY UP-TO-DATE AVAILABLE AGE CONTAINERS IMAGES SELECTOR\nweb 2/2 2 2 <age> web berth.local/hello:1 app=web',
  },
  {
    run: 'get pods -l app=web',
    out: 'NAME READY STATUS RESTARTS AGE\nweb-<id> 1/1 Running 0 <age>\nweb-<id> 1/1 Running 0 <age>',
  },
  {
    run: 'get po -l app=web -o wide',
    has: [
      'NAME READY STATUS RESTARTS AGE IP NODE NOMINATED NODE READINESS GATES',
      'web-<id> 1/1 Running 0 <age> <ip> <word> <none> <none>',
    ],
  },
  { run: 'get pods -l app=web -o name', out: 'pod/web-<id>\npod/web-<id>' },
  { run: 'get pods -l app!=web', out: '', err: 'No resources found in <ns> namespace.' },
  {
    run: "get pods -l 'app in (web, api)' --no-headers",
    out: 'web-<id> 1/1 Running 0 <age>\nweb-<id> 1/1 Running 0 <age>',
  },
  { run: 'get pods --field-selector status.phase=Running -o name', out: 'pod/web-<id>\npod/web-<id>' },
  { run: 'get pods --field-selector=status.phase=Failed', out: '', err: 'No resources found' },
  { run: 'get pods --field-selector=spec.colour=red', code: 1, err: 'field label not supported: spec.colour' },
  {
    run: 'get pods -l app=web --show-labels --no-headers',
    has: ['web-<id> 1/1 Running 0 <age> app=web,pod-template-hash=<id>'],
  },
  { run: 'get deployment -L app', out: 'NAME READY UP-TO-DATE AVAILABLE AGE APP\nweb 2/2 2 2 <age> web' },
  { run: 'get configmap settings', out: 'NAME DATA AGE\nsettings 1 <age>' },
  { run: 'get secret keys', out: 'NAME TYPE DATA AGE\nkeys Opaque 1 <age>' },
  {
    run: 'get service web',
    out: 'NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE\nweb ClusterIP <ip> <none> 80/TCP <age>',
  },
  {
    run: 'get endpoints web',
    out: 'NAME ENDPOINTS AGE\nweb <ip>:8080,<ip>:8080 <age>',
    repeat: true,
  },
  { run: 'get rs', out: 'NAME DESIRED CURRENT READY AGE\nweb-<id> 2 2 2 <age>' },
  { run: 'get configmap settings -o json', has: ['"kind": "ConfigMap"', '"color": "red"', '"namespace": "<ns>"'] },
  { run: 'get configmap settings -o yaml', has: ['kind: ConfigMap', 'color: red', 'name: settings'] },
  { run: 'get configmaps,secrets -o yaml', has: ['kind: List', '- apiVersion: v1'] },
  {
    run: 'get deployment web -o jsonpath=\'{.metadata.name}{"\\t"}{.spec.replicas}{"\\n"}\'',
    out: 'web 2',
  },
  { run: 'get pods -l app=web -o jsonpath=\'{range .items[*]}{.status.phase}{"\\n"}{end}\'', out: 'Running\nRunning' },
  {
    run: 'get pods -l app=web -o jsonpath=\'{.items[?(@.status.phase=="Running")].spec.containers[*].name}\'',
    out: 'web web',
  },
  {
    run: 'get configmap settings more -o custom-columns=NAME:.metadata.name,COLOUR:.data.color,NONE:.data.nothing',
    out: 'NAME COLOUR NONE\nsettings red <none>\nmore x <none>',
  },
  {
    run: 'get configmap -l tier=front --sort-by=.data.color -o custom-columns=:.metadata.name --no-headers',
    out: 'settings\nmore',
  },
  {
    run: 'get deployment,service',
    out: `NAME READY UP-TO-DATE AVAILABLE AGE
deployment.apps/web 2/2 2 2 <age>

NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE
service/web ClusterIP <ip> <none> 80/TCP <age>`,
  },
  { run: 'get deployment/web service/web -o name', out: 'deployment.apps/web\nservice/web' },
  { run: 'get all', has: ['pod/web-<id>', 'service/web', 'deployment.apps/web', 'replicaset.apps/web-<id>'] },
  { run: 'get deployments -A', has: ['NAMESPACE NAME READY UP-TO-DATE AVAILABLE AGE', '<ns> web 2/2 2 2 <age>'] },
  { run: 'get namespace {ns}', out: 'NAME STATUS AGE\n<ns> Active <age>' },
  { run: 'get nodes', out: 'NAME STATUS ROLES AGE VERSION\n<word> Ready <none> <age> v1.<word>' },
  { run: 'get nonsense', code: 1, err: 'the server doesn\'t have a resource type "nonsense"' },
  { run: 'get pod nobody --ignore-not-found', out: '' },
  { run: 'get pods --chunk-size=1 -l app=web -o name', out: 'pod/web-<id>\npod/web-<id>', only: kubectlOnly },
  { run: 'get --raw /readyz', out: 'ok', only: kubectlOnly },
  { run: 'get --raw /api/v1/namespaces/{ns}/configmaps/settings', has: ['"color":"red"'], only: kubectlOnly },
  {
    run: 'get configmap settings -w -o name',
    until: 'configmap/settings\nconfigmap/settings',
    meanwhile: ['annotate configmap settings seen=yes'],
  },
];
