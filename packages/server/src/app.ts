import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { CodedError, describeIssue, ERRORS, toCodedError } from '@sallyport/core';
import type { ExchangeRow } from '@sallyport/store';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { Control } from './control.ts';
import { diagnose } from './doctor.ts';
import { log } from './log.ts';
import { prometheus } from './metrics.ts';
import { loginPage, STYLE, setupPage, statusPage } from './pages/pages.ts';
import { type People, SETUP_LINK_MS } from './people.ts';
import * as schemas from './schemas.ts';
import type { KnownSystem } from './snapshot.ts';

/** What comes with a request from outside HTTP: who asks when the socket says it, and from where. */
interface Caller {
  /** Set on the control socket and for commands: `local:USER`. */
  readonly actor: string | null;
  readonly address: string;
}

interface Env {
  Bindings: Caller;
  Variables: { actor: string };
}

const COOKIE = 'sallyport_session';
const JSON_BODY_MAX = 256 * 1024;

const json = <T extends z.ZodType>(schema: T, description: string) => ({
  content: { 'application/json': { schema } },
  description,
});
const failures = Object.fromEntries(
  [400, 401, 403, 404, 409].map((status) => [
    status,
    json(schemas.errorSchema, 'What is wrong and what to do'),
  ]),
) as Record<400 | 401 | 403 | 404 | 409, ReturnType<typeof json<typeof schemas.errorSchema>>>;
const body = <T extends z.ZodType>(schema: T) => ({
  body: { content: { 'application/json': { schema } }, required: true },
});
const named = (name: string) => ({ params: z.object({ [name]: z.string().max(128) }) });

function systemView({ name, config, demo, origin }: KnownSystem): z.infer<typeof schemas.systemView> {
  const { dialect, urls, mode, allowPrivate, apiKeyRef } = config;
  return { name, dialect, urls, mode, allowPrivate, apiKeyRef: apiKeyRef ?? null, demo, origin };
}

function exchangeView(row: ExchangeRow): z.infer<typeof schemas.exchangeView> {
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

function failure(c: Context<Env>, fault: unknown): Response {
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
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'Sallyport control plane', version: '0.1.0' },
  });
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

/** Routes that tell nothing about anybody: health, readiness, counts. */
function openRoutes(app: OpenAPIHono<Env>, control: Control): void {
  const health = z.object({ status: z.string() });
  app.openapi(
    createRoute({
      method: 'get',
      path: '/healthz',
      summary: 'Whether the process lives',
      responses: { 200: json(health, 'It lives') },
    }),
    (c) => c.json({ status: 'ok' }, 200),
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/readyz',
      summary: 'Whether calls are taken',
      responses: { 200: json(health, 'Yes'), 503: json(health, 'Not now') },
    }),
    (c) =>
      control.gateway && control.gateway.size > 0
        ? c.json({ status: 'ready' }, 200)
        : c.json({ status: 'no gateway worker runs' }, 503),
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/metrics',
      summary: 'Counts in the Prometheus text format',
      responses: { 200: { description: 'Counts', content: { 'text/plain': { schema: z.string() } } } },
    }),
    (c) => {
      const { ledger } = control.installation;
      return c.text(
        prometheus(control.stats(), {
          ledgerSize: ledger.size,
          checkpointSize: ledger.checkpoint.size,
          workers: control.gateway?.size ?? 0,
        }),
        200,
        { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
      );
    },
  );
}

function systemRoutes(app: OpenAPIHono<Env>, control: Control): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/systems',
      summary: 'List AI systems',
      responses: {
        200: json(z.object({ systems: z.array(schemas.systemView) }), 'Every system'),
        ...failures,
      },
    }),
    async (c) => c.json({ systems: (await control.systems()).map(systemView) }, 200),
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/systems',
      summary: 'Add an AI system',
      request: body(schemas.newSystem),
      responses: { 201: json(schemas.systemView, 'Added'), ...failures },
    }),
    async (c) => {
      const { name, ...config } = c.req.valid('json');
      return c.json(systemView(await control.addSystem(c.var.actor, name, config)), 201);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/systems/{name}/mode',
      summary: 'Observe or enforce',
      request: { ...named('name'), ...body(z.strictObject({ mode: z.enum(['observe', 'enforce']) })) },
      responses: { 200: json(schemas.systemView, 'Changed'), ...failures },
    }),
    async (c) =>
      c.json(
        systemView(await control.setMode(c.var.actor, c.req.param('name'), c.req.valid('json').mode)),
        200,
      ),
  );
  app.openapi(
    createRoute({
      method: 'delete',
      path: '/api/v1/systems/{name}',
      summary: 'Remove an AI system',
      request: named('name'),
      responses: { 204: { description: 'Removed' }, ...failures },
    }),
    async (c) => {
      await control.removeSystem(c.var.actor, c.req.param('name'));
      return c.body(null, 204);
    },
  );
}

function keyRoutes(app: OpenAPIHono<Env>, control: Control): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/keys',
      summary: 'List API keys, without secrets',
      responses: { 200: json(z.object({ keys: z.array(schemas.keyView) }), 'Every key'), ...failures },
    }),
    async (c) =>
      c.json(
        {
          keys: (await control.keys()).map((key) => ({
            ...key,
            systems: [...key.systems],
            limits: { ...key.limits },
          })),
        },
        200,
      ),
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/keys',
      summary: 'Create an API key; the secret is shown this once',
      request: body(schemas.newKey),
      responses: { 201: json(schemas.issuedKey, 'The key'), ...failures },
    }),
    async (c) =>
      c.json(
        await control.createKey(c.var.actor, c.req.valid('json') as Parameters<Control['createKey']>[1]),
        201,
      ),
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/keys/{id}/revoke',
      summary: 'Revoke an API key; in force when this answers',
      request: named('id'),
      responses: { 200: json(schemas.keyView, 'Revoked'), ...failures },
    }),
    async (c) => {
      const key = await control.revokeKey(c.var.actor, c.req.param('id'));
      return c.json({ ...key, systems: [...key.systems], limits: { ...key.limits } }, 200);
    },
  );
}

function recordRoutes(app: OpenAPIHono<Env>, control: Control): void {
  const query = z.object({
    system: z.string().max(64).optional(),
    outcome: z.string().max(32).optional(),
    before: z.string().max(64).optional(),
    limit: z.coerce.number().int().min(1).max(500).default(50),
  });
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/exchanges',
      summary: 'List exchanges, newest first',
      request: { query },
      responses: {
        200: json(z.object({ exchanges: z.array(schemas.exchangeView) }), 'Exchanges'),
        ...failures,
      },
    }),
    async (c) =>
      c.json({ exchanges: (await control.exchanges(c.req.valid('query'))).map(exchangeView) }, 200),
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/exchanges/{id}',
      summary: 'One exchange with its entries in the log and their inclusion proofs',
      request: { ...named('id'), query: z.object({ content: z.enum(['true', 'false']).optional() }) },
      responses: {
        200: json(schemas.exchangeProof, 'The exchange; content only when asked for, which is recorded'),
        ...failures,
      },
    }),
    async (c) => {
      const { summary, entries, checkpoint } = await control.exchange(
        c.var.actor,
        c.req.param('id'),
        c.req.query('content') === 'true',
      );
      return c.json(
        {
          exchange: exchangeView(summary),
          entries: entries.map((entry) => ({ ...entry, leaf: { ...entry.leaf } })),
          checkpoint,
        },
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/observations',
      summary: 'What enforcing would have blocked, by system',
      responses: {
        200: json(z.object({ observations: z.array(schemas.observationView) }), 'By system'),
        ...failures,
      },
    }),
    async (c) => {
      await control.installation.flush();
      return c.json({ observations: await control.installation.store.exchanges.summaries() }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/findings',
      summary: 'Findings: detections of one kind on one system',
      responses: { 200: json(z.object({ findings: z.array(schemas.findingView) }), 'Findings'), ...failures },
    }),
    async (c) => {
      await control.installation.flush();
      return c.json({ findings: await control.installation.store.exchanges.findings() }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/posture',
      summary: 'Every control, computed now from evidence',
      responses: { 200: json(z.object({ controls: z.array(schemas.controlView) }), 'Controls'), ...failures },
    }),
    async (c) =>
      c.json(
        {
          controls: (await control.posture()).map((one) => ({
            ...one,
            evidence: [...one.evidence],
            missing: [...one.missing],
          })),
        },
        200,
      ),
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/ledger/checkpoint',
      summary: 'Sign a checkpoint over everything recorded so far',
      responses: { 200: json(schemas.checkpointView, 'The checkpoint'), ...failures },
    }),
    async (c) => {
      const { ledger } = control.installation;
      const checkpoint = await ledger.checkpointNow();
      const { note } = checkpoint.size > 0 ? await ledger.prove(0) : { note: '' };
      return c.json(
        {
          size: checkpoint.size,
          rootHash: checkpoint.root.toString('base64'),
          note,
          verifierKey: ledger.verifierKey,
        },
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/doctor',
      summary: 'What is wrong and what to type',
      responses: {
        200: json(z.object({ diagnoses: z.array(schemas.diagnosisView) }), 'Checks'),
        ...failures,
      },
    }),
    async (c) => c.json({ diagnoses: await diagnose(control) }, 200),
  );
}

/** The few pages until there is a console. Forms post to them; they need no script. */
function pageRoutes(app: OpenAPIHono<Env>, control: Control, people: People): void {
  const signedIn = (c: Context<Env>, token: string): Response => {
    const secure = c.req.url.startsWith('https:');
    setCookie(c, COOKIE, token, { httpOnly: true, sameSite: 'Strict', path: '/', secure, maxAge: 12 * 3600 });
    return c.redirect('/', 303);
  };
  app.get('/style.css', (c) => c.text(STYLE, 200, { 'content-type': 'text/css; charset=utf-8' }));
  app.get('/', async (c) => {
    const admin = await people.administrator(getCookie(c, COOKIE));
    if (!admin) return c.html(loginPage(null));
    const [systems, exchanges, controls, observations] = [
      await control.systems(),
      await control.exchanges({ limit: 20 }),
      await control.posture(),
      await control.installation.store.exchanges.summaries(),
    ];
    return c.html(
      statusPage({
        admin: admin.name,
        systems,
        exchanges: exchanges.map(exchangeView),
        controls,
        observations,
        ledger: control.installation.ledger.checkpoint,
      }),
    );
  });
  app.get('/setup', async (c) => {
    const token = c.req.query('token') ?? '';
    if (!(await people.setupOpen(token)))
      return c.html(loginPage('This set-up link was used, has expired or is wrong.'), 403);
    return c.html(setupPage(token, null, SETUP_LINK_MS));
  });
  app.post('/setup', async (c) => {
    const form = await c.req.parseBody();
    const token = String(form['token'] ?? '');
    try {
      return signedIn(
        c,
        await people.setUp(token, String(form['name'] ?? ''), String(form['password'] ?? '')),
      );
    } catch (fault) {
      const coded = toCodedError(fault);
      if (coded.code !== 'request-invalid') throw fault;
      return c.html(setupPage(token, coded.message, SETUP_LINK_MS), 400);
    }
  });
  app.post('/sign-in', async (c) => {
    const form = await c.req.parseBody();
    try {
      return signedIn(
        c,
        await people.signIn(String(form['name'] ?? ''), String(form['password'] ?? ''), c.env.address),
      );
    } catch (fault) {
      const coded = toCodedError(fault);
      if (coded.code !== 'not-signed-in' && coded.code !== 'rate-limited') throw fault;
      return c.html(loginPage(coded.message), coded.status as 401);
    }
  });
  app.post('/sign-out', async (c) => {
    const token = getCookie(c, COOKIE);
    if (token) await people.signOut(token);
    deleteCookie(c, COOKIE, { path: '/' });
    return c.redirect('/', 303);
  });
}

/** The OpenAPI document, as served under `/openapi.json`. */
export function openApiDocument(app: OpenAPIHono<Env>): unknown {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Sallyport control plane', version: '0.1.0' },
  });
}
