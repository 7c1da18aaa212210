/** The files that the script finds in its folder. */
const image = 'berth.local/hello:1';

export const web = (replicas: number, more = ''): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: ${image}
        ports: [{containerPort: 8080, name: http}]
        resources: {requests: {cpu: 10m, memory: 16Mi}}
${more}`;

export const settings = (color: string): string => `apiVersion: v1
kind: ConfigMap
metadata: {name: settings, labels: {tier: front}}
data: {color: ${color}}
`;

const service = `apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
`;

const pod = (name: string, command: string, more = ''): string => `apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {talks: "yes"}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: ${image}
    command: [/bin/sh, -c, '${command}']
${more}`;

const talkers = [
  pod('talker', 'for i in 1 2 3; do echo line $i; done; exec sleep 1000', '    ports: [{containerPort: 8080}]\n'),
  pod(
    'pair',
    'echo from main; exec sleep 1000',
    `  - {name: side, image: ${image}, command: [/bin/sh, -c, "echo from side; exec sleep 1000"]}\n`,
  ),
  pod('echo', 'while read x; do echo got $x; done', '    stdin: true\n'),
  pod('crasher', 'echo run; sleep 1; exit 4'),
  `apiVersion: v1
kind: Pod
metadata: {name: server}
spec: {terminationGracePeriodSeconds: 0, containers: [{name: main, image: ${image}}]}
`,
].join('---\n');

export const fixtures: Readonly<Record<string, string>> = {
  'web.yaml': web(2),
  'settings.yaml': settings('blue'),
  'settings-red.yaml': settings('red'),
  'folder/service.yaml': service,
  'folder/secret.json': JSON.stringify({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'keys' },
    stringData: { key: 'value' },
  }),
  'talkers.yaml': talkers,
  'local.txt': 'from here\n',
  'editor.sh': '#!/bin/sh\nsed -i s/red/green/ "$1"\n',
};
