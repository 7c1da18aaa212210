import { expect, it } from 'vitest';
import { parseServerAddress } from './server-address.ts';

it.each([
  ['192.0.2.1:6443', '192.0.2.1', 6443, 'https://192.0.2.1:6443'],
  ['192.0.2.1', '192.0.2.1', 6443, 'https://192.0.2.1:6443'],
  ['https://192.0.2.1:7443/', '192.0.2.1', 7443, 'https://192.0.2.1:7443'],
  ['[2001:db8::1]:7443', '2001:db8::1', 7443, 'https://[2001:db8::1]:7443'],
  ['2001:db8::1', '2001:db8::1', 6443, 'https://[2001:db8::1]:6443'],
  ['Berth.Example.com:443', 'berth.example.com', 443, 'https://berth.example.com:443'],
])('%s is read', (given, host, port, url) => {
  expect(parseServerAddress(given)).toMatchObject({ host, port, url });
});

it.each([
  '',
  ':6443',
  'a b:1',
  '192.0.2.1:0',
  '192.0.2.1:70000',
  '192.0.2.1:x',
  'http://192.0.2.1:80',
  '[nonsense]:6443',
  'user@192.0.2.1:6443',
  '192.0.2.1:6443/path',
])('%j is refused, with an example', (given) => {
  expect(() => parseServerAddress(given)).toThrow(/is not the address of a server/);
});
