import { z } from '@hono/zod-openapi';
import {
  type Begun,
  type ClientCertificate,
  type From,
  type RelyingParty,
  tokenHash,
} from '@sallyport/access';
import { CodedError, clock, ERRORS, toCodedError } from '@sallyport/core';
import type { Target } from '@sallyport/policy';
import type { ExchangeFilter, ExchangeRow } from '@sallyport/store';
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { HTTPException } from 'hono/http-exception';
import type { Principal } from '../authorisation/authoriser.ts';
import type { SystemScope } from '../authorisation/system-scope.ts';
import type { Control } from '../control.ts';
import { log } from '../log.ts';
import * as schemas from '../schemas.ts';
import type { KnownSystem } from '../snapshot.ts';

/** What comes with a request from outside HTTP: who asks when the socket says it, and from where. */
export interface Caller {
  /** Set on the control socket and for commands: the name of the user. */
  readonly local: string | null;
  /** Address of the client, trusted proxies left out. */
  readonly address: string;
  /** What a program proved to hold on its connection. */
  readonly certificate?: ClientCertificate | null;
  /** Scheme, host and port that people reach the console at, when that is set. */
  readonly publicUrl?: string | undefined;
  /** Where the request came in; absent for commands, which come in nowhere. */
  readonly listener?: Listener | undefined;
}

/** What a connection itself says of where it came in. */
export interface Listener {
  readonly scheme: 'http' | 'https';
  readonly port: number;
}

const USUAL_PORT = { http: 80, https: 443 } as const;

/** The port that `Host` names; null where it names none. */
const portOf = (host: string): number | null => {
  const port = /:(\d{1,5})$/.exec(host)?.[1];
  return port === undefined ? null : Number(port);
};

/**
 * Refuses a `Host` at another port than the one that was connected to: a program at that port could pass a request on, and
 * what is made for its origin would be taken for ours. `control.publicUrl` says where else people are.
 * @throws CodedError `host-not-allowed`
 */
export function requirePort({ publicUrl, listener }: Caller, host: string): void {
  const named = portOf(host);
  const own = listener === undefined ? [] : [listener.port];
  if (publicUrl !== undefined) {
    const { protocol, port } = new URL(publicUrl);
    const there = port === '' ? USUAL_PORT[protocol === 'https:' ? 'https' : 'http'] : Number(port);
    // A proxy may pass on the name alone.
    if (named === null || named === there || own.includes(named)) return;
  } else if (listener && own.includes(named ?? USUAL_PORT[listener.scheme])) return;
  throw new CodedError(
    'host-not-allowed',
    'the request names another port than this server listens on; ' +
      'where people come through a proxy or a mapped port, set `control.publicUrl` to the address that they use',
  );
}

/** What routes know of a request. */
export interface Env {
  Bindings: Caller;
  Variables: {
    actor: string;
    principal: Principal;
    /** Which systems the answer may tell of. @param action that of the route where none is given */
    scope: (action?: string) => Promise<SystemScope>;
    /** Asks for more than the route itself does. @throws CodedError `not-permitted` and its kin */
    permit: (action: string, target: Target) => Promise<void>;
    /** Whether the session lives still, with the roles that it had: for answers that go on and on. */
    stillThere: () => Promise<boolean>;
  };
}

/** The system that a subject of the record names, or null. */
export const systemOf = (subject: string): string | null => /^system:(.+)$/.exec(subject)?.[1] ?? null;

/** What of a list may be told. @param systemOf the system that a row is of; null for none */
export async function visible<T>(
  c: Context<Env>,
  rows: readonly T[],
  systemOf: (row: T) => string | null,
): Promise<T[]> {
  return (await c.var.scope()).visible(rows, systemOf);
}

type VisibleCalls = Partial<Pick<ExchangeFilter, 'systems' | 'except'>>;

/** The calls that may be told of: those of the system that is asked for, or of every one but those that are forbidden. */
export async function visibleCalls(
  c: Context<Env>,
  { installation }: Control,
  asked?: string,
): Promise<VisibleCalls> {
  const scope = await c.var.scope();
  if (asked !== undefined) return { systems: scope.has(asked) ? [asked] : [] };
  if (!scope.organisation) return { systems: scope.systems.map(({ name }) => name) };
  const except = scope.hidden(await installation.store.exchanges.systems());
  return except.size === 0 ? {} : { except: [...except] };
}

/** The session cookie: over TLS its name makes browsers insist that it is secure and of this host alone (RFC 6265bis). */
export function sessionCookie(c: Context<Env>): { name: string; secure: boolean } {
  const secure = siteOrigin(c).startsWith('https:');
  return { name: secure ? '__Host-sallyport_session' : 'sallyport_session', secure };
}

/** What a page of the console holds, and sends with everything that it asks: 256 random bits, base64url. */
const PAGE_HEADER = 'x-sallyport-page';

/**
 * Hash of what the page holds that asks; null where none does. Cookies are shared between the ports of a host, so a session
 * that a page began opens nothing without it, and a page takes no session that another one began.
 * @throws CodedError `request-invalid`
 */
export function pageOf(c: Context<Env>): string | null {
  const held = c.req.header(PAGE_HEADER);
  if (held === undefined) return null;
  if (!/^[\w-]{43}$/.test(held))
    throw new CodedError('request-invalid', `\`${PAGE_HEADER}\` is not what a page of the console sends`);
  return tokenHash(held);
}

/**
 * Scheme, host and port at which the browser sees us: what is configured, else the listener's own with the name that was
 * asked for, which was checked before.
 */
export function siteOrigin(c: Context<Env>): string {
  const { publicUrl } = c.env;
  return publicUrl === undefined ? listenerOrigin(c) : new URL(publicUrl).origin;
}

/** The listener's own scheme and port, with the name that was asked for; `null` where that is no name. */
function listenerOrigin(c: Context<Env>): string {
  const { listener } = c.env;
  if (listener === undefined) return 'http://localhost';
  const name = (c.req.header('host') ?? 'localhost').replace(/:\d+$/, '');
  return URL.parse(`${listener.scheme}://${name}:${listener.port}`)?.origin ?? 'null';
}

/** Whether a page of another site asks: one that is neither at `publicUrl` nor at the listener itself. */
export function isForeign(c: Context<Env>): boolean {
  const origin = c.req.header('origin');
  return origin !== undefined && (origin === 'null' || ![siteOrigin(c), listenerOrigin(c)].includes(origin));
}

/** The site that passkeys are for. */
export function relyingParty(c: Context<Env>): RelyingParty {
  const origin = siteOrigin(c);
  return { id: new URL(origin).hostname, origin };
}

/** Cookie of a browser that somebody signed in with before: not a credential, see the throttle of sign-ins. */
export function deviceCookie(c: Context<Env>): { name: string; secure: boolean } {
  const { secure } = sessionCookie(c);
  return { name: secure ? '__Host-sallyport_device' : 'sallyport_device', secure };
}

/** Where a request comes from. */
export function cameFrom(c: Context<Env>): From {
  return {
    address: c.env.address,
    agent: c.req.header('user-agent') ?? '',
    device: getCookie(c, deviceCookie(c).name) ?? null,
    page: pageOf(c),
  };
}

/** How long a browser keeps the device cookie, in seconds: as long as browsers keep any. */
const DEVICE_S = 400 * 86_400;

/** Sets the cookies of a session that begins or got another token. */
export function keepSession(c: Context<Env>, { token, session, device }: Begun): void {
  const { name, secure } = sessionCookie(c);
  const common = { httpOnly: true, sameSite: 'Strict', path: '/', secure } as const;
  const lifeMs = Date.parse(session.expiresAt) - clock.nowMs();
  setCookie(c, name, token, { ...common, maxAge: Math.max(1, Math.floor(lifeMs / 1_000)) });
  if (device !== null) setCookie(c, deviceCookie(c).name, device, { ...common, maxAge: DEVICE_S });
}

/** The key of a service account that a request carries. */
export const bearerOf = (c: Context<Env>): string | undefined =>
  /^Bearer (\S{1,256})$/i.exec(c.req.header('authorization') ?? '')?.[1];

/** A JSON answer of a route. */
export const json = <T extends z.ZodType>(schema: T, description: string) => ({
  content: { 'application/json': { schema } },
  description,
});
/** What every route may answer when it does not do what was asked. */
export const failures = Object.fromEntries(
  [400, 401, 403, 404, 409, 429].map((status) => [
    status,
    json(schemas.errorSchema, 'What is wrong and what to do'),
  ]),
) as Record<400 | 401 | 403 | 404 | 409 | 429, ReturnType<typeof json<typeof schemas.errorSchema>>>;
/** A JSON body of a route. */
export const body = <T extends z.ZodType>(schema: T) => ({
  body: { content: { 'application/json': { schema } }, required: true },
});
/** A parameter in the path. */
export const named = (name: string) => ({ params: z.object({ [name]: z.string().max(128) }) });
/** Parameters in the path. */
export const namedBoth = (one: string, other: string) => ({
  params: z.object({ [one]: z.string().max(128), [other]: z.string().max(128) }),
});

/** A system as the API shows it. */
export function systemView(
  { name, config, demo, origin }: KnownSystem,
  credentialLack: string | null,
  backsOff: string | null,
): z.infer<typeof schemas.systemView> {
  const { dialect, urls, mode, allowPrivate, models, apiKeyRef, environment, dataClasses } = config;
  const shown = { dialect, urls, mode, allowPrivate, models, environment, dataClasses };
  return { name, ...shown, apiKeyRef: apiKeyRef ?? null, credentialLack, backingOff: backsOff, demo, origin };
}

/** An exchange as the API shows it. */
export function exchangeView(row: ExchangeRow): z.infer<typeof schemas.exchangeView> {
  return {
    id: row.id,
    at: row.at,
    endedAt: row.ended_at,
    system: row.system,
    actor: row.actor,
    operation: row.operation,
    model: row.model,
    mode: row.mode,
    stream: row.stream === 1,
    demo: row.demo === 1,
    synthetic: row.synthetic === 1,
    outcome: row.outcome,
    status: row.status,
    code: row.code,
    action: row.action,
    wouldBe: row.would_be,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    tokenKinds: {
      cacheRead: row.cache_read_tokens,
      cacheWrite: row.cache_write_tokens,
      reasoning: row.reasoning_tokens,
      audio: row.audio_tokens,
    },
    costMicroUsd: row.priced === 1 || row.cost_micro_usd > 0 ? row.cost_micro_usd : null,
    detections: JSON.parse(row.detections),
    timingsMs: JSON.parse(row.timings),
  };
}

/** An error as the API answers it. */
export function failure(c: Context<Env>, fault: unknown): Response {
  // What the library refuses of a request is the request's fault.
  const coded =
    fault instanceof HTTPException && fault.status < 500
      ? new CodedError('request-invalid', 'the request is not well-formed')
      : toCodedError(fault);
  if (coded.code === 'internal')
    log('error', 'a fault inside the control plane', {
      fault: String((coded.cause as Error)?.stack ?? coded.cause),
    });
  if (coded.retryAfterSeconds !== null) c.header('retry-after', String(coded.retryAfterSeconds));
  return c.json(
    { error: { code: coded.code, message: coded.message, action: ERRORS[coded.code].action } },
    coded.status as 400,
  );
}
