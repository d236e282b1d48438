import { tableOf } from '@sallyport/core';

/** The network an address is in: 24 bits of version 4, 48 of version 6. */
function network(address: string): string {
  if (!address.includes(':')) return `${address.split('.').slice(0, 3).join('.')}.0/24`;
  return `${address.split(':').slice(0, 3).join(':')}::/48`;
}

const YEAR = /(?:19|20)\d{2}/;
const DECADE = 10;

/** By kind, what of a value may stay. */
const WAYS: Readonly<Record<string, (value: string) => string | null>> = tableOf({
  email: (value) => `[E-MAIL at ${value.slice(value.indexOf('@') + 1)}]`,
  phone: (value) => {
    const country = /^(?:\+|00)(\d{1,3}?)(?=[ .(-])/.exec(value)?.[1];
    return country === undefined ? null : `[PHONE +${country}]`;
  },
  'credit-card': (value) => `[CARD ending ${value.replaceAll(/\D/g, '').slice(-4)}]`,
  iban: (value) => `[IBAN ${value.slice(0, 2).toUpperCase()}]`,
  'ip-address': (value) => `[NETWORK ${network(value)}]`,
  'mac-address': (value) => `[MAC ${value.slice(0, 8)}]`,
  'date-of-birth': (value) => {
    const year = YEAR.exec(value)?.[0];
    return year === undefined ? null : `[BORN ${year}]`;
  },
  date: (value) => YEAR.exec(value)?.[0] ?? null,
  age: (value) => {
    const from = Math.floor(Number(value) / DECADE) * DECADE;
    return Number.isNaN(from) ? null : `${from}–${from + DECADE - 1}`;
  },
  url: (value) => /^https?:\/\/[^/?#]+/i.exec(value)?.[0] ?? null,
});

/** A less exact word for a value, or null where its kind has none. @param technique such as `credit-card` */
export function generalise(technique: string, value: string): string | null {
  return WAYS[technique]?.(value) ?? null;
}
