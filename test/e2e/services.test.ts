import { get } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: berth.local/busybox:1
          command: [sh, -c, 'mkdir /www; hostname > /www/index.html; exec httpd -f -p 8080 -h /www']
          ports: [{ name: http, containerPort: 8080 }]
          readinessProbe: { tcpSocket: { port: http }, periodSeconds: 1 }
`;

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ podSubnet: 213 });
  await cluster.apply(deployment);
  await cluster.k('rollout', 'status', 'deployment/web', '--timeout=60s');
});
afterAll(() => cluster?.destroy());

/** Over a connection of its own; else the code of the error. */
const fetchFrom = (address: string, port: number): Promise<string> =>
  new Promise((resolve) => {
    const request = get({ host: address, port, agent: false, timeout: 2_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text.trim()));
    });
    request.on('timeout', () => request.destroy(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })));
    request.on('error', (error) => resolve(String(Reflect.get(error, 'code'))));
  });
const show = (...args: string[]): Promise<string> => cluster.k('get', ...args);
const ports = '-o=jsonpath={.spec.ports[0].nodePort}';
const podNames = async (): Promise<string[]> => (await show('pods', '-l', 'app=web', '-o=name')).trim().split('\n');

/** Who answers there, over many connections. */
async function answers(address: string, port: number): Promise<string[]> {
  const seen = new Set<string>();
  for (let count = 0; count < 16; count++) seen.add(await fetchFrom(address, port));
  return [...seen].sort();
}

describe('services of a whole cluster, by kubectl', () => {
  it('kubectl expose: the cluster address leads the node and pods to all pods, under the name of the port', async () => {
    await cluster.k('expose', 'deployment', 'web', '--port=80', '--target-port=http');
    const ip = await show('service', 'web', '-o=jsonpath={.spec.clusterIP}');
    const pods = (await podNames()).map((name) => name.replace('pod/', '')).sort();
    await eventually(async () => expect(await answers(ip, 80)).toEqual(pods));
    const [first = ''] = pods;
    const inside = await cluster.k(
      'exec',
      first,
      '--',
      'sh',
      '-c',
      `for i in 1 2 3 4 5 6 7 8; do wget -qO- http://${ip}/; done`,
    );
    for (const line of inside.trim().split('\n')) expect(pods).toContain(line);
    expect(await show('ipaddress', ip, '-o=jsonpath={.spec.parentRef.name}')).toBe('web');
  });

  it('follows the deployment: a scale to nothing is a refusal, and back', async () => {
    const ip = await show('service', 'web', '-o=jsonpath={.spec.clusterIP}');
    await cluster.k('scale', 'deployment', 'web', '--replicas=0');
    await eventually(async () => expect(await fetchFrom(ip, 80)).toBe('ECONNREFUSED'));
    await cluster.k('scale', 'deployment', 'web', '--replicas=2');
    await eventually(async () => expect(await answers(ip, 80)).toHaveLength(2));
  });

  it('node ports and load balancers answer on the node’s address', async () => {
    const body = JSON.stringify({ spec: { type: 'LoadBalancer', ports: [{ port: 18_213, targetPort: 'http' }] } });
    await cluster.k('patch', 'service', 'web', '--type=merge', '-p', body);
    const ingress = '-o=jsonpath={.status.loadBalancer.ingress[0].ip}';
    await eventually(async () => expect(await show('service', 'web', ingress)).not.toBe(''));
    const address = await show('service', 'web', ingress);
    expect(await show('service', 'web')).toMatch(new RegExp(`LoadBalancer .* ${address} +18213:3\\d{4}/TCP`));
    await eventually(async () => expect(await answers(address, 18_213)).toHaveLength(2));
    expect(await answers(address, Number(await show('service', 'web', ports)))).toHaveLength(2);
    await cluster.k('create', 'service', 'loadbalancer', 'second', '--tcp=18213:8080');
    await eventually(async () => {
      expect(await cluster.k('describe', 'service', 'second')).toMatch(
        /Warning +PortConflict .*taken by .* default\/web/,
      );
    });
    expect(await show('service', 'second')).toContain('<pending>');
  });

  it('an address is free again for the next service at once', async () => {
    const ip = await show('service', 'web', '-o=jsonpath={.spec.clusterIP}');
    const taken = await cluster.kubectl(['create', 'service', 'clusterip', 'twin', `--clusterip=${ip}`, '--tcp=80']);
    expect(taken.stderr).toContain(`failed to allocate IP ${ip}: provided IP is already allocated`);
    await cluster.k('delete', 'service', 'web');
    await cluster.k('create', 'service', 'clusterip', 'twin', `--clusterip=${ip}`, '--tcp=80');
    await eventually(async () => expect(await fetchFrom(ip, 80)).toBe('ECONNREFUSED'));
  });
});
