import { expect, it } from 'vitest';
import { forbidden, notFound, serviceUnavailable, unauthorized } from '#api/status-error.ts';
import { CertificateError } from '#client/certificates/obtain.ts';
import { CliError } from '../command.ts';
import { explainRefusal } from './refusals.ts';
import { parseServerAddress } from './server-address.ts';

const address = parseServerAddress('192.0.2.1:6443');
const configMap = { group: '', resource: 'configmaps' };

it.each([
  [unauthorized(), 'does not take the token: it is wrong, has ended, or was revoked', 'berth token create'],
  [notFound(configMap, 'berth-cluster'), 'is no Berth server', 'try again'],
  [forbidden(configMap, 'x', 'no'), 'refuses: configmaps "x" is forbidden', 'berth token create'],
  [serviceUnavailable('busy'), 'cannot answer: busy', 'berth status'],
  [
    new CertificateError('denied', 'NodeNameTaken', 'node "m1" is alive'),
    'refused a certificate for node m1: node "m1" is alive',
    'berth node remove m1',
  ],
  [new CertificateError('timeout', 'NoAnswer', 'no answer'), 'gave no certificate: no answer', 'berth status'],
])('%s', (error, message, fix) => {
  const explained = explainRefusal(error, address, 'm1');
  if (!(explained instanceof CliError)) throw new Error('it is not explained');
  expect(explained.message).toContain(message);
  expect(explained.message).toContain('192.0.2.1:6443');
  expect(explained.fix).toContain(fix);
  expect(explained.cause).toBe(error);
});

it('leaves bugs as they are', () => {
  const bug = new TypeError('x is undefined');
  expect(explainRefusal(bug, address, 'm1')).toBe(bug);
});
