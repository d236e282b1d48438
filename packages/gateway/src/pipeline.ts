import type { IncomingMessage, ServerResponse } from 'node:http';
import { CodedError, NO_KINDS, type SystemSnapshot, toCodedError } from '@sallyport/core';
import { beginExchange, type Deps, type Exchange, mark, traced } from './exchange.ts';
import { Forwarding } from './forward.ts';
import { authenticate, authorise, inspectInput, limit, read, readPath, route } from './input-stages.ts';
import { recordIntent, recordOutcome, sealContent } from './record.ts';
import { EXCHANGE_HEADER, isLingering, isUnread, REQUEST_ID_HEADERS, refuse, taken } from './respond.ts';

/**
 * The one way a call can take. Every stage either completes or throws a {@link CodedError}; nothing goes round a
 * stage, and what throws before the intent is recorded was never forwarded.
 */
export async function serve(
  req: IncomingMessage,
  res: ServerResponse,
  deps: Deps,
  draining: boolean,
): Promise<void> {
  const exchange = beginExchange(req, res, deps.state().proxies);
  let admitted: string | null = null;
  deps.stats.inFlight++;
  try {
    readPath(exchange);
    // What SDKs show as the id of a request: ours, until an AI system has its own.
    for (const name of REQUEST_ID_HEADERS) res.setHeader(name, exchange.id);
    if (deps.state().settings.traces)
      exchange.trace = traced(req.headers['traceparent'] as string | undefined);
    authenticate(exchange, deps);
    if (draining) throw new CodedError('draining');
    // Each may need a connection to an AI system, and one caller may ask for many over one connection.
    const places = Math.min(deps.state().settings.limits.inFlightMax, deps.start.connectionsMax);
    deps.admission.enter(exchange.key!.id, places);
    admitted = exchange.key!.id;
    const { usageLimits } = exchange.key!;
    const { bodyBytesMax } = deps.state().settings.limits;
    exchange.holding = deps.memory.enter(admitted, usageLimits.concurrent, bodyBytesMax);
    route(exchange, deps);
    await read(exchange, deps);
    if (answersItself(exchange, deps)) return await listModels(exchange, deps);
    authorise(exchange, deps);
    deps.breaker.require(exchange.system!, exchange.key!.id);
    limit(exchange, deps);
    await inspectInput(exchange, deps);
    await recordIntent(exchange, deps);
    mark(exchange, 'record-intent');
    await deps.running.run(exchange, new Forwarding(exchange, deps), deps.state());
  } catch (fault) {
    await refuse(exchange, deps, toCodedError(fault));
  } finally {
    if (isUnread(res)) await unread(exchange, deps);
    deps.stats.inFlight--;
    if (admitted !== null) deps.admission.leave(admitted);
    release(exchange, deps);
  }
}

/** How long an answer is on its way to a reader who takes it. */
const ON_ITS_WAY_MS = 100;

/** While its reader has not taken all of an answer, a call holds what it held, and soon its places again. */
async function unread({ res, reservation }: Exchange, { counters, state }: Deps): Promise<void> {
  let leave: (() => void) | null = null;
  const timer = setTimeout(() => {
    if (reservation?.settled) leave = counters.hold(reservation);
  }, ON_ITS_WAY_MS);
  await taken(res, state().settings.deadlines.idleMs);
  clearTimeout(timer);
  (leave as (() => void) | null)?.();
}

/** However a call ended, what it held is free again; what it reserved and did not settle counts as used. */
function release(exchange: Exchange, { counters }: Deps): void {
  const { reservation, res, holding } = exchange;
  holding?.release();
  if (reservation) counters.settle(reservation, reservation.tokens, reservation.microUsd);
  // An answer that no one will end: its reader must not wait for it.
  if (!res.writableEnded && !isLingering(res)) res.destroy();
}

/** Systems of the key that speak the caller's dialect. */
const systemsOf = ({ key, dialect }: Exchange, deps: Deps): SystemSnapshot[] =>
  key!.systems.flatMap((name) => {
    const system = deps.state().systems.get(name);
    return system?.dialect === dialect.name ? [system] : [];
  });

/** The list of models of a key with several systems is the gateway's own to give, and so is what the list has of a system itself. */
function answersItself(exchange: Exchange, deps: Deps): boolean {
  const { operation, named, pathModel } = exchange;
  if (named !== null) return false;
  if (operation!.id === 'models.list') return true;
  return operation!.id === 'models.get' && systemsOf(exchange, deps).some(({ name }) => name === pathModel);
}

/** Lists, in the caller's dialect, what this key may ask for: names of systems and the models they are known to have; or says one of it. */
async function listModels(exchange: Exchange, deps: Deps): Promise<void> {
  const { operation, pathModel } = exchange;
  const one = operation!.id === 'models.get';
  const systems = systemsOf(exchange, deps).filter(({ name }) => !one || name === pathModel);
  const ids = one ? [pathModel!] : [...new Set(systems.flatMap(({ name, models }) => [name, ...models]))];
  const list = exchange.dialect.modelList(ids);
  const body = Buffer.from(one ? JSON.stringify((JSON.parse(list) as { data: unknown[] }).data[0]) : list);
  const first = systems[0];
  if (first) {
    exchange.system = first;
    authorise(Object.assign(exchange, { named: first.name }), deps);
    limit(exchange, deps);
    exchange.inputVerdict = { action: 'allow', wouldBe: 'allow', detections: [], texts: 0 };
    await recordIntent(exchange, deps);
    exchange.ended = true;
    deps.counters.settle(exchange.reservation!, 0, 0);
    await recordOutcome(exchange, deps, {
      outcome: 'answered',
      status: 200,
      code: null,
      output: sealContent(exchange, deps, 'output', body),
      verdict: null,
      inputTokens: 0,
      outputTokens: 0,
      tokenKinds: NO_KINDS,
      costMicroUsd: null,
      restorations: [],
    });
    deps.stats.ended(first.name, 'answered', null, exchange.timingsMs);
  } else throw new CodedError('not-authorised', 'the key has no system that speaks this dialect');
  exchange.res.writeHead(200, {
    'content-type': 'application/json',
    'content-length': body.length,
    [EXCHANGE_HEADER]: exchange.id,
  });
  exchange.res.end(body);
}
