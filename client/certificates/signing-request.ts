import { generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import { bits, objectId, octets, sequence, set, smallInteger, tagged, taggedString, utf8 } from './der.ts';

export interface CertificateSubject {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

/** PEM. */
export interface SigningRequest {
  readonly request: string;
  /** PKCS #8; it stays on this machine. */
  readonly key: string;
}

/**
 * A new P-256 key, and the request (PKCS #10) to certify it. Written here, since a library for it would take more memory than
 * the rest of an agent that renews a certificate once in months.
 */
export async function createSigningRequest(
  subject: CertificateSubject,
  hosts: readonly string[],
): Promise<SigningRequest> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  const body = sequence(
    smallInteger(0),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0, ...(hosts.length > 0 ? [extensionRequest(alternativeNames(hosts))] : [])),
  );
  const request = sequence(body, sequence(objectId(ecdsaWithSha256)), bits(sign('sha256', body, privateKey)));
  return { request: pem('CERTIFICATE REQUEST', request), key: keyPem(privateKey) };
}

const ecdsaWithSha256 = '1.2.840.10045.4.3.2';
const commonName = '2.5.4.3';
const organization = '2.5.4.10';
const extensionRequestId = '1.2.840.113549.1.9.14';
const alternativeNameId = '2.5.29.17';

function nameOf(subject: CertificateSubject): Buffer {
  const part = (type: string, text: string): Buffer => set(sequence(objectId(type), utf8(text)));
  const organizations = subject.organizations.map((text) => part(organization, text));
  return sequence(...organizations, part(commonName, subject.commonName));
}

const extensionRequest = (extension: Buffer): Buffer =>
  sequence(objectId(extensionRequestId), set(sequence(extension)));

function alternativeNames(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) =>
    isIP(host) ? taggedString(7, addressBytes(host)) : taggedString(2, Buffer.from(host, 'ascii')),
  );
  return sequence(objectId(alternativeNameId), octets(sequence(...names)));
}

/** 4 or 16 bytes of an address that isIP knows. */
function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  // URL writes every IPv6 address in one form: no dotted part, at most one `::`.
  const [head = '', tail] = new URL(`http://[${address.split('%')[0]}]`).hostname.slice(1, -1).split('::');
  const words = (text: string): number[] =>
    text
      .split(':')
      .filter(Boolean)
      .map((word) => Number.parseInt(word, 16));
  const [before, after] = [words(head), words(tail ?? '')];
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  return Buffer.from([...before, ...zeros, ...after].flatMap((word) => [word >> 8, word & 0xff]));
}

const keyPem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

const pem = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`;
