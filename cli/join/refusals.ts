import { StatusError } from '#api/status-error.ts';
import { CertificateError } from '#client/certificates/obtain.ts';
import { CliError } from '../command.ts';
import type { ServerAddress } from './server-address.ts';

/** What the right server said against this machine's joining, with what to do about it. Other errors stay as they are. */
export function explainRefusal(error: unknown, address: ServerAddress, nodeName: string): unknown {
  const refusal = (message: string, fix: string): CliError => new CliError(message, { fix, cause: error });
  if (error instanceof CertificateError) {
    if (error.why === 'timeout') {
      return refusal(`${address.text} gave no certificate: ${error.message}`, 'See on the server: berth status');
    }
    return refusal(
      `${address.text} refused a certificate for node ${nodeName}: ${error.message}`,
      error.reason === 'NotItsAddress'
        ? `If ${nodeName} is this machine's former self, on the server: berth node remove ${nodeName}. If its address is another one: berth join … --node-address ADDRESS`
        : `Choose another name: berth join … --node-name NAME. If the machine that has it is gone, on the server: berth node remove ${nodeName}`,
    );
  }
  if (!(error instanceof StatusError)) return error;
  if (error.code === 401) {
    return refusal(
      `${address.text} does not take the token: it is wrong, has ended, or was revoked`,
      'Print a new line on the server: berth token create. berth token ls shows those that are good',
    );
  }
  if (error.code === 404) {
    return refusal(
      `${address.text} is no Berth server, or it has not finished its start: ${error.message}`,
      'See on the server: berth status, and try again',
    );
  }
  if (error.code >= 500) {
    return refusal(`${address.text} cannot answer: ${error.message}`, 'See on the server: berth status, and try again');
  }
  return refusal(`${address.text} refuses: ${error.message}`, 'Print a new line on the server: berth token create');
}
