import type { IncomingMessage, ServerResponse } from 'node:http';
import { bareHost, isLoopback } from '@sallyport/core';

/** Headers of an answer that pages of other origins may read. */
const EXPOSED = [
  ...[
    'x-sallyport-exchange',
    'retry-after',
    'retry-after-ms',
    'x-should-retry',
    'x-request-id',
    'request-id',
  ],
  ...['limit', 'remaining', 'reset'].flatMap((what) =>
    ['requests', 'tokens'].flatMap((of) => [
      `x-ratelimit-${what}-${of}`,
      `anthropic-ratelimit-${of}-${what}`,
    ]),
  ),
].join(', ');
/** Seconds for which a browser remembers what it may send. */
const REMEMBERED = '600';
/** Names of headers, as a browser lists those that it wants to send. */
const HEADER_NAMES = /^[a-z0-9-]{1,64}(?: ?, ?[a-z0-9-]{1,64}){0,31}$/i;

/** What a browser may make of an answer, which may say what a model wrote: nothing to run, to show in a frame or to keep. */
const STRICT = [
  ['x-content-type-options', 'nosniff'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; sandbox"],
  ['referrer-policy', 'no-referrer'],
  ['cache-control', 'no-store'],
] as const;
/** A year over TLS and nothing else, for this host alone, as at the control plane. */
const TRANSPORT = 'max-age=31536000';

/** Sets the headers that every answer has, refusals too. @param tls whether the listener speaks it */
export function strictHeaders({ headers }: IncomingMessage, res: ServerResponse, tls: boolean): void {
  for (const [name, value] of STRICT) res.setHeader(name, value);
  const site = tls ? URL.parse(`https://${headers.host ?? ''}`) : null;
  // Not for names of this machine: what else listens here would have to speak TLS too.
  if (site && !isLoopback(bareHost(site))) res.setHeader('strict-transport-security', TRANSPORT);
}

/**
 * Answers what needs no key: whether the process lives (`/healthz`), whether calls are taken (`/readyz`), and what pages of
 * the allowed origins may send (CORS, Fetch standard section 3.2). It also tells browsers that those pages may read what
 * else is answered.
 * @param why calls are not taken; null where they are
 * @returns whether it answered
 */
export function answersOpenly(
  { method, url, headers }: IncomingMessage,
  res: ServerResponse,
  origins: readonly string[],
  why: string | null,
): boolean {
  const { origin } = headers;
  if (origins.length > 0) res.setHeader('vary', 'origin');
  const allowed = origin !== undefined && origins.includes(origin);
  if (allowed) {
    res.setHeader('access-control-allow-origin', origin);
    res.setHeader('access-control-expose-headers', EXPOSED);
  }
  if (method === 'OPTIONS' && allowed) {
    const asked = headers['access-control-request-headers'] ?? '';
    res.writeHead(204, {
      'access-control-allow-methods': 'GET, POST',
      ...(HEADER_NAMES.test(asked) && { 'access-control-allow-headers': asked }),
      'access-control-max-age': REMEMBERED,
    });
    res.end();
    return true;
  }
  if (method !== 'GET' || (url !== '/healthz' && url !== '/readyz')) return false;
  const ready = url === '/healthz' || why === null;
  const body = JSON.stringify({ status: url === '/healthz' ? 'ok' : (why ?? 'ready') });
  res.writeHead(ready ? 200 : 503, { 'content-type': 'application/json' });
  res.end(body);
  return true;
}
