/** All that an etcd holds, key by key, through its own HTTP gateway and none of our code. */

const isAnswer = (value: unknown): value is { kvs?: readonly { key: string; mod_revision: string }[] } =>
  typeof value === 'object' && value !== null;

/** Key to the revision of its last change, without keys that begin with one of `ignored`. */
export async function etcdKeys(endpoint: string, ignored: readonly string[]): Promise<Map<string, string>> {
  const everything = Buffer.from('\0').toString('base64');
  const body = JSON.stringify({ key: everything, range_end: everything, keys_only: true });
  const answer: unknown = await (await fetch(`${endpoint}/v3/kv/range`, { method: 'POST', body })).json();
  if (!isAnswer(answer)) throw new Error(`etcd answered ${JSON.stringify(answer)}`);
  const keys = (answer.kvs ?? []).map(({ key, mod_revision }): [string, string] => [
    Buffer.from(key, 'base64').toString(),
    mod_revision,
  ]);
  return new Map(keys.filter(([key]) => !ignored.some((prefix) => key.startsWith(prefix))).sort());
}
