import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { bareHost, CodedError, TLS_GROUPS } from '@sallyport/core';
import { checkedLookup } from './safe-lookup.ts';

/** What a proxy may say before the tunnel. */
const HEAD_BYTES_MAX = 16 * 1024;

const fault = (what: string, cause?: unknown): Error =>
  // Nothing was sent to the system: the next address may be tried.
  Object.assign(new CodedError('upstream-unreachable', what, { cause }), { unsent: true });

/**
 * Opens a connection to a host through a proxy (RFC 9110, section 9.3.6). The proxy resolves the name.
 * @param ca trusted where the proxy is reached over TLS
 * @param done called once, with the connection or with `upstream-unreachable`
 */
export function openTunnel(
  proxy: string,
  target: { readonly host: string; readonly port: number },
  { ca, timeoutMs }: { readonly ca: string[] | undefined; readonly timeoutMs: number },
  done: (error: Error | null, socket: Socket | null) => void,
): void {
  const url = new URL(proxy);
  const { protocol, port, username, password } = url;
  const host = bareHost(url);
  const secure = protocol === 'https:';
  const at = { host, port: Number(port || (secure ? 443 : 80)), lookup: checkedLookup(true) as never };
  const socket = secure
    ? connectTls({ ...at, servername: host, ecdhCurve: TLS_GROUPS, ...(ca && { ca }) })
    : connect(at);
  let head = '';
  const end = (error: Error | null): void => {
    clearTimeout(timer);
    socket.removeListener('data', read).removeListener('error', failed).removeListener('close', closed);
    if (error) socket.on('error', () => {}).destroy();
    done(error, error ? null : socket);
  };
  const timer = setTimeout(() => end(fault('the proxy took no connection in time')), timeoutMs);
  const failed = (cause: Error): void => end(fault('no connection to the proxy could be made', cause));
  const closed = (): void => end(fault('the proxy closed the connection'));
  const read = (chunk: Buffer): void => {
    head += chunk.toString('latin1');
    const over = head.indexOf('\r\n\r\n');
    if (over < 0) {
      if (head.length > HEAD_BYTES_MAX) end(fault('the proxy answered with nothing that is HTTP'));
      return;
    }
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
    if (status === undefined) return end(fault('the proxy answered with nothing that is HTTP'));
    if (!status.startsWith('2')) return end(fault(`the proxy answered with ${status}`));
    // Who is called speaks only when spoken to.
    if (over + 4 < head.length) return end(fault('the proxy sent more than its answer'));
    end(null);
  };
  socket.on('data', read).on('error', failed).on('close', closed);
  const credentials =
    username === ''
      ? ''
      : `proxy-authorization: Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}\r\n`;
  const name = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
  socket.once(secure ? 'secureConnect' : 'connect', () =>
    socket.write(`CONNECT ${name} HTTP/1.1\r\nhost: ${name}\r\n${credentials}\r\n`),
  );
}
