import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { CodedError, type Config, type ListenerTls } from '@sallyport/core';
import { classifyAddress } from '@sallyport/gateway';

type Listener = Config['gateway'];

/** Whether a host can only be reached from this machine. */
export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' ||
    (isIP(host) !== 0 && (host.startsWith('127.') || host === '::1') && classifyAddress(host) === 'private')
  );
}

/** Certificate and key of a listener, or null for plain HTTP on loopback. @throws CodedError `tls-required`, `config-invalid` */
export function readTls(listener: Listener, name: string): ListenerTls | null {
  if (!listener.tls) {
    if (!isLoopback(listener.host))
      throw new CodedError(
        'tls-required',
        `\`${name}.host\` is \`${listener.host}\`: an address other than loopback needs \`${name}.tls\``,
      );
    return null;
  }
  try {
    const { certFile, keyFile, clientCaFile, clientCertificate } = listener.tls;
    return {
      cert: readFileSync(certFile, 'utf8'),
      key: readFileSync(keyFile, 'utf8'),
      ...(clientCaFile === undefined
        ? {}
        : {
            clients: { ca: readFileSync(clientCaFile, 'utf8'), required: clientCertificate === 'required' },
          }),
    };
  } catch (cause) {
    throw new CodedError('config-invalid', `\`${name}.tls\`: a file cannot be read`, { cause });
  }
}
