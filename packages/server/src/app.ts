import { OpenAPIHono } from '@hono/zod-openapi';
import { CodedError, describeIssue } from '@sallyport/core';
import type { Context } from 'hono';
import { getCookie } from 'hono/cookie';
import type { Control } from './control.ts';
import type { People } from './people.ts';
import { keyRoutes } from './routes/keys.ts';
import { openRoutes } from './routes/open.ts';
import { pageRoutes } from './routes/pages.ts';
import { recordRoutes } from './routes/record.ts';
import { COOKIE, type Env, failure } from './routes/shared.ts';
import { systemRoutes } from './routes/systems.ts';

const API = { openapi: '3.1.0', info: { title: 'Sallyport control plane', version: '0.1.0' } } as const;
const JSON_BODY_MAX = 256 * 1024;

/** The control plane as one application: API under `/api/v1`, health and metrics, the pages. */
export function createApp(control: Control, people: People, hosts: readonly string[]): OpenAPIHono<Env> {
  const app = new OpenAPIHono<Env>({
    defaultHook: (result, c) =>
      result.success
        ? undefined
        : failure(c as Context<Env>, new CodedError('request-invalid', describeIssue(result.error as never))),
  });
  app.onError((fault, c) => failure(c, fault));
  app.notFound((c) => failure(c, new CodedError('not-found')));
  guardRequests(app, hosts);
  openRoutes(app, control);
  app.use('/api/v1/*', async (c, next) => {
    const admin = c.env.actor === null ? await people.administrator(getCookie(c, COOKIE)) : null;
    const actor = c.env.actor ?? (admin ? `admin:${admin.id}` : null);
    if (actor === null) throw new CodedError('not-signed-in');
    c.set('actor', actor);
    await next();
  });
  systemRoutes(app, control);
  keyRoutes(app, control);
  recordRoutes(app, control);
  pageRoutes(app, control, people);
  app.doc31('/openapi.json', API);
  return app;
}

/** What holds for every request: known host, no foreign origin, bounded body, strict headers. */
function guardRequests(app: OpenAPIHono<Env>, hosts: readonly string[]): void {
  app.use('*', async (c, next) => {
    if (c.env.actor === null) {
      const host = (c.req.header('host') ?? '').replace(/:\d+$/, '').toLowerCase();
      if (!hosts.includes(host)) throw new CodedError('host-not-allowed');
      const origin = c.req.header('origin');
      const site = c.req.header('sec-fetch-site');
      const foreign =
        origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== c.req.header('host'));
      if (
        c.req.method !== 'GET' &&
        c.req.method !== 'HEAD' &&
        (foreign || (site !== undefined && site !== 'same-origin' && site !== 'none'))
      ) {
        throw new CodedError('origin-not-allowed');
      }
    }
    if (Number(c.req.header('content-length') ?? 0) > JSON_BODY_MAX) throw new CodedError('body-too-large');
    if (c.req.header('transfer-encoding') !== undefined)
      throw new CodedError('request-invalid', 'send a body with its length');
    await next();
    c.res.headers.set(
      'content-security-policy',
      "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    );
    c.res.headers.set('x-content-type-options', 'nosniff');
    c.res.headers.set('referrer-policy', 'no-referrer');
    c.res.headers.set('cache-control', 'no-store');
  });
}

/** The OpenAPI document, as served under `/openapi.json`. */
export function openApiDocument(): unknown {
  return createApp(null as never, null as never, []).getOpenAPI31Document(API);
}
