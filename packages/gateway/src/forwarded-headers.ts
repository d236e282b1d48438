import type { IncomingHttpHeaders } from 'node:http';
import type { Exchange } from './exchange.ts';
import { EXCHANGE_HEADER } from './respond.ts';

/** Answer headers that mean something to a caller. */
const RETURNED = [
  'content-type',
  'retry-after',
  'openai-processing-ms',
  'openai-version',
  'x-request-id',
  'request-id',
] as const;

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
