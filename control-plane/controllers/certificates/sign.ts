import { webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { certificateBackdateMs } from '#api/certificates.ts';
import type { Random } from '#base/random.ts';
import type { ParsedRequest } from './request.ts';

export interface SigningAuthority {
  /** PEM. */
  readonly caCert: string;
  readonly caKey: string;
  /** The lifetime of what is signed. */
  readonly days: number;
}

export interface SignOptions {
  readonly use: 'client' | 'server';
  readonly keyEncipherment: boolean;
  readonly issuedMs: number;
  /** It never outlives the authority. */
  readonly lifetimeMs: number;
  readonly random: Random;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const usageIds = { client: '1.3.6.1.5.5.7.3.2', server: '1.3.6.1.5.5.7.3.1' } as const;

/** A certificate with the names of the request and with our word on all the rest; PEM. */
export async function signRequest(
  authority: SigningAuthority,
  parsed: ParsedRequest,
  { use, keyEncipherment, issuedMs, lifetimeMs, random }: SignOptions,
): Promise<string> {
  const issuer = new x509.X509Certificate(authority.caCert);
  const { digitalSignature, keyEncipherment: encipherment } = x509.KeyUsageFlags;
  const names = [
    ...parsed.dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...parsed.addresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(random),
      subject: [
        ...parsed.organizations.map((organization) => ({ O: [organization] })),
        ...parsed.commonNames.map((name) => ({ CN: [name] })),
      ],
      issuer: issuer.subject,
      notBefore: new Date(issuedMs - certificateBackdateMs),
      notAfter: new Date(Math.min(issuedMs + lifetimeMs, issuer.notAfter.getTime())),
      publicKey: new x509.PublicKey(parsed.publicKey),
      signingKey: await importKey(authority.caKey),
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(keyEncipherment ? digitalSignature | encipherment : digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([usageIds[use]]),
        await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey, false, webcrypto),
        ...(use === 'server' ? [new x509.SubjectAlternativeNameExtension(names)] : []),
      ],
    },
    webcrypto,
  );
  return `${certificate.toString('pem')}\n`;
}

/** 16 bytes, positive. */
const serialNumber = (random: Random): string => `4${random.uuid().replaceAll('-', '').slice(1)}`;

const importKey = (pem: string): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), algorithm, false, ['sign']);
