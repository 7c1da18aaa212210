import { X509Certificate } from 'node:crypto';
import { CliError } from '../command.ts';
import { fingerprint, lookAt, ProbeError, type ProbeOptions, pemOf, verifyWith } from './probe.ts';
import type { ServerAddress } from './server-address.ts';

export interface CheckedServer {
  /** PEM of the cluster's authority. */
  readonly ca: string;
  /** `v1.36.0+berth0.1.0` */
  readonly version: string;
}

/**
 * Makes sure that the server is the one that the token is of, before anything else is said to it or done here: its chain
 * must hold the authority with this hash, and its own certificate must be of that authority and for this address.
 * Throws a CliError that says what to do.
 */
export async function checkServer(
  address: ServerAddress,
  caHash: string,
  options: ProbeOptions,
): Promise<CheckedServer> {
  const shown = await lookAt(address, options).catch((error: unknown) => {
    throw error instanceof ProbeError ? unreachable(address, error) : error;
  });
  if (shown.version === undefined) {
    throw new CliError(`${address.text} answers over TLS, but it is not a Berth server`, {
      fix: "On the server, berth status shows the API's port, and berth token create prints the whole line",
    });
  }
  const authority = shown.chain.find((one) => fingerprint(one) === caHash);
  if (!authority) throw wrongAuthority(address, caHash, shown.chain.at(-1));
  const ca = pemOf(authority);
  await verifyWith(ca, address, options).catch((error: unknown) => {
    throw error instanceof ProbeError ? unverified(address, error, shown.chain[0]) : error;
  });
  return { ca, version: shown.version };
}

function wrongAuthority({ text }: ServerAddress, caHash: string, last: Buffer | undefined): CliError {
  const shown = last ? `it shows ${fingerprint(last).slice(0, 16)}…` : 'it shows none';
  return new CliError(
    `${text} is not the server that this token is of: the token names the authority ${caHash.slice(0, 16)}…, ${shown}`,
    {
      fix: `The token may be of another cluster, or of this one before it was made anew; or somebody is between you and the
  server. Nothing was sent to it. Print a new line on the server itself: berth token create`,
    },
  );
}

/** What a person should do about each way in which a server cannot be reached. */
export function unreachable({ host, port, text }: ServerAddress, { code, message, cause }: ProbeError): CliError {
  const error = (what: string, fix: string): CliError => new CliError(what, { fix, cause });
  switch (code) {
    case 'ECONNREFUSED':
      return error(
        `nothing listens at ${text}`,
        'Is the cluster up, and the port right? See on the server: berth status',
      );
    case 'ETIMEDOUT':
      return error(
        `${text} does not answer`,
        `Is the address right? A firewall may be in between: on the server, allow TCP port ${port} from this machine`,
      );
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return error(
        `there is no route to ${host}`,
        `Check the address, and this machine's network: ip route get ${host}`,
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return error(
        `the name ${host} cannot be resolved on this machine`,
        "Use the server's IP address, or see to it that this machine can resolve the name",
      );
    case 'NO_TLS':
      return error(
        `${text} answers, but not with TLS: it is not a Berth server`,
        "That port belongs to something else. On the server, berth status shows the API's port",
      );
    case 'SILENT':
      return error(
        `${text} takes connections but says nothing`,
        'It is not a Berth server, or it hangs: see on the server: berth status',
      );
    default:
      return error(
        `${text} cannot be reached: ${message}`,
        'See on the server whether the cluster is up: berth status',
      );
  }
}

/** The authority is right, and yet the connection may not be trusted. `leaf` is the server's own certificate. */
export function unverified(
  { host, text }: ServerAddress,
  { code, message, cause }: ProbeError,
  leaf?: Buffer,
): CliError {
  const error = (what: string, fix: string): CliError => new CliError(what, { fix, cause });
  const certificate = leaf && new X509Certificate(leaf);
  switch (code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return error(
        `the server's certificate is not for ${host}, but for ${certificate?.subjectAltName ?? 'nothing'}`,
        `Use one of those, or on the server, give it this name too: berth up --api-name ${host}`,
      );
    case 'CERT_NOT_YET_VALID':
      return error(
        `by this machine's clock the server's certificate is not valid before ${certificate?.validFrom}`,
        'Set the clocks of both machines; timedatectl shows whether they are synchronized',
      );
    case 'CERT_HAS_EXPIRED':
      return error(
        `by this machine's clock the server's certificate has expired (${certificate?.validTo})`,
        'Set the clocks of both machines. If they are right, restart the server: it renews its certificate',
      );
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_SIGNATURE_FAILURE':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return error(
        `${text} shows the right authority, but its own certificate is not from there: somebody may be in between`,
        'Nothing was sent to it. Check the address, and that nothing terminates TLS on the way',
      );
    default:
      return error(`${text} cannot be trusted: ${message}`, 'Nothing was sent to it');
  }
}
