import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { GatheredBytes, TLS_GROUPS } from '@sallyport/core';
import { safeLookup } from '@sallyport/gateway';

const POST_MS = 10_000;
const ANSWER_BYTES_MAX = 256 * 1024;

/** What was answered. */
export interface PostAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/**
 * Posts to one place, whose address is looked up and checked each time; nothing is followed elsewhere.
 * @param allowPrivate whether private addresses are let through
 * @throws Error where nobody answers in time, CodedError `upstream-refused-address`
 */
export function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  allowPrivate: boolean,
): Promise<PostAnswer> {
  return new Promise((done, fail) => {
    const ask = url.startsWith('https:') ? tlsRequest : plainRequest;
    const req = ask(
      url,
      {
        method: 'POST',
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        lookup: safeLookup(url, allowPrivate),
        // All of it: what trickles in would begin an idle time again and again.
        signal: AbortSignal.timeout(POST_MS),
        ...(url.startsWith('https:') ? { ecdhCurve: TLS_GROUPS } : {}),
      },
      (res) => {
        const gathered = new GatheredBytes();
        res.on('data', (piece: Buffer) => {
          if (gathered.bytes + piece.length > ANSWER_BYTES_MAX)
            res.destroy(new Error('the answer is too long'));
          else gathered.push(piece);
        });
        res.on('end', () =>
          done({
            status: res.statusCode ?? 0,
            type: res.headers['content-type'] ?? '',
            text: gathered.whole().toString(),
          }),
        );
        res.on('error', fail);
      },
    );
    req.on('error', (fault) =>
      fail(fault.name === 'AbortError' ? new Error('no answer in time', { cause: fault }) : fault),
    );
    // Node tells of no error where the other side changes the protocol, nor does the time limit end such a request.
    req.on('upgrade', (_, socket) => {
      socket.destroy();
      fail(new Error('the answer changes the protocol'));
    });
    req.end(body);
  });
}
