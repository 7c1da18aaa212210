import { createPublicKey, webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

/** What a certificate signing request (PKCS #10) asks for. Loaded only where one is looked at: the library is large. */
export interface ParsedRequest {
  readonly commonNames: readonly string[];
  readonly organizations: readonly string[];
  /** Parts of the name beside those, such as OU or C. */
  readonly otherNameParts: readonly string[];
  readonly dnsNames: readonly string[];
  readonly addresses: readonly string[];
  /** Kinds of alternative names beside those, such as email or url. */
  readonly otherAlternatives: readonly string[];
  /** DER of the public key. */
  readonly publicKey: Uint8Array;
}

/** `text` is what stands in spec.request: PEM in base64. Throws an Error that says what is wrong with it. */
export async function parseRequest(text: string | undefined): Promise<ParsedRequest> {
  const request = decode(Buffer.from(text ?? '', 'base64').toString('latin1'));
  if (!(await request.verify(webcrypto).catch(() => false))) {
    throw new Error('its signature is not by the key that it is about');
  }
  const publicKey = new Uint8Array(request.publicKey.rawData);
  checkKey(publicKey);
  const names = request.subjectName.toJSON().flatMap((part) => Object.entries(part));
  const valuesOf = (type: string) => names.flatMap(([name, values]) => (name === type ? values : []));
  const alternatives = request.extensions.flatMap((one) =>
    one.type === alternativeNameId ? new x509.SubjectAlternativeNameExtension(one.rawData).names.items : [],
  );
  const alternativesOf = (type: string) => alternatives.flatMap((one) => (one.type === type ? [one.value] : []));
  return {
    commonNames: valuesOf('CN'),
    organizations: valuesOf('O'),
    otherNameParts: names.flatMap(([name]) => (name === 'CN' || name === 'O' ? [] : [name])),
    dnsNames: alternativesOf('dns'),
    addresses: alternativesOf('ip'),
    otherAlternatives: alternatives.flatMap(({ type }) => (type === 'dns' || type === 'ip' ? [] : [type])),
    publicKey,
  };
}

const alternativeNameId = '2.5.29.17';

function decode(pem: string): x509.Pkcs10CertificateRequest {
  try {
    return new x509.Pkcs10CertificateRequest(pem);
  } catch (cause) {
    throw new Error('it is no PKCS #10 request in PEM', { cause });
  }
}

function checkKey(der: Uint8Array): void {
  const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey({
    key: Buffer.from(der),
    format: 'der',
    type: 'spki',
  });
  const isRsa = asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
  if (asymmetricKeyType !== 'ec' && !isRsa) throw new Error('its key must be ECDSA, or RSA of at least 2048 bits');
}
