import type { IncomingMessage } from 'node:http';
import { CodedError, type DialectName, type SystemSnapshot, tableOf } from '@sallyport/core';
import type { Exchange } from './exchange.ts';

/** A header that goes on to the AI system: the form that its value must have, and what happens to any other. */
interface Forwarded {
  readonly form: RegExp;
  /** `drop` where the call means the same without it. */
  readonly otherwise: 'drop' | 'refuse';
}

const LIST = /^[a-z0-9][a-z0-9.=_-]{0,63}(?: ?, ?[a-z0-9][a-z0-9.=_-]{0,63}){0,31}$/i;
const COMMON: Readonly<Record<string, Forwarded>> = tableOf({
  accept: {
    form: /^[a-z*]{1,16}\/[a-z0-9*.+-]{1,64}(?: ?[,;] ?[a-z0-9*.+/=-]{1,64}){0,7}$/i,
    otherwise: 'drop',
  },
  traceparent: { form: /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/, otherwise: 'drop' },
  tracestate: {
    form: /^[a-z0-9][\w*/@-]{0,240}=[\w.:;/+~=-]{1,256}(?: ?, ?[a-z0-9][\w*/@-]{0,240}=[\w.:;/+~=-]{1,256}){0,31}$/,
    otherwise: 'drop',
  },
  'idempotency-key': { form: /^[\w.:-]{1,128}$/, otherwise: 'refuse' },
});
/** What goes on, by dialect; every other header stays here, credentials first of all. */
const FORWARDED: Readonly<Record<DialectName, Readonly<Record<string, Forwarded>>>> = {
  openai: { ...COMMON, 'openai-beta': { form: LIST, otherwise: 'refuse' } },
  anthropic: {
    ...COMMON,
    'anthropic-version': { form: /^\d{4}-\d{2}-\d{2}$/, otherwise: 'refuse' },
    'anthropic-beta': { form: LIST, otherwise: 'refuse' },
  },
  ollama: COMMON,
  oip: COMMON,
};
/** Characters of one header that goes on. */
const VALUE_MAX = 2_048;
/** Headers of which there may be one. */
const SINGLE = ['content-type', 'content-encoding', 'content-length', 'idempotency-key', 'anthropic-version'];

/** What a header location is called in detections: no JSON pointer begins so. */
export const headerPointer = (name: string): string => `header-${name}`;

/**
 * The headers of a request that go on, once they have been judged.
 * @throws CodedError `header-invalid` for a header that the AI system would act on and that is not of its form
 */
export function forwardedHeaders(req: IncomingMessage, dialect: DialectName): Map<string, string> {
  const headers = new Map<string, string>();
  for (const [name, { form, otherwise }] of Object.entries(FORWARDED[dialect])) {
    const value = req.headers[name];
    if (typeof value !== 'string') continue;
    if (value.length <= VALUE_MAX && form.test(value)) headers.set(name, value);
    else if (otherwise === 'refuse')
      throw new CodedError('header-invalid', `the header \`${name}\` is not of the form that it has`);
  }
  return headers;
}

/** Plain text, as headers that some system asks for may hold. */
const PLAIN = /^[\x20-\x7e]{1,2048}$/;

/** Lets headers go on that a system asks for by name; what is no plain text stays here. */
export function forwardHeadersOf({ req, forwarded }: Exchange, { forward }: SystemSnapshot['headers']): void {
  for (const name of forward) {
    const value = req.headers[name];
    if (typeof value === 'string' && PLAIN.test(value) && !forwarded.has(name)) forwarded.set(name, value);
  }
}

/** Refuses a request that says twice what can be said once: two readers could take another each. */
export function refuseRepeated(req: IncomingMessage): void {
  const seen = new Set<string>();
  for (let i = 0; i < req.rawHeaders.length; i += 2) {
    const name = req.rawHeaders[i]!.toLowerCase();
    if (!SINGLE.includes(name)) continue;
    if (seen.has(name)) throw new CodedError('header-invalid', `send the header \`${name}\` once`);
    seen.add(name);
  }
}

/** Whether a content type is JSON in UTF-8, as RFC 8259 has it. */
export function isJsonType(type: string): boolean {
  const [media = '', ...parameters] = type.split(';').map((part) => part.trim().toLowerCase());
  if (!/^application\/(?:[\w.-]{1,64}\+)?json$/.test(media)) return false;
  return parameters.every((one) => !one.startsWith('charset') || /^charset="?utf-?8"?$/.test(one));
}

/** Headers of the request to the AI system. Bodies go on as they were read: decompressed, in UTF-8. */
export function upstreamHeaders(exchange: Exchange): Record<string, string> {
  const { system, dialect, operation, forwarded, trace } = exchange;
  const headers: Record<string, string> = {
    'accept-encoding': 'identity',
    'user-agent': 'sallyport',
    ...(operation!.method === 'POST' && { 'content-type': 'application/json' }),
    ...Object.fromEntries(forwarded),
    ...system!.headers.set,
  };
  if (trace) headers['traceparent'] = `00-${trace.id}-${trace.span}-01`;
  return system!.apiKey === null ? headers : { ...headers, ...dialect.credential(system!.apiKey) };
}
