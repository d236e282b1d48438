import { z } from '@hono/zod-openapi';
import { ERRORS, toCodedError } from '@sallyport/core';
import type { ExchangeRow } from '@sallyport/store';
import type { Context } from 'hono';
import { log } from '../log.ts';
import * as schemas from '../schemas.ts';
import type { KnownSystem } from '../snapshot.ts';

/** What comes with a request from outside HTTP: who asks when the socket says it, and from where. */
export interface Caller {
  /** Set on the control socket and for commands: `local:USER`. */
  readonly actor: string | null;
  readonly address: string;
}

/** What routes know of a request. */
export interface Env {
  Bindings: Caller;
  Variables: { actor: string };
}

/** The session cookie: over TLS its name makes browsers insist that it is secure and of this host alone (RFC 6265bis). */
export function sessionCookie(c: Context<Env>): { name: string; secure: boolean } {
  const secure = c.req.url.startsWith('https:');
  return { name: secure ? '__Host-sallyport_session' : 'sallyport_session', secure };
}

/** A JSON answer of a route. */
export const json = <T extends z.ZodType>(schema: T, description: string) => ({
  content: { 'application/json': { schema } },
  description,
});
/** What every route may answer when it does not do what was asked. */
export const failures = Object.fromEntries(
  [400, 401, 403, 404, 409].map((status) => [
    status,
    json(schemas.errorSchema, 'What is wrong and what to do'),
  ]),
) as Record<400 | 401 | 403 | 404 | 409, ReturnType<typeof json<typeof schemas.errorSchema>>>;
/** A JSON body of a route. */
export const body = <T extends z.ZodType>(schema: T) => ({
  body: { content: { 'application/json': { schema } }, required: true },
});
/** A parameter in the path. */
export const named = (name: string) => ({ params: z.object({ [name]: z.string().max(128) }) });

/** A system as the API shows it. */
export function systemView({ name, config, demo, origin }: KnownSystem): z.infer<typeof schemas.systemView> {
  const { dialect, urls, mode, allowPrivate, apiKeyRef } = config;
  return { name, dialect, urls, mode, allowPrivate, apiKeyRef: apiKeyRef ?? null, demo, origin };
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
    costMicroUsd: row.cost_micro_usd,
    detections: JSON.parse(row.detections),
    timingsMs: JSON.parse(row.timings),
  };
}

/** An error as the API answers it. */
export function failure(c: Context<Env>, fault: unknown): Response {
  const coded = toCodedError(fault);
  if (coded.code === 'internal')
    log('error', 'a fault inside the control plane', {
      fault: String((coded.cause as Error)?.stack ?? coded.cause),
    });
  return c.json(
    { error: { code: coded.code, message: coded.message, action: ERRORS[coded.code].action } },
    coded.status as 400,
  );
}
