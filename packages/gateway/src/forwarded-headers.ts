import type { IncomingHttpHeaders } from 'node:http';
import type { Exchange } from './exchange.ts';
import { EXCHANGE_HEADER } from './respond.ts';

/** Request headers that mean something to an AI system; all others stay here, credentials first of all. */
const FORWARDED = [
  'content-type',
  'accept',
  'openai-beta',
  'anthropic-version',
  'anthropic-beta',
  'idempotency-key',
  'traceparent',
  'tracestate',
] as const;
/** Answer headers that mean something to a caller. */
const RETURNED = [
  'content-type',
  'retry-after',
  'openai-processing-ms',
  'openai-version',
  'x-request-id',
  'request-id',
] as const;

/** Headers of the call to the AI system, with its own credential. */
export function upstreamHeaders(exchange: Exchange): Record<string, string> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity', 'user-agent': 'sallyport' };
  for (const name of FORWARDED) {
    const value = exchange.req.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  if (!exchange.bodyChanged && typeof exchange.req.headers['content-encoding'] === 'string') {
    headers['content-encoding'] = exchange.req.headers['content-encoding'];
  }
  if (exchange.trace) headers['traceparent'] = `00-${exchange.trace.id}-${exchange.trace.span}-01`;
  const { apiKey } = exchange.system!;
  return apiKey === null ? headers : { ...headers, ...exchange.dialect.credential(apiKey) };
}

/** First value of a header. */
export const header = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
};

/** Headers of an AI system's answer that go on to the caller. */
export function returnedHeaders({ id }: Exchange, headers: IncomingHttpHeaders): Record<string, string> {
  const out: Record<string, string> = { [EXCHANGE_HEADER]: id };
  for (const name of RETURNED) {
    const value = header(headers, name);
    if (value !== undefined) out[name] = value;
  }
  return out;
}
