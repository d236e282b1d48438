import { lookup as resolve } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { bareHost, CodedError } from '@sallyport/core';
import { classifyAddress } from './address.ts';

/** Whether an address may be connected to for this system. */
export function permitted(address: string, allowPrivate: boolean): boolean {
  const kind = classifyAddress(address);
  return kind === 'public' || (kind === 'private' && allowPrivate);
}

type LookupCallback = (error: Error | null, address?: unknown, family?: number) => void;

/** Resolves, checks and hands over in one step: the address that was checked is the one connected to. */
export function checkedLookup(allowPrivate: boolean) {
  return (host: string, options: object, callback: LookupCallback): void => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error);
      const good = addresses.filter(({ address }) => permitted(address, allowPrivate));
      if (good.length === 0) {
        return callback(
          Object.assign(new CodedError('upstream-refused-address'), { code: 'upstream-refused-address' }),
        );
      }
      if ((options as { all?: boolean }).all) return callback(null, good);
      callback(null, good[0]!.address, good[0]!.family);
    });
  };
}

/**
 * How to resolve a configured address safely, for connections that are not made here.
 * @throws CodedError `upstream-refused-address` when the URL names a refused address itself
 */
export function safeLookup(url: string, allowPrivate: boolean): LookupFunction {
  const host = bareHost(new URL(url));
  if (isIP(host) !== 0 && !permitted(host, allowPrivate)) throw new CodedError('upstream-refused-address');
  return checkedLookup(allowPrivate) as never;
}
