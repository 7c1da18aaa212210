import { settings } from '../fixtures.ts';
import type { Step } from '../step.ts';

export const deleteSteps: readonly Step[] = [
  { run: 'delete configmap nothing', code: 1, err: 'configmaps "nothing" not found' },
  { run: 'delete configmap nothing --ignore-not-found', out: '' },
  { run: 'delete configmap more --dry-run=server', out: 'configmap "more" deleted<from> (server dry run)' },
  { run: 'get configmap more -o name', out: 'configmap/more' },
  { run: 'delete -f -', input: settings('blue'), out: 'configmap "settings" deleted<from>' },
  { run: 'delete configmap -l tier=front', out: 'configmap "more" deleted<from>' },
  { run: 'delete pod talker', out: 'pod "talker" deleted<from>' },
  { run: 'get pod talker', code: 1, err: 'pods "talker" not found' },
  { run: 'delete pod/pair --wait=false', out: 'pod "pair" deleted<from>' },
  { run: 'wait pod/pair --for=delete --timeout=20s', code: 'any' },
  { run: 'get pod pair --ignore-not-found', out: '' },
  {
    run: 'delete pod crasher --grace-period=0 --force',
    out: 'pod "crasher" force deleted<from>',
    err: 'mmediate deletion does not wait for confirmation',
    by: { berth: { err: '' } },
  },
  { run: 'delete pod echo --grace-period=1', out: 'pod "echo" deleted<from>' },
  { run: 'delete rs -l app=web --cascade=orphan --wait=false', has: ['replicaset.apps "web-<id>" deleted<from>'] },
  { run: 'get deployment web --no-headers', out: 'web 1/1 1 1 <age>', repeat: true },
  { run: 'delete deployment web --cascade=foreground', out: 'deployment.apps "web" deleted<from>' },
  { run: 'get pods,rs -l app=web', out: '', err: 'No resources found in <ns> namespace.' },
  { run: 'delete pods --all --now', out: 'pod "server" deleted<from>' },
  { run: 'delete service,secret --all', has: ['service "web" deleted<from>', 'secret "keys" deleted<from>'] },
];
