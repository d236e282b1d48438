import { createServer } from 'node:net';
import { CodedError, type Config } from '@sallyport/core';

/** Listens for a moment without sharing: a port that another server shares would otherwise be shared with it unnoticed. */
export function probePort(config: Config): Promise<void> {
  const { host, port } = config.gateway;
  if (port === 0) return Promise.resolve();
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.on('error', (error: Error & { code?: string }) =>
      fail(listenFault({ code: error.code ?? '', message: error.message }, config)),
    );
    probe.listen({ host, port }, () => probe.close(() => done()));
  });
}

/** What is wrong with a port, in words. */
export function listenFault(message: { code: string; message: string }, config: Config): CodedError {
  const place = `${config.gateway.host}:${config.gateway.port}`;
  if (message.code === 'EADDRINUSE')
    return new CodedError(
      'address-in-use',
      `port ${place} of the gateway is taken; choose another with --gateway-port`,
    );
  return new CodedError('config-invalid', `the gateway cannot listen on ${place}: ${message.code}`);
}
