import { isIPv6 } from 'node:net';
import { defaultSettings } from '#host/settings.ts';
import { CliError } from '../command.ts';

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  /** `https://192.0.2.1:6443` */
  readonly url: string;
  /** As people write it: `192.0.2.1:6443`, `[2001:db8::1]:6443`. */
  readonly text: string;
}

/** `192.0.2.1:6443`, `[2001:db8::1]:6443`, `berth.example.com`, or the URL. Without a port: 6443. Throws a CliError. */
export function parseServerAddress(given: string): ServerAddress {
  const text = given
    .trim()
    .replace(/^https:\/\//, '')
    .replace(/\/$/, '');
  const refuse = (why: string): never => {
    throw new CliError(`${JSON.stringify(given)} is not the address of a server: ${why}`, {
      exitCode: 2,
      fix: 'Write it as the line of berth token create has it: berth join 192.0.2.1:6443 --token …',
    });
  };
  if (/^http:/.test(text)) return refuse('the API speaks only https');
  if (isIPv6(text)) return address(text, defaultSettings.apiPort);
  const [, bracketed, plain, portText] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]@]+))(?::(\d+))?$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? refuse('it should be host:port');
  if (bracketed !== undefined && !isIPv6(bracketed)) return refuse(`${bracketed} is no IPv6 address`);
  const port = portText === undefined ? defaultSettings.apiPort : Number(portText);
  if (port < 1 || port > 65_535) return refuse(`${portText} is no port`);
  return address(host.toLowerCase(), port);
}

function address(host: string, port: number): ServerAddress {
  const text = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  return { host, port, text, url: `https://${text}` };
}
