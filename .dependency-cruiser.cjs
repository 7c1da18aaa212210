/** Who may import whom: docs/architecture.md has the picture, this file fails the build. */
const room = (name) => `^${name}/`;
const forbid = (name, from, to, comment) => ({
  name,
  comment,
  severity: 'error',
  from: typeof from === 'string' ? { path: from, pathNot: '\\.test\\.ts$' } : from,
  to: typeof to === 'string' ? { path: to } : to,
});
const rooms = '^(base|api|client|control-plane|node-agent|host|cli|test|bench|tools)/';
const except = (...names) =>
  `^(${['base', 'api', 'client', 'control-plane', 'node-agent', 'host', 'cli', 'test', 'bench', 'tools'].filter((r) => !names.includes(r)).join('|')})/`;

module.exports = {
  forbidden: [
    forbid('no-cycles', rooms, { circular: true }, 'Two files that need each other are one file, or three.'),
    forbid('base-stands-alone', room('base'), except('base'), 'base/ imports no other room.'),
    forbid('api-is-pure', room('api'), except('api', 'base'), 'api/ imports only base/.'),
    forbid(
      'api-has-no-io',
      room('api'),
      { dependencyTypes: ['core'], path: '^(node:)?(fs|net|http|https|http2|child_process|dns|tls)' },
      'api/ does no I/O.',
    ),
    forbid('client-below', room('client'), except('client', 'api', 'base'), 'client/ imports only api/ and base/.'),
    forbid(
      'store-knows-nothing-above',
      '^control-plane/store/',
      '^control-plane/(?!store/)',
      'http → registry → store, in that direction only.',
    ),
    forbid(
      'registry-below-http',
      '^control-plane/apiserver/registry/',
      '^control-plane/apiserver/(http|discovery|proxy|auth)/',
      'http → registry → store, in that direction only.',
    ),
    forbid(
      'scheduler-is-a-client',
      '^control-plane/(scheduler|controllers)/',
      '^control-plane/(apiserver|store|resources)/',
      'The scheduler and controllers act only through ApiClient.',
    ),
    forbid(
      'control-plane-without-agent',
      room('control-plane'),
      '^(node-agent|host|cli)/',
      'Only composition roots join rooms.',
    ),
    forbid(
      'agent-without-control-plane',
      room('node-agent'),
      '^(control-plane|host|cli)/',
      'Only composition roots join rooms.',
    ),
    forbid(
      'only-the-store-knows-etcd',
      { path: rooms, pathNot: '^(control-plane/store|test|bench)/' },
      '^proto/generated/etcd/',
      'Only the store knows etcd.',
    ),
    forbid(
      'only-the-runtime-knows-cri',
      { path: rooms, pathNot: '^(node-agent/(runtime|images)|test|bench)/' },
      '^proto/generated/(cri|containerd)/',
      'Only node-agent/runtime and node-agent/images know CRI.',
    ),
    forbid('host-below-cli', room('host'), '^(cli|test|bench)/', 'host/ does not know the command line.'),
    forbid(
      'no-test-code-in-production',
      { path: '^(base|api|client|control-plane|node-agent|host|cli)/', pathNot: '\\.test\\.ts$' },
      '^(test|bench)/',
      'Tests stand on the code, not the reverse.',
    ),
  ],
  options: {
    doNotFollow: { path: ['node_modules', 'generated'] },
    parser: 'swc',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { conditionNames: ['import', 'node', 'default'], exportsFields: ['exports'] },
  },
};
