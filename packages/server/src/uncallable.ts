import { isIP } from 'node:net';
import { bareHost } from '@sallyport/core';
import { classifyAddress } from '@sallyport/gateway';

/** Why no call would be made to some of these addresses, as far as they say it themselves; names are not looked up. */
export function uncallable(urls: readonly string[], allowPrivate: boolean): string[] {
  return urls.flatMap((url) => {
    const host = bareHost(new URL(url));
    const local = /^(?:.*\.)?localhost$/.test(host);
    if (!local && isIP(host) === 0) return [];
    const kind = local ? 'private' : classifyAddress(host);
    if (kind === 'forbidden') return [`${url} is link-local or reserved, and never called`];
    if (kind === 'private' && !allowPrivate)
      return [`${url} is a private address: if that is meant, allow it (\`allowPrivate\`, --allow-private)`];
    return [];
  });
}
