import { describe, expect, it } from 'vitest';
import { findAuths } from './pull-secrets.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const secret = (auths: object) => ({
  type: 'kubernetes.io/dockerconfigjson',
  data: { '.dockerconfigjson': base64(JSON.stringify({ auths })) },
});
const entry = (username: string) => ({ auth: base64(`${username}:p:w`) });
const users = (image: string, auths: object) => findAuths(image, [secret(auths)]).map(({ username }) => username);

describe('findAuths', () => {
  it('reads user and password, from auth or by themselves', () => {
    expect(findAuths('r.io/a', [secret({ 'r.io': entry('u') })])).toEqual([{ username: 'u', password: 'p:w' }]);
    const plain = secret({ 'r.io': { username: 'x', password: 'y', identitytoken: 't' } });
    expect(findAuths('r.io/a', [plain])).toEqual([{ username: 'x', password: 'y', identityToken: 't' }]);
  });

  it('knows the older form', () => {
    const old = {
      type: 'kubernetes.io/dockercfg',
      data: { '.dockercfg': base64(JSON.stringify({ 'r.io': entry('u') })) },
    };
    expect(findAuths('r.io/a', [old])).toHaveLength(1);
  });

  it('knows the names of Docker Hub', () => {
    for (const place of [
      'https://index.docker.io/v1/',
      'docker.io',
      'https://registry-1.docker.io',
      'index.docker.io',
    ]) {
      expect(users('nginx', { [place]: entry('u') })).toEqual(['u']);
    }
  });

  it('takes only what fits host, port and path, the closest first', () => {
    expect(
      users('r.io/team/app', { 'r.io': entry('all'), 'r.io/team': entry('team'), 'r.io/te': entry('no') }),
    ).toEqual(['team', 'all']);
    expect(users('r.io:5000/a', { 'r.io': entry('u') })).toEqual([]);
    expect(users('evil-r.io/a', { 'r.io': entry('u') })).toEqual([]);
  });

  it('lets a star stand for one part of the host', () => {
    expect(users('a.r.io/x', { '*.r.io': entry('u') })).toEqual(['u']);
    expect(users('a.b.r.io/x', { '*.r.io': entry('u') })).toEqual([]);
  });

  it('leaves out what it cannot read', () => {
    const broken = { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': base64('{nope') } };
    expect(findAuths('r.io/a', [broken, { type: 'Opaque', data: {} }, secret({ 'r.io': 'text' })])).toEqual([{}]);
  });
});
