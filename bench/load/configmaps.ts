/**
 * configmaps.ts create|get KUBECONFIG CLIENTS SECONDS: creates ConfigMaps of 1 KB, or reads one, as fast as it goes; prints the
 * rate per second.
 */
import { loadKubeconfig } from '#client/kubeconfig.ts';
import { connectKeepAlive } from './keep-alive-client.ts';

const [mode = '', kubeconfig = '', clientsText = '64', secondsText = '8'] = process.argv.slice(2);
if (mode !== 'create' && mode !== 'get') throw new Error('the first argument must be create or get');
const access = loadKubeconfig({ files: [kubeconfig] });
const { hostname, port } = new URL(access.server);
const target = {
  host: hostname,
  port: Number(port),
  ca: access.ca ?? '',
  cert: access.clientCert ?? '',
  key: access.clientKey ?? '',
};
const path = '/api/v1/namespaces/default/configmaps';
const headers = `\r\nhost: ${hostname}:${port}\r\naccept: application/json\r\ncontent-type: application/json`;
const create = `POST ${path} HTTP/1.1${headers}`;
/** Between these two stands the name. */
const before = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"load-';
const after = `"},"data":{"data":"${'x'.repeat(1024)}"}}`;
const run = `${process.pid}-${Date.now()}`;

const clients = await Promise.all(Array.from({ length: Number(clientsText) }, () => connectKeepAlive(target)));
const first = await clients[0]?.send(create, `${before}${run}${after}`);
if (first !== 201) throw new Error(`the first create was answered with ${first}`);
const get = `GET ${path}/load-${run} HTTP/1.1${headers}`;
const expected = mode === 'create' ? 201 : 200;
const beginMs = performance.now();
const endMs = beginMs + Number(secondsText) * 1000;
let done = 0;

await Promise.all(
  clients.map(async (client, id) => {
    for (let index = 0; performance.now() < endMs; index++) {
      const status =
        mode === 'create'
          ? await client.send(create, `${before}${run}-${id}-${index}${after}`)
          : await client.send(get);
      if (status !== expected) throw new Error(`answered with ${status}`);
      done++;
    }
  }),
);
const seconds = (performance.now() - beginMs) / 1000;
for (const client of clients) client.close();
console.log(done / seconds);
