import type { IncomingHttpHeaders } from 'node:http';
import { clientCertificate, KEY_PATTERN, outsideScope } from '@sallyport/access';
import {
  CodedError,
  costOf,
  type Detection,
  decodeUtf8,
  NO_KINDS,
  replacedStrings,
  type Steps,
  type SystemSnapshot,
  strictJson,
  type TokenKinds,
} from '@sallyport/core';
import { DIALECT_TABLE, findRoute, pathWithModel, type RequestReading } from '@sallyport/models';
import { placeCharacters } from './answer-reading.ts';
import { decode, readBody } from './body.ts';
import { conditionsOnRequest } from './conditions.ts';
import { type Deps, type Exchange, mark } from './exchange.ts';
import { judgeCall } from './judge.ts';
import { forwardedQuery, queryPointer } from './query.ts';
import { charactersOf, inspectRequest, isProse } from './request-texts.ts';
import { redactedTexts, redactorBeside } from './rewrite.ts';
import { rowDetections } from './rows.ts';
import { actionFor, forVectors, verdictOf } from './state.ts';
import { isLarge, othersFirst, shared } from './turns.ts';
import {
  forwardedHeaders,
  forwardHeadersOf,
  headerPointer,
  isJsonType,
  refuseRepeated,
} from './upstream-headers.ts';

/** The credential a caller presents, in either of the two places client SDKs put it. */
function presented(headers: IncomingHttpHeaders): string | null {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  const direct = headers['x-api-key'];
  if (typeof direct !== 'string') return bearer ?? null;
  // An SDK that has both sends both; ours tells itself apart.
  return bearer === undefined || KEY_PATTERN.test(direct) ? direct : bearer;
}

/** Who is calling? */
export function authenticate(exchange: Exchange, deps: Deps): void {
  const verdict = deps.state().verify(presented(exchange.req.headers), exchange.atMs);
  if (verdict.key) exchange.key = verdict.key;
  if ('code' in verdict) throw new CodedError(verdict.code);
  mark(exchange, 'authenticate');
}

/** Reads prefix and path before anything else, so that even a refusal speaks the caller's dialect. */
export function readPath(exchange: Exchange): void {
  const url = exchange.req.url ?? '/';
  const query = url.indexOf('?');
  let path = query < 0 ? url : url.slice(0, query);
  exchange.search = query < 0 ? '' : url.slice(query + 1);
  const prefix = /^\/s\/([a-z0-9][a-z0-9-]{0,62})(\/.*)$/.exec(path);
  if (prefix) {
    exchange.named = prefix[1]!;
    path = prefix[2]!;
  }
  exchange.path = path;
  const { headers } = exchange.req;
  if (path.startsWith('/v2')) exchange.dialect = DIALECT_TABLE.oip;
  else if (path.startsWith('/api/')) exchange.dialect = DIALECT_TABLE.ollama;
  else if (path.startsWith('/v1/messages') || headers['anthropic-version'] !== undefined)
    exchange.dialect = DIALECT_TABLE.anthropic;
}

/** Longest part of a path that an answer repeats, in characters. */
const PATH_SAID_MAX = 120;

/** Says which path has no route, and which one it was meant for where only the base URL of a client is wrong. */
function noRoute({ req, path, named }: Exchange): string {
  const method = req.method ?? '';
  const prefix = named === null ? '' : `/s/${named}`;
  const said = (one: string): string =>
    `${prefix}${one}`.slice(0, PATH_SAID_MAX).replaceAll(/[^\w./:%~-]/g, '?');
  const plain = path.replaceAll(/\/{2,}/g, '/').replace(/\/$/, '');
  const bare = plain.replace(/^\/v[12](?=\/)/, '');
  const meant = [plain, `/v1${plain}`, bare].find((one) => findRoute(method, one) !== null);
  const begin = `the gateway serves no route \`${said(path)}\``;
  if (meant === undefined) return begin;
  const base =
    meant === plain
      ? ''
      : meant === bare
        ? ': the base URL of this client is to end without the version'
        : ': the base URL of this client is to end in `/v1`';
  return `${begin}; the nearest is \`${said(meant)}\`${base}`;
}

/** Which operation is it? Of two with one path that of the system which the caller named; unknown ones are denied. */
export function route(exchange: Exchange, deps: Deps): void {
  const named = exchange.named === null ? undefined : deps.state().systems.get(exchange.named)?.dialect;
  const found = findRoute(exchange.req.method ?? '', exchange.path, named ?? exchange.dialect.name);
  if (found === null) throw new CodedError('route-unknown', noRoute(exchange));
  if (found === 'wrong-method') throw new CodedError('method-not-allowed');
  exchange.dialect = found.dialect;
  exchange.operation = found.operation;
  exchange.pathModel = found.model;
}

/** Reads, decompresses and parses the body; finds every text in it. */
export async function read(exchange: Exchange, deps: Deps): Promise<void> {
  const { req } = exchange;
  refuseRepeated(req);
  exchange.forwarded = forwardedHeaders(req, exchange.dialect.name);
  exchange.query = forwardedQuery(exchange.search);
  if (exchange.operation!.method === 'GET') {
    exchange.reading = {
      model: exchange.pathModel,
      stream: false,
      parts: [],
      attachments: [],
      tokenIds: 0,
      besides: 0,
      outputTokensMax: 0,
    };
    return;
  }
  if (!isJsonType(req.headers['content-type'] ?? '')) throw new CodedError('body-type-unsupported');
  if (req.headers['inference-header-content-length'] !== undefined) {
    throw new CodedError(
      'body-type-unsupported',
      'the binary tensor extension cannot be inspected; send tensors as JSON',
    );
  }
  const bodyBytesMax = Math.min(
    deps.state().settings.limits.bodyBytesMax,
    exchange.operation!.bodyBytesMax ?? Number.POSITIVE_INFINITY,
  );
  const holding = exchange.holding!;
  exchange.body = await readBody(req, bodyBytesMax, deps.state().settings.deadlines.bodyMs, holding);
  const plain = await decode(exchange.body, req.headers['content-encoding'], bodyBytesMax, 'body');
  if (plain !== exchange.body) holding.body(plain.length);
  // What goes on is what was read: another reader might find other bytes in what is compressed.
  if (plain !== exchange.body) exchange.bodyChanged = plain;
  exchange.text = decodeUtf8(plain);
  const { length } = exchange.text;
  if (isLarge(length)) await othersFirst();
  const parsed = await shared(length, strictJson(exchange.text));
  const { dialect, operation } = exchange;
  const reading = await shared(length, dialect.readRequest(operation!.id, parsed, exchange.text));
  holding.places(placeCharacters(reading.parts));
  if (isLarge(length)) await othersFirst();
  exchange.reading = exchange.pathModel === null ? reading : { ...reading, model: exchange.pathModel };
  mark(exchange, 'read');
}

/** Policies named in a record. */
const POLICY_IDS_MAX = 32;

/** Which system, and may this key use it so? */
export function authorise(exchange: Exchange, deps: Deps): void {
  const state = deps.state();
  const { model, stream } = exchange.reading!;
  const key = exchange.key!;
  const chosen = state.choose(key, exchange.dialect.name, exchange.named, model);
  exchange.system = chosen.system;
  forwardHeadersOf(exchange, chosen.system.headers);
  if (chosen.model !== model && chosen.model !== null) {
    exchange.modelForwarded = chosen.model;
    if (exchange.pathModel !== null)
      exchange.path = pathWithModel(exchange.path, exchange.operation!, chosen.model);
  }
  const { name } = chosen.system;
  // Whichever of them answers, it must be one that this key may use.
  const models = [chosen.model, ...(exchange.reading!.otherModels ?? [])];
  const decisions = models.map((asked) =>
    state.policies.decide({
      key,
      system: chosen.system,
      operation: exchange.operation!.id,
      model: asked ?? '',
      stream,
      nowMs: exchange.atMs,
    }),
  );
  const decision = decisions.find(({ allowed }) => !allowed) ?? decisions[0]!;
  exchange.policy = { ids: decision.policyIds.slice(0, POLICY_IDS_MAX), version: state.policies.version };
  exchange.conditions = deps.start.detectors ? state.conditions.for(name) : null;
  if (!decision.allowed) throw new CodedError('not-authorised', `the key may not use \`${name}\``);
  const call = { operation: exchange.operation!.id, address: exchange.address, atMs: exchange.atMs };
  const certificate = key.scope.certificates ? clientCertificate(exchange.req.socket) : null;
  for (const asked of models) {
    const outside = outsideScope(key.scope, { ...call, model: asked, certificate });
    if (outside !== null) throw new CodedError('out-of-scope', `the key is not meant for ${outside}`);
  }
  const { integration } = chosen.system;
  state.requireOpen(chosen.system);
  for (const asked of integration === null ? [] : models) {
    const beyond = outsideScope(integration!.scope, { ...call, model: asked, address: '' });
    if (beyond === null) continue;
    throw new CodedError(
      'integration-refused',
      `the manifest of \`${integration!.name}\` does not name ${beyond}`,
    );
  }
  mark(exchange, 'authorise');
}

/** Characters that make a token, roughly, where nobody counted. */
const CHARACTERS_PER_TOKEN = 4;

/** Tokens that a number of characters is likely to be. */
export const estimateTokens = (characters: number): number => Math.ceil(characters / CHARACTERS_PER_TOKEN);

/** Tokens of a request: those it names, and those its texts are likely to be. */
export const requestTokens = (reading: RequestReading): number =>
  estimateTokens(charactersOf(reading)) + reading.tokenIds;

/** What tokens cost, in millionths of a US dollar; null where no price is set. */
export function costMicroUsd(
  exchange: Exchange,
  deps: Deps,
  inputTokens: number,
  outputTokens: number,
  kinds: TokenKinds,
): number | null {
  const model = exchange.modelForwarded ?? exchange.reading?.model ?? exchange.pathModel ?? '';
  const prices = deps.state().pricesOf(exchange.system!, model);
  return prices === null ? null : costOf(prices, inputTokens, outputTokens, kinds);
}

/** How much? Takes a request, its tokens and its price from the key's limits and the system's. */
export function limit(exchange: Exchange, deps: Deps): void {
  const key = exchange.key!;
  const system = exchange.system!;
  const input = requestTokens(exchange.reading!);
  const output = exchange.reading!.outputTokensMax;
  const taken = deps.counters.reserve(
    [
      { slot: key.slot, limits: key.usageLimits, of: 'the key' },
      { slot: system.slot, limits: system.usageLimits, of: `\`${system.name}\`` },
    ],
    input + output,
    costMicroUsd(exchange, deps, input, output, NO_KINDS) ?? 0,
    process.hrtime.bigint(),
    exchange.atMs,
  );
  if ('code' in taken) throw new CodedError(taken.code, taken.message, { retryAfterMs: taken.retryAfterMs });
  exchange.reservation = taken;
  mark(exchange, 'limit');
}

/** What does it say? Judges every text of the request; redacts where policy says so. */
export async function inspectInput(exchange: Exchange, deps: Deps): Promise<void> {
  const system = exchange.operation!.vectors ? forVectors(exchange.system!) : exchange.system!;
  const { parts, tensors } = exchange.reading!;
  const prose = parts.filter(isProse);
  const detections = [
    ...(await inspectRequest(exchange, deps)),
    ...attachmentDetections(exchange),
    ...(deps.start.detectors && system.rowProfile && tensors
      ? rowDetections(system.rowProfile, tensors)
      : []),
  ];
  const first = verdictOf(system, 'input', detections);
  const large = isLarge(exchange.text.length, detections.length);
  if (large) await othersFirst();
  const replacements =
    first.action === 'redact'
      ? await shared(exchange.text.length + detections.length * 64, redact(exchange, system, detections))
      : new Map<string, string>();
  mark(exchange, 'inspect-input');
  if (system.judge && first.action !== 'deny') {
    // What was decoded has the pointer of the text that it stands in, and is not that text.
    const texts = prose.map(({ pointer, text, place }) => ({
      pointer,
      text: (place === undefined && replacements.get(pointer)) || text,
    }));
    detections.push(...(await judgeCall(exchange, deps, texts)));
  }
  // Business rules know what all others found, and decide last.
  detections.push(...conditionsOnRequest(exchange, detections));
  const verdict = verdictOf(system, 'input', detections);
  exchange.inputVerdict = { ...verdict, texts: deps.start.detectors ? prose.length : 0 };
  if (exchange.modelForwarded !== null) {
    replacements.set('/model', exchange.modelForwarded);
    if (exchange.dialect.name === 'ollama') replacements.set('/name', exchange.modelForwarded);
  }
  if (large) await othersFirst();
  if (replacements.size > 0) {
    const changed = await shared(exchange.text.length, replacedStrings(exchange.text, replacements));
    exchange.bodyChanged = Buffer.from(changed);
  }
  if (verdict.action !== 'deny') return;
  const graver = detections.some(
    (one) => one.place !== 'number' && actionFor(system, 'input', one) === 'deny',
  );
  throw new CodedError(
    'input-denied',
    graver ? undefined : 'a number cannot be masked; send it as a string, or leave it out',
  );
}

/** What cannot be read is at least seen: a system that must get none denies `attachment`. */
function attachmentDetections(exchange: Exchange): Detection[] {
  return exchange.reading!.attachments.map(({ pointer, media, start, end }) => ({
    detector: 'attachment',
    technique: media,
    severity: 'info',
    confidence: 1,
    location: { pointer, start, end },
    references: ['LLM01:2025'],
  }));
}

function* redact(
  exchange: Exchange,
  system: SystemSnapshot,
  detections: readonly Detection[],
): Steps<Map<string, string>> {
  const { parts } = exchange.reading!;
  // `redactedTexts` notes the placeholders of an earlier answer when it reaches that.
  const isEarlier = ({ channel, place }: (typeof parts)[number]): boolean =>
    channel === 'assistant' && place === undefined;
  const redactor = yield* redactorBeside(
    system,
    parts.flatMap((part) => (isEarlier(part) ? [] : [part.text])),
  );
  exchange.redactor = redactor;
  const left = new Set(
    detections.flatMap(({ place, location }) => (place === 'header' ? location.pointer : [])),
  );
  for (const name of exchange.forwarded.keys())
    if (left.has(headerPointer(name))) exchange.forwarded.delete(name);
  exchange.query = exchange.query.filter(([name]) => !left.has(queryPointer(name)));
  const texts = parts.filter(({ place }) => place === undefined);
  const editable = detections.filter(({ place }) => place === undefined);
  return yield* redactedTexts(system, redactor, texts, editable);
}
