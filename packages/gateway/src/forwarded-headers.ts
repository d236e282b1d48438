import type { IncomingHttpHeaders } from 'node:http';
import type { SystemSnapshot } from '@sallyport/core';
import { saysCredential } from './credential.ts';
import type { Deps, Exchange } from './exchange.ts';
import { requestOf } from './inspection.ts';
import { inspectTexts } from './leaked-keys.ts';
import { EXCHANGE_HEADER } from './respond.ts';

/** By what an AI system, or what stands before it, knows a call. */
const ID = /^[\w.:-]{1,128}$/;
/** Answer headers that mean something to a caller, and the form that their values have. */
const RETURNED = [
  ['content-type', /^[a-z]{1,16}\/[a-z0-9.+-]{1,64}/i],
  ['retry-after', /^[\w ,:+-]{1,40}$/],
  ['retry-after-ms', /^\d{1,12}$/],
  ['x-should-retry', /^(?:true|false)$/],
  ['openai-processing-ms', /^\d{1,12}$/],
  ['openai-version', /^\d{4}-\d{2}-\d{2}$/],
  ['x-request-id', ID],
  ['request-id', ID],
  ['apim-request-id', ID],
  ['x-ms-request-id', ID],
  ['x-amzn-requestid', ID],
  ['x-generation-id', ID],
  ['mistral-correlation-id', ID],
  ['cf-ray', ID],
] as const;
/** Limits of rate, under the names that providers use. */
const RATE_WORD = '(?:[a-z]{1,20}(?:_[a-z]{1,16}){0,2}|\\d{1,2}[a-z]{1,3})';
const RATE = new RegExp(`^(?:x-rate-?limit|anthropic-ratelimit|ratelimit)(?:-${RATE_WORD}){1,5}$`);
const RATE_VALUE = /^(?:[\d.:TZmshd+-]{1,40}|allowed|allowed_warning|rejected|throttled|standard|overage)$/;
const RATES_MAX = 32;
/** Shortest value that may be a part of a credential. */
const LONG_MIN = 6;

/** First value of a header. */
export const header = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
};

/** How a credential may stand in a header: as it is, in hexadecimal or base64, or backwards. */
function formsOf(credential: string): string[] {
  const bytes = Buffer.from(credential);
  const plain = [credential, bytes.toString('hex'), bytes.toString('base64url')];
  plain.push(bytes.toString('base64').replaceAll('=', ''));
  return [...plain, ...plain.map((one) => [...one].reverse().join(''))].map((one) => one.toLowerCase());
}

/** The forms of each system's credential, worked out once for each state that the worker is given. */
const known = new WeakMap<SystemSnapshot, readonly string[]>();

function credentialForms(system: SystemSnapshot | null): readonly string[] {
  if (!system?.apiKey) return [];
  let forms = known.get(system);
  if (!forms) {
    forms = formsOf(system.apiKey);
    known.set(system, forms);
  }
  return forms;
}

/** Whether one of these texts says the credential, or most of it, in one of its forms. */
const saysAny = (texts: readonly string[], forms: readonly string[]): boolean =>
  texts.some((text) => forms.some((one) => saysCredential(text.toLowerCase(), one)));

/** Values of headers put together, as whoever reads them may: in order, the other way round, and any two that are long enough. */
function joined(values: readonly string[]): string[] {
  const long = values.filter(({ length }) => length >= LONG_MIN);
  const pairs = long.flatMap((one, i) => long.flatMap((other, j) => (i === j ? [] : [one + other])));
  return [values.join(''), [...values].reverse().join(''), ...pairs];
}

/** Whether values of headers hold a secret or a canary; also where that cannot be said at once. */
function holdsSecret(exchange: Exchange, deps: Deps, values: readonly string[]): boolean {
  if (values.length === 0) return false;
  const { canaries } = requestOf(exchange.system!, true);
  const found = inspectTexts(
    exchange,
    deps,
    ['\n', ''].map((between, n) => ({
      text: values.join(between),
      pointer: `header${n}`,
      channel: 'output',
      only: 'secrets',
      ...(canaries && { canaries }),
    })),
  );
  if (!(found instanceof Promise)) return found.length > 0;
  // Nothing waits for it: were it to fail unheard, the worker would end.
  found.catch(() => {});
  return true;
}

/**
 * Headers of an AI system's answer that go on to the caller: those of the form they have, never with the provider's
 * credential, and only that it is JSON where they hold a secret or a canary.
 */
export function returnedHeaders(
  exchange: Exchange,
  deps: Deps,
  headers: IncomingHttpHeaders,
): Record<string, string> {
  const { id, system } = exchange;
  const out: Record<string, string> = {};
  const forms = credentialForms(system);
  const pass = (name: string, value: string | undefined, form: RegExp): void => {
    const own = value === undefined ? null : form.exec(value);
    if (own && !saysAny([own[0]], forms)) out[name] = own[0];
  };
  for (const [name, form] of RETURNED) pass(name, header(headers, name), form);
  const rates = Object.keys(headers).filter((name) => RATE.test(name));
  for (const name of rates.slice(0, RATES_MAX)) pass(name, header(headers, name), RATE_VALUE);
  const values = Object.values(out);
  if (system && (saysAny(joined(values), forms) || holdsSecret(exchange, deps, values))) {
    const typed = out['content-type'] !== undefined;
    return { [EXCHANGE_HEADER]: id, ...(typed && { 'content-type': 'application/json' }) };
  }
  return { ...out, [EXCHANGE_HEADER]: id };
}
