import { isIP } from 'node:net';
import { bareHost, CodedError, clock, type GatewaySettings, type SystemSnapshot } from '@sallyport/core';
import { joinUrl } from '@sallyport/models';
import type { Dispatcher } from 'undici';
import { CERTIFICATE_CHANGED } from './certificate-pin.ts';
import { closedFor, Resolved } from './closed-places.ts';
import { Connections } from './connections.ts';
import { wayTo } from './outbound.ts';
import { type Parameter, withQuery } from './query.ts';
import { permitted } from './safe-lookup.ts';

/** What of the settings says how systems are reached. */
export type OutgoingSettings = Pick<GatewaySettings, 'deadlines' | 'outbound'>;

/** Answers that only say that one is coming (1xx), to one request: a system that sends more is not sound. */
const INFORMATIONAL_MAX = 32;

/** Errors after which nothing can have been sent. */
const UNSENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'ETIMEDOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'upstream-refused-address',
  'gate-closed',
  'integration-refused',
  CERTIFICATE_CHANGED,
]);

/** Whether nothing can have been sent when an error came. */
const isUnsent = (error: Error & { code?: string; unsent?: boolean }): boolean =>
  error.unsent === true || UNSENT.has(error.code ?? '');

/** One request to a system. */
export interface UpstreamRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: readonly Parameter[];
  readonly headers: Record<string, string>;
  readonly body: Buffer | null;
}

/** Where the answer goes, piece by piece. */
export interface UpstreamSink {
  /** Called once the request goes out; `abort` ends it. */
  started(control: { abort(): void; pause(): void; resume(): void }): void;
  head(status: number, headers: Record<string, string | string[] | undefined>): void;
  data(chunk: Buffer): void;
  end(): void;
  /** @param unsent whether nothing of the request can have arrived */
  fail(fault: CodedError, unsent: boolean): void;
}

/** What a network error means to the caller. */
function toFault(error: Error & { code?: string }): CodedError {
  if (error instanceof CodedError) return error;
  switch (error.code) {
    case CERTIFICATE_CHANGED:
      return new CodedError('integration-refused', 'its certificate is not the one that was approved');
    case 'upstream-refused-address':
      return new CodedError('upstream-refused-address');
    case 'UND_ERR_HEADERS_TIMEOUT':
      return new CodedError('upstream-timeout', 'the AI system sent no answer in time', { cause: error });
    case 'UND_ERR_BODY_TIMEOUT':
      return new CodedError('upstream-timeout', 'the AI system stopped in the middle of its answer', {
        cause: error,
      });
    case 'UND_ERR_CONNECT_TIMEOUT':
      return new CodedError('upstream-unreachable', 'the AI system took no connection in time', {
        cause: error,
      });
    case 'UND_ERR_SOCKET':
    case 'ECONNRESET':
    case 'EPIPE':
      return new CodedError('upstream-unreachable', 'the AI system closed the connection', { cause: error });
    default:
      break;
  }
  if (
    error.name === 'HTTPParserError' ||
    error.code?.startsWith('HPE_') ||
    error.code?.startsWith('UND_ERR_')
  )
    return new CodedError('upstream-invalid', undefined, { cause: error });
  return new CodedError('upstream-unreachable', undefined, { cause: error });
}

/** Why nothing may go to the third party behind a system now; null when it may. */
export function refusalOf(integration: SystemSnapshot['integration']): CodedError | null {
  if (integration === null) return null;
  const { name, refusal, expiresAtMs } = integration;
  const why = refusal ?? (clock.nowMs() >= expiresAtMs ? 'its approval expired' : null);
  return why === null
    ? null
    : new CodedError('integration-refused', name === '' ? why : `\`${name}\`: ${why}`);
}

/** Sends requests to all systems. */
export class Upstreams {
  readonly #connections: Connections;
  readonly #settings: () => OutgoingSettings;
  readonly #onCertificate: (integration: string, origin: string) => void;

  /** @param onCertificate called when an endpoint shows another certificate than was approved; nothing is sent to it */
  constructor(
    settings: () => OutgoingSettings,
    onCertificate: (integration: string, origin: string) => void = () => {},
    resolved = new Resolved(),
  ) {
    this.#connections = new Connections(() => settings().deadlines, resolved);
    this.#settings = settings;
    this.#onCertificate = onCertificate;
  }

  /** Lets go of connections that were opened under other settings, once their calls have ended. */
  settle(): void {
    this.#connections.settle();
  }

  /** Sends a request to the first address that takes a connection; goes on to the next only while nothing was sent. */
  send(
    system: SystemSnapshot,
    request: UpstreamRequest,
    sink: UpstreamSink,
    attempt = 0,
    fresh = false,
  ): void {
    const { integration } = system;
    const refusal = refusalOf(integration);
    if (refusal !== null) return sink.fail(refusal, true);
    const url = new URL(system.urls[attempt]!);
    const seen = integration?.certificates[url.origin];
    const pin = integration && seen ? { keeps: integration.certificate, seen } : null;
    const host = bareHost(url);
    const next = (fault: CodedError, unsent: boolean): void => {
      const again = attempt + 1 < system.urls.length && (unsent || request.method === 'GET');
      if (again) this.send(system, request, sink, attempt + 1);
      else sink.fail(fault, unsent);
    };
    if (isIP(host) !== 0 && !permitted(host, system.allowPrivate))
      return next(new CodedError('upstream-refused-address'), true);
    let answered = false;
    let informational = 0;
    const sentMs = performance.now();
    // The library's own time begins again with each answer that only says that one is coming.
    let firstByte: NodeJS.Timeout | undefined;
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: (controller) => {
        firstByte = setTimeout(
          () => controller.abort(new CodedError('upstream-timeout', 'the AI system sent no answer in time')),
          this.#settings().deadlines.firstByteMs,
        );
        sink.started({
          abort: () => controller.abort(new CodedError('client-aborted')),
          pause: () => controller.pause(),
          resume: () => controller.resume(),
        });
      },
      onResponseStart: (controller, status, headers) => {
        if (status < 200) {
          if (++informational > INFORMATIONAL_MAX)
            controller.abort(
              new CodedError('upstream-invalid', 'the AI system only says that it will answer'),
            );
          return;
        }
        clearTimeout(firstByte);
        answered = true;
        sink.head(status, headers);
      },
      onResponseData: (_controller, chunk) => sink.data(chunk),
      onResponseEnd: () => sink.end(),
      onResponseError: (_controller, error) => {
        clearTimeout(firstByte);
        const fault = toFault(error as Error & { code?: string });
        if ((error as { code?: string }).code === CERTIFICATE_CHANGED)
          this.#onCertificate(integration!.name, url.origin);
        if (answered || fault.code === 'client-aborted') sink.fail(fault, false);
        else if (!fresh && this.#connections.diedUnused(error, sentMs))
          this.send(system, request, sink, attempt, true);
        else next(fault, isUnsent(error));
      },
    };
    const route = {
      origin: url.origin,
      allowPrivate: system.allowPrivate,
      pin,
      way: wayTo(this.#settings().outbound, system.name, url),
      closed: closedFor(url.href, system.closed),
    };
    this.#connections.pool(route, fresh).dispatch(
      {
        path: withQuery(joinUrl(url, request.path), url.searchParams, request.query ?? []),
        method: request.method,
        headers: request.headers,
        body: request.body,
      },
      handler,
    );
  }

  async close(): Promise<void> {
    await this.#connections.close();
  }
}
