import { readFileSync } from 'node:fs';
import { CodedError, type Config, isLoopback, type ListenerTls } from '@sallyport/core';

type Listener = Config['gateway'];

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
