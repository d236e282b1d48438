import { Agent, fetch as plainFetch } from 'undici';
import { checkedLookup, safeLookup } from './safe-lookup.ts';

const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 1024 * 1024;

/**
 * Fetches from addresses that configuration names, safely: what a name resolves to is checked and is what is connected
 * to, redirects are not followed, answers are bounded in time and size.
 */
export function safeFetch(allowPrivate: boolean): typeof fetch {
  const agent = new Agent({
    connect: { lookup: checkedLookup(allowPrivate) as never, timeout: TIMEOUT_MS },
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
    maxResponseSize: ANSWER_BYTES_MAX,
  });
  return (async (input: string | URL | Request, init: RequestInit = {}) => {
    const url = input instanceof Request ? input.url : String(input);
    // Refuses an address that stands in the URL itself, which nothing resolves.
    safeLookup(url, allowPrivate);
    return plainFetch(url, { ...(init as object), redirect: 'manual', dispatcher: agent });
  }) as unknown as typeof fetch;
}
