import { describe, expect, it } from 'vitest';
import { renderTemplate } from './evaluate.ts';

const list = {
  kind: 'List',
  items: [
    {
      metadata: { name: 'a', labels: { 'app.kubernetes.io/name': 'web' } },
      status: { phase: 'Running', restarts: 3, ips: ['1', '2', '3'] },
    },
    { metadata: { name: 'b' }, status: { phase: 'Pending', restarts: 0, ready: false } },
  ],
};

describe('jsonpath templates', () => {
  it.each([
    ['{.kind}', 'List'],
    ['.kind', 'List'],
    ['{$.items[0].metadata.name}', 'a'],
    ['{.items[*].metadata.name}', 'a b'],
    ['{.items[-1].metadata.name}', 'b'],
    ['{range .items[*]}{.metadata.name}{"\\t"}{.status.phase}{"\\n"}{end}', 'a\tRunning\nb\tPending\n'],
    ['{.items[?(@.status.phase=="Running")].metadata.name}', 'a'],
    ["{.items[?(@.status.phase!='Running')].metadata.name}", 'b'],
    ['{.items[?(@.status.restarts>2)].metadata.name}', 'a'],
    ['{.items[?(@.status.ready)].metadata.name}', 'b'],
    ['{.items[?(@.status.ready==false)].metadata.name}', 'b'],
    ['{..name}', 'a b'],
    ['{.items[0].metadata.labels.app\\.kubernetes\\.io/name}', 'web'],
    ["{.items[0]['metadata']['name']}", 'a'],
    ["{.items[0].metadata['name','labels']}", 'a {"app.kubernetes.io/name":"web"}'],
    ['{.items[0].status.ips[0:2]}', '1 2'],
    ['{.items[0].status.ips[::2]}', '1 3'],
    ['{.items[0].missing.thing}', ''],
    ['name: {.items[0].metadata.name}!', 'name: a!'],
    ['{.items[0].status}', '{"phase":"Running","restarts":3,"ips":["1","2","3"]}'],
  ])('%s', (template, expected) => {
    expect(renderTemplate(template, list)).toBe(expected);
  });

  it.each(['{.a', '{range .items}x', '{end}', '{.a[?(@.b]}', '{.a !}'])('refuses %s', (template) => {
    expect(() => renderTemplate(template, list)).toThrow(/error parsing jsonpath/);
  });
});
