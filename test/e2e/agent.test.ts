import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configMaps, pods, secrets } from '#api/kinds.ts';
import { cgroupVersion } from '#host/machine.ts';
import { weightOf } from '#node-agent/cgroups/v2.ts';
import { type AgentMachine, shell, sleeper, startAgentMachine } from '../harness/agent-machine.ts';
import { containerLimits } from '../harness/cgroup.ts';
import { eventually } from '../harness/eventually.ts';

let machine: AgentMachine;

beforeAll(async () => {
  machine = await startAgentMachine();
  await machine.startAgent();
});
afterAll(async () => {
  await machine?.stop();
});

test('a pod runs with an address of the pod network, and soon', async () => {
  const startedMs = performance.now();
  await machine.createPod('web', {});
  const pod = await machine.running('web');
  console.log(`create → Running: ${Math.round(performance.now() - startedMs)} ms`);
  expect(pod.status?.podIP).toMatch(/^10\.42\.203\./);
  expect(await machine.exec('web', 'main', 'hostname')).toBe('web\n');
  expect(await machine.exec('web', 'main', 'cat', '/etc/hosts')).toContain(`${pod.status?.podIP}\tweb`);
  await machine.remove('web');
  expect(existsSync(join(machine.containerd.layout.agentDir, 'pods', pod.metadata.uid))).toBe(false);
});

test('limits and requests stand in the cgroup files, of the container and of the pod', async () => {
  const resources = { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '500m', memory: '64Mi' } };
  await machine.createPod('limited', { containers: [sleeper('main', { resources })] });
  const pod = await machine.running('limited');
  expect(pod.status?.qosClass).toBe('Burstable');
  const id = pod.status?.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? '';
  const root = machine.containerd.layout.cgroupRoot;
  const cpuShare = cgroupVersion() === 'v2' ? weightOf(256) : 256;
  expect(containerLimits(root, id)).toEqual({ cpuQuota: 50_000, memoryLimitBytes: 64 * 2 ** 20, cpuShare });
  expect(containerLimits(root, `pod${pod.metadata.uid}`)).toMatchObject({
    cpuQuota: 50_000,
    memoryLimitBytes: 64 * 2 ** 20,
  });
  await machine.remove('limited');
  expect(() => containerLimits(root, `pod${pod.metadata.uid}`)).toThrow();
});

test('a process that takes more memory than its limit is killed, and the pod says so', async () => {
  await machine.createPod('greedy', {
    restartPolicy: 'Never',
    containers: [
      shell('main', 'dd if=/dev/zero of=/dev/null bs=200M count=1', { resources: { limits: { memory: '24Mi' } } }),
    ],
  });
  await machine.until('greedy', (now) => now?.status?.phase === 'Failed');
  const ended = (await machine.pod('greedy'))?.status?.containerStatuses?.[0]?.state?.terminated;
  expect(ended).toMatchObject({ reason: 'OOMKilled', exitCode: 137 });
  await machine.remove('greedy');
});

test('a container that is killed comes back, is counted, and backs off', async () => {
  await machine.createPod('victim', {
    containers: [shell('main', 'echo last words > /dev/termination-log; sleep 0.2; exit 3')],
  });
  await machine.until('victim', (now) => now?.status?.containerStatuses?.[0]?.restartCount === 1);
  await machine.until(
    'victim',
    (now) => now?.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff',
  );
  const status = (await machine.pod('victim'))?.status?.containerStatuses?.[0];
  expect(status?.lastState?.terminated).toMatchObject({ exitCode: 3, reason: 'Error', message: 'last words\n' });
  expect(machine.told.some(({ reason, about }) => reason === 'BackOff' && about === 'victim')).toBe(true);
  await machine.remove('victim');
});

test('environment, arguments, users and read-only roots reach the container', async () => {
  await machine.client.create(configMaps, {
    metadata: { name: 'settings', namespace: 'default' },
    data: { color: 'blue', size: 'xl' },
  });
  await machine.client.create(secrets, {
    metadata: { name: 'key', namespace: 'default' },
    data: { token: Buffer.from('s3cret').toString('base64') },
  });
  await machine.createPod('env', {
    securityContext: { runAsUser: 1234, runAsGroup: 2345, fsGroup: 3456 },
    containers: [
      shell('main', 'id; env; touch /x; echo arg=$0 $1; grep NoNewPrivs /proc/self/status; exec sleep 1000', {
        args: ['$(COLOR)', '$$(COLOR)'],
        env: [
          { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'color' } } },
          { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'key', key: 'token' } } },
          { name: 'MY_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          { name: 'LIMIT', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
          { name: 'URL', value: 'http://$(MY_IP)/' },
        ],
        envFrom: [{ prefix: 'CM_', configMapRef: { name: 'settings' } }],
        resources: { limits: { memory: '64Mi' } },
        securityContext: {
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        },
      }),
    ],
    terminationGracePeriodSeconds: 1,
  });
  const pod = await machine.running('env');
  const text = await eventually(async () => {
    const logs = await machine.logs('env', 'main');
    return logs.includes('NoNewPrivs') && logs;
  });
  expect(text).toContain('uid=1234 gid=2345');
  expect(text).toContain('3456');
  for (const line of [
    'COLOR=blue',
    'TOKEN=s3cret',
    `MY_IP=${pod.status?.podIP}`,
    'LIMIT=64',
    `URL=http://${pod.status?.podIP}/`,
    'CM_size=xl',
  ])
    expect(text).toContain(line);
  expect(text).toContain('Read-only file system');
  expect(text).toContain('arg=blue $(COLOR)');
  expect(text).toMatch(/NoNewPrivs:\s+1/);
  await machine.remove('env');
});

test('volumes of every supported kind; a changed ConfigMap shows up in the running pod', async () => {
  const outside = join(machine.containerd.layout.stateDir, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'file'), 'from the host');
  await machine.client.create(configMaps, {
    metadata: { name: 'web-conf', namespace: 'default' },
    data: { 'a.conf': 'one', 'b.conf': 'two' },
  });
  await machine.client.create(secrets, {
    metadata: { name: 'web-key', namespace: 'default' },
    data: { key: Buffer.from([0, 255, 1]).toString('base64') },
  });
  const mounts = ['scratch', 'ram', 'host', 'conf', 'key', 'down', 'all'].map((name) => ({
    name,
    mountPath: `/v/${name}`,
  }));
  await machine.createPod(
    'volumes',
    {
      volumes: [
        { name: 'scratch', emptyDir: {} },
        { name: 'ram', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
        { name: 'host', hostPath: { path: outside, type: 'Directory' } },
        { name: 'conf', configMap: { name: 'web-conf' } },
        { name: 'key', secret: { secretName: 'web-key', defaultMode: 0o400 } },
        { name: 'down', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
        {
          name: 'all',
          projected: {
            sources: [
              { configMap: { name: 'web-conf', items: [{ key: 'a.conf', path: 'deep/er/a' }] } },
              { secret: { name: 'web-key' } },
              { configMap: { name: 'absent', optional: true } },
            ],
          },
        },
      ],
      containers: [
        sleeper('main', {
          volumeMounts: [
            ...mounts,
            { name: 'conf', mountPath: '/etc/one.conf', subPath: 'a.conf', readOnly: true },
            { name: 'scratch', mountPath: '/sub', subPathExpr: '$(POD)/data' },
          ],
          env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
        }),
      ],
    },
    { labels: { app: 'v' } },
  );
  const pod = await machine.running('volumes');
  const sh = (script: string): Promise<string> => machine.exec('volumes', 'main', 'sh', '-c', script);
  expect(await sh('cat /v/host/file')).toBe('from the host');
  expect(await sh('cat /v/conf/a.conf /v/conf/b.conf /etc/one.conf /v/all/deep/er/a')).toBe('onetwooneone');
  expect(await sh('stat -L -c %a /v/key/key; od -An -tx1 /v/key/key')).toBe('400\n 00 ff 01\n');
  expect(await sh('cat /v/down/labels')).toBe('app="v"');
  expect(await sh('echo hi > /v/scratch/x && echo there > /sub/y && cat /v/scratch/volumes/data/y')).toBe('there\n');
  expect(await sh('dd if=/dev/zero of=/v/ram/big bs=1M count=3 2>&1 | tail -1; grep " /v/ram " /proc/mounts')).toMatch(
    /tmpfs.*size=1024k/,
  );
  expect(await sh('grep " /v/key " /proc/mounts')).toContain('tmpfs');
  await machine.client.patch(
    configMaps,
    { namespace: 'default', name: 'web-conf' },
    { type: 'merge', body: { data: { 'a.conf': 'changed' } } },
  );
  await eventually(async () => (await sh('cat /v/conf/a.conf /v/all/deep/er/a')) === 'changedchanged', {
    withinMs: 5_000,
  });
  expect(await sh('cat /etc/one.conf')).toBe('one');
  await machine.remove('volumes');
  const mountinfo = readFileSync('/proc/self/mountinfo', 'utf8');
  expect(mountinfo).not.toContain(pod.metadata.uid);
  expect(readFileSync(join(outside, 'file'), 'utf8')).toBe('from the host');
});

test('a pod waits for a missing ConfigMap and starts once it is there', async () => {
  await machine.createPod('waits', {
    containers: [sleeper('main', { envFrom: [{ configMapRef: { name: 'late' } }] })],
  });
  await machine.until(
    'waits',
    (now) => now?.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError',
  );
  expect((await machine.pod('waits'))?.status?.containerStatuses?.[0]?.state?.waiting?.message).toBe(
    'configmap "late" not found',
  );
  await machine.client.create(configMaps, { metadata: { name: 'late', namespace: 'default' }, data: { A: 'b' } });
  await machine.running('waits');
  await machine.remove('waits');
});

test('probes: readiness follows, liveness restarts, with the words of the kubelet', async () => {
  await machine.createPod('probed', {
    terminationGracePeriodSeconds: 1,
    containers: [
      shell('main', 'mkdir /www; echo ok > /www/ok; touch /alive; httpd -f -p 8080 -h /www', {
        ports: [{ name: 'http', containerPort: 8080 }],
        startupProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1, failureThreshold: 30 },
        readinessProbe: { httpGet: { path: '/ok', port: 'http' }, periodSeconds: 1, failureThreshold: 1 },
        livenessProbe: {
          exec: { command: ['cat', '/alive'] },
          periodSeconds: 1,
          failureThreshold: 2,
          terminationGracePeriodSeconds: 1,
        },
      }),
    ],
  });
  const ready = (value: boolean) => (now: Awaited<ReturnType<AgentMachine['pod']>>) =>
    now?.status?.containerStatuses?.[0]?.ready === value;
  await machine.until('probed', ready(true));
  await machine.exec('probed', 'main', 'mv', '/www/ok', '/www/not');
  await machine.until('probed', ready(false));
  const unhealthy = machine.told.find(({ reason, about }) => reason === 'Unhealthy' && about === 'probed');
  await machine.exec('probed', 'main', 'mv', '/www/not', '/www/ok');
  await machine.until('probed', ready(true));
  expect(machine.told.map(({ message }) => message)).toContain(
    'Readiness probe failed: HTTP probe failed with statuscode: 404',
  );
  expect(unhealthy).toBeDefined();
  await machine.exec('probed', 'main', 'rm', '/alive');
  await machine.until('probed', (now) => now?.status?.containerStatuses?.[0]?.restartCount === 1);
  expect(machine.told.map(({ message }) => message)).toContain(
    'Container main failed liveness probe, will be restarted',
  );
  await machine.remove('probed');
});

test('termination: preStop hook, SIGTERM, and SIGKILL when the grace period is over', async () => {
  const { stateDir } = machine.containerd.layout;
  const script = 'trap "echo term >> /out/log" TERM; while :; do sleep 0.1; done';
  await machine.createPod('ends', {
    terminationGracePeriodSeconds: 3,
    volumes: [{ name: 'out', hostPath: { path: join(stateDir, 'out'), type: 'DirectoryOrCreate' } }],
    containers: [
      shell('main', script, {
        volumeMounts: [{ name: 'out', mountPath: '/out' }],
        lifecycle: {
          postStart: { exec: { command: ['sh', '-c', 'echo post >> /out/log'] } },
          preStop: { exec: { command: ['sh', '-c', 'echo pre >> /out/log'] } },
        },
      }),
    ],
  });
  await machine.running('ends');
  const startedMs = performance.now();
  await machine.remove('ends');
  expect(performance.now() - startedMs).toBeGreaterThan(2_500);
  expect(performance.now() - startedMs).toBeLessThan(6_000);
  expect(readFileSync(join(stateDir, 'out', 'log'), 'utf8')).toBe('post\npre\nterm\n');
});

test('a long goodbye is cut short by a second deletion', async () => {
  await machine.createPod('stubborn', {
    terminationGracePeriodSeconds: 60,
    containers: [shell('main', 'trap "" TERM; while :; do sleep 0.1; done')],
  });
  await machine.running('stubborn');
  await machine.client.delete(pods, { namespace: 'default', name: 'stubborn' });
  await eventually(() => machine.told.some(({ reason, about }) => reason === 'Killing' && about === 'stubborn'));
  const startedMs = performance.now();
  await machine.remove('stubborn', 1);
  expect(performance.now() - startedMs).toBeLessThan(10_000);
});

test('a new agent, and a new containerd, adopt what runs', async () => {
  await machine.createPod('stays', {
    containers: [sleeper('main', { readinessProbe: { exec: { command: ['true'] }, periodSeconds: 1 } })],
  });
  await machine.until(
    'stays',
    (now) => now?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true,
  );
  const before = await machine.pod('stays');
  await machine.stopAgent();
  await machine.startAgent();
  await machine.containerd.kill();
  await machine.containerd.start();
  await eventually(() => machine.runtime.version());
  await machine.createPod('later', {});
  await machine.running('later');
  const after = await machine.pod('stays');
  expect(after?.status?.containerStatuses).toEqual(before?.status?.containerStatuses);
  expect(after?.status?.conditions).toEqual(before?.status?.conditions);
  expect(
    (await machine.runtime.listContainers()).filter(({ name, state }) => name === 'main' && state === 'running'),
  ).toHaveLength(2);
  await Promise.all([machine.remove('stays'), machine.remove('later')]);
});

test('many pods at once', async () => {
  const names = Array.from({ length: 20 }, (_, index) => `many-${index}`);
  const startedMs = performance.now();
  await Promise.all(names.map((name) => machine.createPod(name, {})));
  await Promise.all(names.map((name) => machine.running(name)));
  console.log(`${names.length} pods in ${Math.round(performance.now() - startedMs)} ms`);
  await Promise.all(names.map((name) => machine.remove(name)));
  expect(await machine.runtime.listSandboxes()).toEqual([]);
  expect(await machine.runtime.listContainers()).toEqual([]);
});
