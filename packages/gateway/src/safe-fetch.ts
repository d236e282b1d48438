import { madeOnce, TLS_GROUPS } from '@sallyport/core';
import { type CertificatePin, pinnedIdentity } from './certificate-pin.ts';
import { checkedLookup, safeLookup } from './safe-lookup.ts';

const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 1024 * 1024;

/**
 * Fetches from addresses that configuration names, safely: what a name resolves to is checked and is what is connected
 * to, redirects are not followed, answers are bounded in time and size.
 * @param answerBytesMax -1 where whoever reads the answer bounds it
 */
export function safeFetch(
  allowPrivate: boolean,
  pin: CertificatePin | null = null,
  answerBytesMax = ANSWER_BYTES_MAX,
): typeof fetch {
  // Loaded at the first use: an installation that fetches nothing needs none of it in this thread.
  const loaded = madeOnce(() => loadFetching(allowPrivate, pin, answerBytesMax));
  return (async (input: string | URL | Request, init: RequestInit = {}) => {
    const url = input instanceof Request ? input.url : String(input);
    // Refuses an address that stands in the URL itself, which nothing resolves.
    safeLookup(url, allowPrivate);
    const { plainFetch, Answer, agent } = await loaded();
    // Over all of it: what trickles in would begin an idle time again and again.
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new Error('no answer in time')), TIMEOUT_MS).unref();
    const signal = AbortSignal.any([late.signal, ...(init.signal ? [init.signal] : [])]);
    const answer = await plainFetch(url, {
      ...(init as object),
      redirect: 'manual',
      dispatcher: agent,
      signal,
    });
    if (answerBytesMax === -1) clearTimeout(timer);
    return answerBytesMax === -1 || answer.body === null
      ? answer
      : new Answer(bounded(answer.body, answerBytesMax), answer);
  }) as unknown as typeof fetch;
}

/** Lets so many bytes pass. What is compressed comes unpacked: a few thousand bytes on the wire may be gigabytes. */
async function* bounded(body: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.byteLength;
    if (bytes > bytesMax) throw new Error('the answer is too long');
    yield piece;
  }
}

interface Fetching {
  readonly plainFetch: typeof import('undici')['fetch'];
  readonly Answer: typeof import('undici')['Response'];
  readonly agent: import('undici').Agent;
}

async function loadFetching(
  allowPrivate: boolean,
  pin: CertificatePin | null,
  answerBytesMax: number,
): Promise<Fetching> {
  const { Agent, Response: Answer, fetch: plainFetch } = await import('undici');
  const agent = new Agent({
    connect: {
      lookup: checkedLookup(allowPrivate) as never,
      timeout: TIMEOUT_MS,
      ecdhCurve: TLS_GROUPS,
      ...(pin === null ? {} : { checkServerIdentity: pinnedIdentity(pin) }),
    },
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
    maxResponseSize: answerBytesMax,
  });
  return { plainFetch, Answer, agent };
}
