import type { IncomingHttpHeaders } from 'node:http';
import { CodedError } from '@sallyport/core';
import type { DialectError } from '@sallyport/models';
import { decode } from './body.ts';
import { withoutCredential } from './credential.ts';
import type { Deps, Exchange } from './exchange.ts';
import { header } from './forwarded-headers.ts';
import { credentialOf } from './inspection.ts';
import { type JudgedAnswer, judgeAnswer } from './output-gate.ts';
import { dialectError } from './respond.ts';
import { shared } from './turns.ts';

/** An answer that came whole, as it came. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

/** Whether an AI system failed or refused. */
export const isRefusal = (status: number): boolean => status >= 400;

/** Status that says: the credential is none. It is ours, and the caller's own key is good. */
export const CREDENTIAL_REFUSED = 401;

/** A refusal in words of the dialect, with the status that it came with: of our credential, or one that cannot be read. */
export function refusalError(exchange: Exchange, status: number): DialectError {
  if (status !== CREDENTIAL_REFUSED)
    return {
      ...dialectError(exchange, 'upstream-error', `the AI system answered with status ${status}`),
      status,
    };
  const none =
    'the AI system wants a credential, and Sallyport has none for it; your API key is not the cause';
  return dialectError(
    exchange,
    'upstream-credential-refused',
    exchange.system!.apiKey === null ? none : undefined,
  );
}

/** Faults that say of an answer that it cannot be read. */
const UNREADABLE: ReadonlySet<string> = new Set(['upstream-invalid', 'upstream-too-large']);

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\b/i;

/** Some providers repeat the credential; it stays here in every mode. A short one may be a word of an answer. */
function own(exchange: Exchange, status: number, body: Buffer): Buffer | Promise<Buffer> {
  const system = exchange.system!;
  const credential = isRefusal(status) ? system.apiKey : credentialOf(system);
  return credential === null ? body : shared(body.length, withoutCredential(body, credential));
}

/** An answer as it goes out: on one line where a client may take each of its lines for an event. */
function asOne(exchange: Exchange, judged: JudgedAnswer): JudgedAnswer {
  const { framing } = exchange.dialect;
  if (!framing.bare) return judged;
  const text = judged.body.toString().trim();
  const line = framing.render('', text);
  return line === `${text}\n` ? judged : { ...judged, body: Buffer.from(line) };
}

/**
 * A complete answer, decompressed and judged; null where it is a refusal that cannot be read.
 * @throws CodedError `upstream-invalid` where it is none, and cannot be read
 */
export async function readAnswer(
  exchange: Exchange,
  deps: Deps,
  { status, headers, bytes }: RawAnswer,
): Promise<JudgedAnswer | null> {
  const { responseBytesMax } = deps.state().settings.limits;
  try {
    if (!isRefusal(status) && !JSON_TYPE.test(header(headers, 'content-type') ?? ''))
      throw new CodedError('upstream-invalid', 'the answer is of a type that cannot be inspected');
    const encoding = header(headers, 'content-encoding');
    const plain = await decode(bytes, encoding, responseBytesMax, 'upstream');
    if (plain !== bytes) exchange.holding!.answer(2 * (bytes.length + plain.length));
    return asOne(exchange, await judgeAnswer(exchange, deps, await own(exchange, status, plain), status));
  } catch (fault) {
    if (isRefusal(status) && fault instanceof CodedError && UNREADABLE.has(fault.code)) return null;
    throw fault;
  }
}
