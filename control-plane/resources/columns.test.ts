import { describe, expect, it } from 'vitest';
import type { KubeObject } from '#api/meta.ts';
import type { ResourceDefinition } from '../apiserver/resource-definition.ts';
import { builtInDefinitions } from './all.ts';

const nowMs = Date.UTC(2026, 0, 1, 12);
const ago = (seconds: number) => new Date(nowMs - seconds * 1000).toISOString();
const definitions = builtInDefinitions();

function definitionOf(resource: string, group: string): ResourceDefinition {
  const found = definitions.find(({ type, viewOf }) => type.resource === resource && type.group === group && !viewOf);
  if (!found) throw new Error(`no ${resource}`);
  return found;
}

/** `NAME=cell` of the columns that are shown without -o wide, or with it. */
function row(resource: string, group: string, object: object, wide = false): string {
  const whole: KubeObject = { metadata: { name: 'x', creationTimestamp: ago(60) }, ...object };
  return definitionOf(resource, group)
    .columns.filter((column) => wide || column.priority === 0)
    .map((column) => `${column.name.toUpperCase()}=${column.cell(whole, nowMs)}`)
    .join(' ');
}

const template = {
  spec: {
    containers: [
      { name: 'a', image: 'i:1' },
      { name: 'b', image: 'j:2' },
    ],
  },
};
const selector = { matchLabels: { app: 'web' } };

describe('columns', () => {
  it.each<[string, string, object, string]>([
    ['namespaces', '', { status: { phase: 'Active' } }, 'NAME=x STATUS=Active AGE=60s'],
    ['configmaps', '', { data: { a: '' }, binaryData: { b: '' } }, 'NAME=x DATA=2 AGE=60s'],
    ['secrets', '', { type: 'Opaque', data: { a: '' } }, 'NAME=x TYPE=Opaque DATA=1 AGE=60s'],
    ['serviceaccounts', '', {}, 'NAME=x SECRETS=0 AGE=60s'],
    ['leases', 'coordination.k8s.io', { spec: { holderIdentity: 'n1' } }, 'NAME=x HOLDER=n1 AGE=60s'],
    [
      'services',
      '',
      {
        spec: {
          type: 'NodePort',
          clusterIPs: ['10.43.0.1'],
          ports: [
            { port: 80, nodePort: 30_080, protocol: 'TCP' },
            { port: 53, protocol: 'UDP' },
          ],
        },
      },
      'NAME=x TYPE=NodePort CLUSTER-IP=10.43.0.1 EXTERNAL-IP=<none> PORT(S)=80:30080/TCP,53/UDP AGE=60s',
    ],
    [
      'services',
      '',
      { spec: { type: 'LoadBalancer', clusterIP: '10.43.0.1' } },
      'NAME=x TYPE=LoadBalancer CLUSTER-IP=10.43.0.1 EXTERNAL-IP=<pending> PORT(S)=<none> AGE=60s',
    ],
    [
      'services',
      '',
      { spec: { type: 'ExternalName', externalName: 'example.com' } },
      'NAME=x TYPE=ExternalName CLUSTER-IP=<none> EXTERNAL-IP=example.com PORT(S)=<none> AGE=60s',
    ],
    [
      'nodes',
      '',
      {
        metadata: {
          name: 'x',
          creationTimestamp: ago(60),
          labels: { 'node-role.kubernetes.io/worker': '', 'node-role.kubernetes.io/control-plane': '' },
        },
        spec: { unschedulable: true },
        status: { conditions: [{ type: 'Ready', status: 'True' }], nodeInfo: { kubeletVersion: 'v1.36.0' } },
      },
      'NAME=x STATUS=Ready,SchedulingDisabled ROLES=control-plane,worker AGE=60s VERSION=v1.36.0',
    ],
    [
      'nodes',
      '',
      { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } },
      'NAME=x STATUS=NotReady ROLES=<none> AGE=60s VERSION=',
    ],
    ['nodes', '', {}, 'NAME=x STATUS=Unknown ROLES=<none> AGE=60s VERSION='],
    [
      'deployments',
      'apps',
      { spec: { replicas: 3 }, status: { readyReplicas: 1, updatedReplicas: 2, availableReplicas: 1 } },
      'NAME=x READY=1/3 UP-TO-DATE=2 AVAILABLE=1 AGE=60s',
    ],
    [
      'replicasets',
      'apps',
      { spec: { replicas: 3 }, status: { replicas: 2 } },
      'NAME=x DESIRED=3 CURRENT=2 READY=0 AGE=60s',
    ],
    ['statefulsets', 'apps', { spec: { replicas: 3 } }, 'NAME=x READY=0/3 AGE=60s'],
    [
      'daemonsets',
      'apps',
      { spec: { template: { spec: { nodeSelector: { b: '1', a: '2' } } } }, status: { desiredNumberScheduled: 2 } },
      'NAME=x DESIRED=2 CURRENT=0 READY=0 UP-TO-DATE=0 AVAILABLE=0 NODE SELECTOR=a=2,b=1 AGE=60s',
    ],
    [
      'jobs',
      'batch',
      {
        spec: { completions: 3 },
        status: {
          succeeded: 3,
          startTime: ago(50),
          completionTime: ago(40),
          conditions: [{ type: 'Complete', status: 'True' }],
        },
      },
      'NAME=x STATUS=Complete COMPLETIONS=3/3 DURATION=10s AGE=60s',
    ],
    [
      'jobs',
      'batch',
      { spec: { parallelism: 4 }, status: { startTime: ago(50) } },
      'NAME=x STATUS=Running COMPLETIONS=0/1 of 4 DURATION=50s AGE=60s',
    ],
    [
      'cronjobs',
      'batch',
      { spec: { schedule: '* * * * *', suspend: false }, status: { active: [{}], lastScheduleTime: ago(30) } },
      'NAME=x SCHEDULE=* * * * * TIMEZONE=<none> SUSPEND=False ACTIVE=1 LAST SCHEDULE=30s AGE=60s',
    ],
    [
      'events',
      '',
      {
        involvedObject: { kind: 'Pod', name: 'web' },
        type: 'Warning',
        reason: 'BackOff',
        message: ' again\n',
        lastTimestamp: ago(5),
      },
      'LAST SEEN=5s TYPE=Warning REASON=BackOff OBJECT=pod/web MESSAGE=again',
    ],
    [
      'endpoints',
      '',
      { subsets: [{ addresses: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }], ports: [{ port: 80 }, { port: 443 }] }] },
      'NAME=x ENDPOINTS=10.0.0.1:80,[fd00::1]:80,10.0.0.1:443 + 1 more... AGE=60s',
    ],
    ['endpoints', '', {}, 'NAME=x ENDPOINTS=<none> AGE=60s'],
    [
      'endpointslices',
      'discovery.k8s.io',
      { addressType: 'IPv4', ports: [{ port: 80 }], endpoints: [{ addresses: ['10.0.0.1'] }] },
      'NAME=x ADDRESSTYPE=IPv4 PORTS=80 ENDPOINTS=10.0.0.1 AGE=60s',
    ],
    [
      'persistentvolumeclaims',
      '',
      {
        spec: { volumeName: 'v' },
        status: { phase: 'Bound', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteMany', 'ReadWriteOnce'] },
      },
      'NAME=x STATUS=Bound VOLUME=v CAPACITY=1Gi ACCESS MODES=RWO,RWX STORAGECLASS= VOLUMEATTRIBUTESCLASS=<unset> AGE=60s',
    ],
    [
      'ingresses',
      'networking.k8s.io',
      {
        spec: { ingressClassName: 'nginx', rules: [{ host: 'a.b' }, {}], tls: [{}] },
        status: { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } },
      },
      'NAME=x CLASS=nginx HOSTS=a.b ADDRESS=1.2.3.4 PORTS=80, 443 AGE=60s',
    ],
    [
      'horizontalpodautoscalers',
      'autoscaling',
      {
        spec: {
          maxReplicas: 3,
          minReplicas: 1,
          scaleTargetRef: { kind: 'Deployment', name: 'web' },
          metrics: [
            { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
          ],
        },
      },
      'NAME=x REFERENCE=Deployment/web TARGETS=cpu: <unknown>/80% MINPODS=1 MAXPODS=3 REPLICAS=0 AGE=60s',
    ],
    [
      'poddisruptionbudgets',
      'policy',
      { spec: { minAvailable: '50%' }, status: { disruptionsAllowed: 1 } },
      'NAME=x MIN AVAILABLE=50% MAX UNAVAILABLE=N/A ALLOWED DISRUPTIONS=1 AGE=60s',
    ],
    [
      'rolebindings',
      'rbac.authorization.k8s.io',
      { roleRef: { kind: 'Role', name: 'r' } },
      'NAME=x ROLE=Role/r AGE=60s',
    ],
  ])('of %s.%s', (resource, group, object, expected) => {
    expect(row(resource, group, object)).toBe(expected);
  });

  it('are more when they are wide', () => {
    expect(row('deployments', 'apps', { spec: { replicas: 1, template, selector } }, true)).toBe(
      'NAME=x READY=0/1 UP-TO-DATE=0 AVAILABLE=0 AGE=60s CONTAINERS=a,b IMAGES=i:1,j:2 SELECTOR=app=web',
    );
    expect(row('services', '', { spec: { type: 'ClusterIP', selector: { b: '1', a: '2' } } }, true)).toContain(
      'SELECTOR=a=2,b=1',
    );
  });

  it('of a view are those of its hub', () => {
    const names = (version: string) =>
      definitions
        .find(({ type }) => type.resource === 'horizontalpodautoscalers' && type.version === version)
        ?.columns.map(({ name }) => name);
    expect(names('v1')).toEqual(names('v2'));
  });
});
