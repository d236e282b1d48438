import type { IncomingHttpHeaders } from 'node:http';
import type { Exchange } from './exchange.ts';
import { EXCHANGE_HEADER } from './respond.ts';

/** Answer headers that mean something to a caller, and the form that their values have. */
const RETURNED = [
  ['content-type', /^[a-z]{1,16}\/[a-z0-9.+-]{1,64}/i],
  ['retry-after', /^[\w ,:+-]{1,40}$/],
  ['retry-after-ms', /^\d{1,12}$/],
  ['x-should-retry', /^(?:true|false)$/],
  ['openai-processing-ms', /^\d{1,12}$/],
  ['openai-version', /^\d{4}-\d{2}-\d{2}$/],
  ['x-request-id', /^[\w.:-]{1,128}$/],
  ['request-id', /^[\w.:-]{1,128}$/],
] as const;
/** Limits of rate, under the names that providers use. */
const RATE =
  /^(?:x-ratelimit|anthropic-ratelimit)-(?:[a-z]{1,16}-){0,3}(?:limit|remaining|reset|requests|tokens|status)$/;
const RATE_VALUE = /^[\d.:TZmsh+-]{1,40}$/;
const RATES_MAX = 24;

/** First value of a header. */
export const header = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
};

/** Headers of an AI system's answer that go on to the caller: those of the form they have, and never with our credential. */
export function returnedHeaders(
  { id, system }: Exchange,
  headers: IncomingHttpHeaders,
): Record<string, string> {
  const out: Record<string, string> = { [EXCHANGE_HEADER]: id };
  const credential = system?.apiKey ?? null;
  const pass = (name: string, value: string | undefined, form: RegExp): void => {
    const own = value === undefined ? null : form.exec(value);
    if (own && (credential === null || !own[0].includes(credential))) out[name] = own[0];
  };
  for (const [name, form] of RETURNED) pass(name, header(headers, name), form);
  const rates = Object.keys(headers).filter((name) => RATE.test(name));
  for (const name of rates.slice(0, RATES_MAX)) pass(name, header(headers, name), RATE_VALUE);
  return out;
}
