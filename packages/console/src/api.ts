import { type Action, type Detection, type DialectName, type Severity, UnderWay } from '@sallyport/core';
import { pageHeaders } from './page-key.ts';
import { answered, unanswered } from './reach.ts';

/** An AI system as the control plane shows it. */
export interface System {
  readonly name: string;
  readonly dialect: DialectName;
  readonly urls: readonly string[];
  readonly mode: 'observe' | 'enforce';
  readonly allowPrivate: boolean;
  /** Which lists of models name beside it. */
  readonly models: readonly string[];
  readonly apiKeyRef: string | null;
  /** Why calls to it have no credential to carry. */
  readonly credentialLack: string | null;
  /** Why its callers are told at once to come back later; null where calls go to it. */
  readonly backingOff: string | null;
  readonly demo: boolean;
  readonly origin: 'file' | 'command' | 'demo';
}

/** How one address of a system was found. */
export interface Reach {
  readonly url: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly remedy: string | null;
}

/** What may be named here as the place of a credential. */
export interface Nameable {
  readonly references: readonly string[];
  /** Any file in it. */
  readonly folder: string | null;
}

/** An API key, without its secret. */
export interface Key {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly systems: readonly string[];
  readonly scope: {
    readonly models?: readonly string[];
    readonly operations?: readonly string[];
    readonly addresses?: readonly string[];
    readonly hours?: {
      readonly days: readonly string[];
      readonly from: string;
      readonly until: string;
      readonly zone: string;
    };
  };
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly revokedAt: string | null;
  readonly demo: boolean;
  /** The service account that it belongs to. */
  readonly program: string | null;
  /** When who answers for it left, and when it ends for that. */
  readonly ownerLeft: { readonly at: string; readonly endsAt: string } | null;
}

/** One call, without content. */
export interface Exchange {
  readonly id: string;
  readonly at: string;
  readonly endedAt: string | null;
  readonly system: string | null;
  readonly actor: string;
  readonly operation: string | null;
  readonly model: string | null;
  readonly mode: string;
  readonly stream: boolean;
  readonly demo: boolean;
  readonly synthetic: boolean;
  readonly outcome: string | null;
  readonly status: number | null;
  readonly code: string | null;
  readonly action: Action;
  readonly wouldBe: Action;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly tokenKinds: Readonly<Record<'cacheRead' | 'cacheWrite' | 'reasoning' | 'audio', number>>;
  /** Null where no price is set. */
  readonly costMicroUsd: number | null;
  readonly detections: readonly Detection[];
  readonly timingsMs: Readonly<Record<string, number>>;
}

/** What the tokens of a model cost, in US dollars a million. */
export interface Price {
  readonly model: string;
  readonly system?: string;
  readonly inputPerMillion: number;
  readonly outputPerMillion: number;
  readonly cacheReadPerMillion?: number;
  readonly cacheWritePerMillion?: number;
  readonly cacheWriteHourPerMillion?: number;
  readonly audioInputPerMillion?: number;
  readonly reasoningPerMillion?: number;
  readonly audioOutputPerMillion?: number;
}

/** One entry of an exchange in the log; hashes and leaf in base64. */
export interface Entry {
  readonly index: number;
  readonly leaf: Readonly<Record<string, unknown>>;
  readonly leafBase64: string;
  readonly proof: readonly string[];
  readonly content?: string | null;
  readonly commitmentHolds?: boolean;
}

/** One call with its entries and audit paths. */
export interface ExchangeProof {
  readonly exchange: Exchange;
  readonly entries: readonly Entry[];
  readonly checkpoint: { readonly size: number; readonly rootHash: string; readonly note: string };
}

/** Calls of one minute or hour. */
export interface Bucket {
  readonly at: string;
  readonly answered: number;
  readonly flagged: number;
  readonly denied: number;
  readonly failed: number;
}

/** Traffic over time; buckets without any are left out. */
export interface Traffic {
  readonly width: 'minute' | 'hour';
  readonly from: string;
  readonly to: string;
  readonly buckets: readonly Bucket[];
}

/** Calls that are listed and counted no more, since their days were over. */
export interface Expired {
  readonly calls: number;
  /** The day before which they were, `YYYY-MM-DD`. */
  readonly before: string;
}

/** What enforcing would have blocked on one system. */
export interface Report {
  readonly system: string;
  readonly mode: 'observe' | 'enforce';
  readonly exchanges: number;
  readonly inspected: number;
  readonly answered: number;
  readonly failed: number;
  readonly wouldHaveDenied: number;
  readonly wouldHaveRedacted: number;
  readonly denied: number;
  readonly expired: Expired | null;
  readonly kinds: readonly {
    readonly detector: string;
    readonly technique: string;
    readonly severity: string;
    readonly exchanges: number;
    readonly latest: string;
    readonly examples: readonly string[];
  }[];
}

/** Counts of one system. */
export interface Observation {
  readonly system: string;
  readonly exchanges: number;
  readonly inspected: number;
  readonly answered: number;
  readonly failed: number;
  readonly wouldHaveDenied: number;
  readonly wouldHaveRedacted: number;
  readonly denied: number;
  readonly expired: Expired | null;
}

/** The guided first hour. */
export interface FirstHour {
  readonly gatewayUrl: string | null;
  readonly steps: readonly {
    readonly id: 'connect' | 'key' | 'call' | 'report' | 'enforce';
    readonly done: boolean;
    readonly detail: string;
    readonly system: string | null;
  }[];
  readonly completedAt: string | null;
}

/** An alert that goes on, or that no one has looked after yet. */
export interface Alert {
  readonly rule: string;
  readonly subject: string;
  readonly severity: Severity;
  readonly owner: string;
  readonly detail: string;
  readonly action: string;
  readonly since: string;
  /** Since when what opened it is over; null while it goes on. */
  readonly over: string | null;
  readonly acknowledged: { readonly by: string; readonly at: string } | null;
}

/** A test call, stage by stage. */
export interface Tried {
  readonly exchange: string;
  readonly status: number;
  readonly outcome: string;
  readonly code: string | null;
  readonly stages: readonly { readonly stage: string; readonly ms: number; readonly verdict: string }[];
  readonly answer: string;
}

/** The guard: what it consists of, and what rules on trial saw. */
export interface Guard {
  readonly models: readonly { readonly name: string; readonly version: string }[];
  readonly thresholds: { readonly flagAt: number; readonly denyAt: number };
  readonly detectors: readonly { readonly name: string; readonly kinds: number; readonly how: string }[];
  readonly rules: {
    readonly version: string;
    readonly rules: readonly {
      readonly id: string;
      readonly about: string;
      readonly mode: string;
      readonly severity: string;
      readonly channels: readonly string[];
    }[];
  };
  readonly trials: readonly {
    readonly technique: string;
    readonly calls: number;
    readonly denied: number;
    readonly latest: string;
  }[];
  readonly curve: readonly CurvePoint[];
  /** What it made of generated texts when it was tried last. */
  readonly drill: { readonly at: string; readonly passed: boolean; readonly detail: string } | null;
}

/** Shares of harmless texts and of attacks above a probability. */
export interface CurvePoint {
  readonly at: number;
  readonly harmless: number;
  readonly attacks: number;
}

/** What the guard makes of one text. */
export interface Checked {
  readonly verdict: 'allow' | 'flag' | 'deny';
  readonly injection: number;
  readonly detections: readonly Detection[];
  readonly views: readonly { readonly chain: string; readonly text: string }[];
}

/** A refusal by the control plane: what is wrong and what to do. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  readonly action: string;

  constructor(status: number, code: string, message: string, action: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.action = action;
  }
}

/** What the server says of setting up: of a link, where its token is given. @throws ApiError */
export const setupState = (
  token?: string,
): Promise<{ open: boolean; name: string | null; administrators: boolean; signOn: string | null }> =>
  send('GET', '/setup', undefined, false, token === undefined ? {} : { 'x-sallyport-setup': token });

/** Has the browser keep an answer of the API as a file. @throws ApiError */
export async function download(path: string, name: string): Promise<void> {
  const response = await fetch(`/api/v1${path}`, { headers: pageHeaders() });
  if (!response.ok)
    throw new ApiError(response.status, 'internal', `the file cannot be had: ${response.statusText}`, '');
  const url = URL.createObjectURL(await response.blob());
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  URL.revokeObjectURL(url);
}

/** Goes to the identity provider. @param fresh whether it asks again who somebody is */
export async function goToProvider(next: string | undefined, fresh = false): Promise<void> {
  const { url } = await api.post<{ url: string }>('/sign-on', { ...(next ? { next } : {}), fresh });
  window.location.assign(url);
}

/** Ends a sign-on with what the identity provider answered. @returns where to go */
export async function finishSignOn(answer: string): Promise<string> {
  const { next } = await api.post<{ next: string }>('/sign-on/finish', { answer });
  return next;
}

/** Lets the person prove who they are; resolves true once they did. Set by the frame of the pages. */
let proveAgain: (() => Promise<boolean>) | null = null;

/** Sets what asks for a proof before something dangerous. */
export function onProofNeeded(ask: (() => Promise<boolean>) | null): void {
  proveAgain = ask;
}

/** Changes that are under way, by what was asked. */
const changes = new UnderWay<unknown>();

/** Asks for a change. Asked for twice at once, by a double click or a second Enter, it is made once, and both get its answer. */
const change = <T>(method: string, path: string, body?: unknown): Promise<T> =>
  changes.of(JSON.stringify([method, path, body]), () => call<T>(method, path, body)) as Promise<T>;

async function call<T>(method: string, path: string, body?: unknown, background = false): Promise<T> {
  try {
    return await send<T>(method, path, body, background);
  } catch (fault) {
    const asked = fault instanceof ApiError && fault.code === 'proof-needed' && !background && proveAgain;
    if (!asked || !(await asked())) throw fault;
    return send<T>(method, path, body, background);
  }
}

async function send<T>(
  method: string,
  path: string,
  body: unknown,
  background: boolean,
  more: Readonly<Record<string, string>> = {},
): Promise<T> {
  const headers = { ...pageHeaders(), ...more };
  if (body !== undefined) headers['content-type'] = 'application/json';
  // What nobody asked for keeps no session alive.
  if (background) headers['x-sallyport-background'] = '1';
  let response: Response;
  try {
    response = await fetch(path.startsWith('/sign-on') ? path : `/api/v1${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw unreachable(0);
  }
  if (response.status === 204) {
    answered();
    return undefined as T;
  }
  // What is no JSON comes from something in between, of which the control plane knows nothing.
  const value = (await response.json().catch(() => {
    throw unreachable(response.status);
  })) as T & { error?: { code: string; message: string; action: string } };
  answered();
  if (response.ok) return value;
  const { code = 'internal', message = response.statusText, action = '' } = value.error ?? {};
  throw new ApiError(response.status, code, message, action);
}

function unreachable(status: number): ApiError {
  unanswered();
  return new ApiError(
    status,
    'unreachable',
    'the control plane does not answer',
    'see whether `sallyport up` still runs',
  );
}

/** Asks whether the control plane is there, so that a page that stands still learns when it is not. @throws ApiError */
export async function lookForIt(): Promise<true> {
  const response = await fetch('/healthz').catch(() => null);
  if (!response || response.status >= 502) throw unreachable(response?.status ?? 0);
  answered();
  return true;
}

/** Query string of what is set. */
export function query(values: Readonly<Record<string, string | number | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    if (value !== undefined && value !== '') search.set(name, String(value));
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

/** The control plane, typed. @throws ApiError */
export const api = {
  get: <T>(path: string): Promise<T> => call<T>('GET', path),
  /** A fetch that the page makes by itself. */
  refresh: <T>(path: string): Promise<T> => call<T>('GET', path, undefined, true),
  post: <T>(path: string, body: unknown): Promise<T> => change<T>('POST', path, body),
  remove: (path: string): Promise<void> => change<void>('DELETE', path),
};
