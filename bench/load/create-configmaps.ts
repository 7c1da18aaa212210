/** create-configmaps.ts KUBECONFIG CLIENTS SECONDS: creates ConfigMaps of 1 KB as fast as it goes; prints creates per second. */
import { readFileSync } from 'node:fs';
import { Pool } from 'undici';
import { loadKubeconfig } from '#client/kubeconfig.ts';

const [kubeconfig = '', clientsText = '64', secondsText = '8'] = process.argv.slice(2);
const clients = Number(clientsText);
const seconds = Number(secondsText);
readFileSync(kubeconfig); // A missing file is told as such.
const access = loadKubeconfig({ files: [kubeconfig] });
const pool = new Pool(access.server, {
  connections: clients,
  connect: { ca: access.ca ?? '', cert: access.clientCert ?? '', key: access.clientKey ?? '' },
});
const data = 'x'.repeat(1024);
const endMs = performance.now() + seconds * 1000;
let done = 0;

await Promise.all(
  Array.from({ length: clients }, async (_, id) => {
    for (let index = 0; performance.now() < endMs; index++) {
      const response = await pool.request({
        method: 'POST',
        path: '/api/v1/namespaces/default/configmaps',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: `load-${id}-${index}` },
          data: { data },
        }),
      });
      const text = await response.body.text();
      if (response.statusCode !== 201) throw new Error(`answered with ${response.statusCode}: ${text}`);
      done++;
    }
  }),
);
await pool.close();
console.log(done / seconds);
