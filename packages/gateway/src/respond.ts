import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { type CodedError, ERRORS, type ErrorCode, type Outcome } from '@sallyport/core';
import type { DialectError } from '@sallyport/models';
import { callerMessage, type Deps, type Exchange, mark } from './exchange.ts';
import { recordDenial } from './record.ts';

/** Header that names the exchange in the record, on every answer. */
export const EXCHANGE_HEADER = 'x-sallyport-exchange';

/** Headers in which SDKs look for the id of a request: those of OpenAI and of Anthropic. */
export const REQUEST_ID_HEADERS = ['x-request-id', 'request-id'] as const;

/** An error in the caller's dialect. */
export const dialectError = ({ id }: Exchange, code: ErrorCode, message?: string): DialectError => ({
  code,
  status: ERRORS[code].status,
  message: callerMessage(code, id, message),
  exchange: id,
});

/** Sends an error and closes the exchange's answer. */
export function sendError(exchange: Exchange, error: DialectError, headers: OutgoingHttpHeaders = {}): void {
  const { res, req } = exchange;
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  const body = Buffer.from(exchange.dialect.errorBody(error));
  // A body that was not read to its end must not be taken for the next request.
  const whole = req.complete;
  if (!whole) res.shouldKeepAlive = false;
  res.writeHead(error.status, {
    'content-type': 'application/json',
    'content-length': body.length,
    [EXCHANGE_HEADER]: exchange.id,
    ...headers,
  });
  if (whole) return void res.end(body);
  res.write(body);
  linger(req, res);
}

/** How long, and how much, the rest of a refused body is thrown away: who is cut off while sending reads no answer. */
const LINGER_MS = 2_000;
const LINGER_BYTES_MAX = 16 * 1024 * 1024;
const lingering = new WeakSet<ServerResponse>();

/** Whether an answer is complete, and its connection ends by itself once the caller has stopped sending. */
export const isLingering = (res: ServerResponse): boolean => lingering.has(res);

function linger(req: IncomingMessage, res: ServerResponse): void {
  lingering.add(res);
  let bytes = 0;
  const end = (): void => {
    clearTimeout(timer);
    res.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  req.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > LINGER_BYTES_MAX) end();
  });
  req.once('end', end);
  req.once('close', end);
  req.resume();
}

/** Whether an answer has no reader any more; one that waits for those asked for earlier is not told that. */
const isGone = (res: ServerResponse): boolean => res.destroyed || res.req.socket.destroyed;

/** Does something after a time in which a reader could take more of an answer: not before those asked for earlier. */
function afterIdle(res: ServerResponse, idleMs: number, act: () => void): () => void {
  const look = (): void => {
    if (res.socket === null && !isGone(res)) timer = setTimeout(look, idleMs);
    else act();
  };
  let timer = setTimeout(look, idleMs);
  return () => clearTimeout(timer);
}

/** Waits until a reader takes more, or is gone. @returns false where it took nothing for too long */
export function drained(res: ServerResponse, idleMs: number): Promise<boolean> {
  return new Promise((done) => {
    const finish = (taken: boolean): void => {
      stop();
      res.off('drain', goOn);
      res.off('close', goOn);
      done(taken);
    };
    const goOn = (): void => finish(true);
    const stop = afterIdle(res, idleMs, () => finish(false));
    res.on('drain', goOn);
    res.on('close', goOn);
  });
}

/** Bytes of an answer that are handed over at a time: a reader must take as many within its time. */
const PIECE_BYTES = 64 * 1024;

/** Sends a whole answer and ends it, no faster than it is read; cuts off a reader that takes nothing for too long. */
export async function sendWhole({ res, reservation }: Exchange, deps: Deps, body: Buffer): Promise<void> {
  const { idleMs } = deps.state().settings.deadlines;
  let leave: (() => void) | null = null;
  let at = 0;
  for (; !res.destroyed && body.length - at > PIECE_BYTES; at += PIECE_BYTES) {
    if (res.write(body.subarray(at, at + PIECE_BYTES))) continue;
    leave ??= deps.counters.hold(reservation!);
    if (!(await drained(res, idleMs))) res.destroy();
  }
  leave?.();
  if (!res.destroyed) res.end(at === 0 ? body : body.subarray(at));
}

/** Whether an answer has ended, and part of it still waits for its reader. */
export const isUnread = (res: ServerResponse): boolean =>
  res.writableEnded && !res.writableFinished && res.socket?.writableLength !== 0 && !isGone(res);

/** Waits until a reader has taken an answer that has ended, or is gone; cuts off one that does not for too long. */
export function taken(res: ServerResponse, idleMs: number): Promise<void> {
  return new Promise((done) => {
    const { socket } = res.req;
    const finish = (): void => {
      stop();
      res.off('finish', finish);
      socket.off('close', finish);
      done();
    };
    const stop = afterIdle(res, idleMs, () => {
      socket.destroy();
      finish();
    });
    res.on('finish', finish);
    socket.on('close', finish);
  });
}

/** What kind of ending a code is. */
export function outcomeOf(code: ErrorCode): Outcome {
  if (code === 'client-aborted') return 'aborted';
  if (code === 'upstream-timeout') return 'timeout';
  if (code.startsWith('upstream-')) return 'upstream-error';
  if (code === 'internal' || code === 'inspection-failed' || code === 'record-unavailable') return 'failed';
  return 'denied';
}

/** When to come back, where a fault says so. */
export const comeBack = ({ retryAfterSeconds }: CodedError): OutgoingHttpHeaders =>
  retryAfterSeconds === null ? {} : { 'retry-after': String(retryAfterSeconds) };

/** Refuses a call before anything was forwarded: recorded first, then answered. */
export async function refuse(exchange: Exchange, deps: Deps, fault: CodedError): Promise<void> {
  if (exchange.ended) return;
  exchange.ended = true;
  if (exchange.reservation) deps.counters.settle(exchange.reservation, 0, 0);
  mark(exchange, 'refuse');
  let code = fault.code;
  let message: string | undefined = fault.message;
  const outcome = outcomeOf(code);
  const early = exchange.reservation === null;
  const counted = early && deps.countRefusal(exchange.key?.id ?? null, exchange.address);
  try {
    if (!counted) await recordDenial(exchange, deps, outcome, fault.status, code);
  } catch {
    code = 'record-unavailable';
    message = undefined;
  }
  deps.stats.ended(exchange.system?.name ?? null, outcome, code, exchange.timingsMs);
  const headers = comeBack(fault);
  if (code === 'record-unavailable' || code === 'overloaded' || code === 'draining')
    headers['retry-after'] = '1';
  sendError(exchange, dialectError(exchange, code, message), headers);
}
