import { existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { V1Pod } from '#api/generated/types.ts';
import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import { removeBridge, setUpBridge } from '#node-agent/network/bridge.ts';
import { hostPortElements, hostPortsOf, podAddressesOf } from '#node-agent/network/host-ports.ts';
import { createNodeRules, type NodeRules } from '#node-agent/network/node-rules.ts';
import { createCriRuntime } from '#node-agent/runtime/cri/runtime.ts';
import type { ContainerRuntime } from '#node-agent/runtime/runtime.ts';
import { containerConfig, sandboxConfig } from '../contract/runtime.ts';
import { startContainerd, type TestContainerd } from '../harness/containerd.ts';
import { eventually } from '../harness/eventually.ts';
import { mustRun, run } from '../harness/run.ts';

const podCidr = '10.42.203.0/24';
const gateway = '10.42.203.1';
const outside = 'berth-bgn-out';
const hostPort = 18_490;

let containerd: TestContainerd;
let runtime: ContainerRuntime;
let rules: NodeRules;
let running: Promise<void>;
const ending = new AbortController();
let server: { id: string; ip: string };
let client: { id: string; ip: string };
let ipForward: string;

async function startPod(name: string, command: readonly string[]): Promise<{ id: string; ip: string }> {
  const made = {
    image: 'berth.local/busybox:1',
    cgroupParent: `/${containerd.layout.cgroupRoot}`,
    logRoot: containerd.layout.podLogDir,
  };
  const sandbox = sandboxConfig(made, name);
  mkdirSync(sandbox.logDirectory, { recursive: true });
  const sandboxId = await runtime.runSandbox(sandbox);
  const id = await runtime.createContainer(sandboxId, containerConfig(made, { command }), sandbox);
  await runtime.startContainer(id);
  return { id, ip: (await runtime.sandboxStatus(sandboxId)).ips[0] ?? '' };
}

const sync = (pods: readonly V1Pod[]): Promise<void> =>
  rules.set(new Map([['host-ports', hostPortElements(hostPortsOf(pods), podAddressesOf(pods))]]));

const podWith = (ip: string, ports: readonly number[]): V1Pod => ({
  metadata: { name: 'server', uid: 'server' },
  spec: { containers: [{ name: 'main', ports: ports.map((port) => ({ containerPort: 8080, hostPort: port })) }] },
  status: { phase: 'Running', podIP: ip },
});

/** What an address and port answer: from the node, or from a pod. */
const ask = async (address: string, port: number): Promise<string> =>
  (await run('busybox', ['nc', '-w', '2', address, String(port)], { timeoutMs: 5_000 })).stdout.trim();
const askFrom = async (container: string, address: string, port: number): Promise<string> => {
  const command = ['sh', '-c', `nc -w 2 ${address} ${port} </dev/null; true`];
  return (await runtime.execSync(container, command, 10)).stdout.toString().trim();
};

beforeAll(async () => {
  ipForward = readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim();
  const dir = mkdtempSync('/var/tmp/berth-network-');
  containerd = await startContainerd(dir, { prefix: 'bgn', podCidr });
  const { layout } = containerd;
  rules = createNodeRules({
    table: layout.nftTable,
    bridge: layout.bridge,
    clusterCidr: '10.42.0.0/16',
    serviceCidr: '10.43.0.0/16',
    clock: createRealClock(),
    log: createSilentLog(),
  });
  running = rules.run(ending.signal);
  const bridge = {
    bridge: layout.bridge,
    podCidr,
    cniConfDir: layout.cniConfDir,
    cniDataDir: join(layout.agentDir, 'cni'),
  };
  await setUpBridge(bridge);
  await setUpBridge(bridge);
  rules.setBase({ podCidr, gateway });
  runtime = createCriRuntime({ socketPath: containerd.socketPath, clock: createRealClock(), log: createSilentLog() });
  const serve = ['nc', '-ll', '-p', '8080', '-e', 'sh', '-c', 'echo server'];
  server = await startPod('server', serve);
  client = await startPod('client', ['sleep', 'infinity']);
  await run('ip', ['netns', 'delete', outside]); // Of a run that was killed.
  await mustRun('ip', ['netns', 'add', outside]);
  await mustRun('ip', ['link', 'add', 'bgnout', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', outside]);
  await mustRun('ip', ['address', 'add', '10.99.77.1/30', 'dev', 'bgnout']);
  await mustRun('ip', ['link', 'set', 'bgnout', 'up']);
  await mustRun('ip', ['-n', outside, 'address', 'add', '10.99.77.2/30', 'dev', 'eth0']);
  await mustRun('ip', ['-n', outside, 'link', 'set', 'eth0', 'up']);
  await eventually(async () => (await askFrom(client.id, server.ip, 8080)) === 'server');
});

afterAll(async () => {
  await run('ip', ['netns', 'delete', outside]);
  ending.abort();
  await running;
  if (containerd) await removeBridge(containerd.layout.bridge);
  await runtime?.close();
  await containerd?.stop();
  if (ipForward === '0') await run('sysctl', ['-qw', 'net.ipv4.ip_forward=0']);
});

describe('the network of a node', () => {
  it('joins pods to each other and to the node', async () => {
    expect(client.ip).toMatch(/^10\.42\.203\./);
    expect(await ask(server.ip, 8080)).toBe('server');
  });

  it('lets pods out under the address of the node', async () => {
    const script =
      "net.createServer(s=>{console.log(s.remoteAddress);s.end();process.exit()}).listen(9000,()=>console.log('up'))";
    const listening = run('ip', ['netns', 'exec', outside, process.execPath, '-e', script], { timeoutMs: 20_000 });
    await eventually(async () => {
      const { stdout } = await run('ip', ['netns', 'exec', outside, 'busybox', 'netstat', '-ltn']);
      expect(stdout).toContain(':9000');
    });
    await askFrom(client.id, '10.99.77.2', 9000);
    // The other side has no route to pods: that it answered at all shows the masquerade.
    expect((await listening).stdout).toMatch(/10\.99\.77\.1$/m);
  });

  it('leads host ports to the pod: on every address of the node, on 127.0.0.1, from pods and from the pod itself', async () => {
    await sync([podWith(server.ip, [hostPort])]);
    expect(await ask('127.0.0.1', hostPort)).toBe('server');
    expect(await ask(gateway, hostPort)).toBe('server');
    expect(await askFrom(client.id, gateway, hostPort)).toBe('server');
    expect(await askFrom(server.id, gateway, hostPort)).toBe('server');
    const { stdout } = await run('ip', [
      'netns',
      'exec',
      outside,
      'busybox',
      'nc',
      '-w',
      '2',
      '10.99.77.1',
      String(hostPort),
    ]);
    expect(stdout.trim()).toBe('server');
  });

  it('takes host ports back with the pod', async () => {
    await sync([podWith(server.ip, [hostPort])]);
    await sync([]);
    expect(await ask('127.0.0.1', hostPort)).toBe('');
  });

  it("keeps pods out of the node's own 127.0.0.1", async () => {
    const local: Server = createServer((socket) => socket.end('secret'));
    await new Promise<void>((resolve) => local.listen(hostPort + 1, '127.0.0.1', resolve));
    await runtime.execSync(client.id, ['ip', 'route', 'replace', '127.0.0.1', 'via', gateway], 5);
    expect(await ask('127.0.0.1', hostPort + 1)).toBe('secret');
    expect(await askFrom(client.id, '127.0.0.1', hostPort + 1)).toBe('');
    await new Promise((resolve) => local.close(resolve));
  });

  it('is removed completely, and again', async () => {
    const { bridge, nftTable } = containerd.layout;
    ending.abort();
    await running;
    await rules.remove();
    await removeBridge(bridge);
    expect(existsSync(`/sys/class/net/${bridge}`)).toBe(false);
    expect((await run('nft', ['list', 'table', 'ip', nftTable])).code).not.toBe(0);
    await rules.remove();
    await removeBridge(bridge);
  });
});
