import { OpenAPIHono } from '@hono/zod-openapi';
import { bareHost, CodedError, describeIssue, isLoopback } from '@sallyport/core';
import type { Context } from 'hono';
import { getCookie } from 'hono/cookie';
import { type Principal, principalText } from './authorisation/authoriser.ts';
import { requirePermissions } from './authorisation/route-permissions.ts';
import { Standing } from './authorisation/standing.ts';
import type { Control } from './control.ts';
import type { AskedRoutes } from './probes/probe-context.ts';
import { requireBody, requireStorableAddress } from './request-body.ts';
import { accountRoutes } from './routes/account.ts';
import { backupRoutes } from './routes/backups.ts';
import { consoleRoutes } from './routes/console.ts';
import { datasetRoutes } from './routes/datasets.ts';
import { discoveryRoutes } from './routes/discovery.ts';
import { findingRoutes } from './routes/findings.ts';
import { guardRoutes } from './routes/guard.ts';
import { holdRoutes } from './routes/holds.ts';
import { integrationRoutes } from './routes/integrations.ts';
import { inventoryRoutes } from './routes/inventory.ts';
import { keyRoutes } from './routes/keys.ts';
import { lineageRoutes } from './routes/lineage.ts';
import { monitorRoutes } from './routes/monitor.ts';
import { openRoutes } from './routes/open.ts';
import { peopleRoutes } from './routes/people.ts';
import { policyRoutes } from './routes/policies.ts';
import { priceRoutes } from './routes/prices.ts';
import { programRoutes } from './routes/programs.ts';
import { recordRoutes } from './routes/record.ts';
import { reviewRoutes } from './routes/reviews.ts';
import { scanRoutes } from './routes/scans.ts';
import { scimRoutes } from './routes/scim.ts';
import { secretOriginRoutes } from './routes/secret-origins.ts';
import { sessionRoutes } from './routes/session.ts';
import {
  bearerOf,
  type Env,
  failure,
  isForeign,
  pageOf,
  requirePort,
  sessionCookie,
  siteOrigin,
} from './routes/shared.ts';
import { signOnRoutes } from './routes/sign-on.ts';
import { stateRoutes } from './routes/state.ts';
import { systemRoutes } from './routes/systems.ts';
import { tlsRoutes } from './routes/tls.ts';
import { tokenRoutes } from './routes/token.ts';
import { trafficRoutes } from './routes/traffic.ts';
import { vaultRoutes } from './routes/vault.ts';
import { versionRoutes } from './routes/versions.ts';

const API = { openapi: '3.1.0', info: { title: 'Sallyport control plane', version: '0.1.0' } } as const;
/** Everything from here, nothing from elsewhere, nothing inline. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
  "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'";
/** A year over TLS and nothing else, for this host alone: what else is under its name is not ours (RFC 6797). */
const TRANSPORT = 'max-age=31536000';
const JSON_BODY_MAX = 256 * 1024;

/** The control plane as one application: API under `/api/v1`, health and metrics, the console. */
export function createApp(
  control: Control,
  hosts: readonly string[],
  consoleFolder: string | null,
): OpenAPIHono<Env> {
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
  sessionRoutes(app, control);
  signOnRoutes(app, control);
  tokenRoutes(app, control);
  for (const under of ['/api/v1/*', '/scim/v2/*'])
    app.use(under, async (c, next) => {
      const standing = await signedIn(c, control);
      if (standing === null || c.req.method === 'GET') return next();
      return control.installation.store.asking(standing, next);
    });
  requirePermissions(app, control);
  accountRoutes(app, control);
  peopleRoutes(app, control);
  policyRoutes(app, control);
  programRoutes(app, control);
  reviewRoutes(app, control);
  integrationRoutes(app, control);
  scimRoutes(app, control);
  systemRoutes(app, control);
  secretOriginRoutes(app, control);
  keyRoutes(app, control);
  recordRoutes(app, control);
  trafficRoutes(app, control);
  monitorRoutes(app, control);
  guardRoutes(app, control);
  findingRoutes(app, control);
  inventoryRoutes(app, control);
  versionRoutes(app, control);
  datasetRoutes(app, control);
  lineageRoutes(app, control);
  discoveryRoutes(app, control);
  scanRoutes(app, control);
  vaultRoutes(app, control);
  backupRoutes(app, control);
  tlsRoutes(app, control);
  holdRoutes(app, control);
  priceRoutes(app, control);
  stateRoutes(app, control);
  // Worked out once: whoever asks often costs little.
  let document: string | null = null;
  app.get('/openapi.json', (c) => {
    document ??= JSON.stringify(app.getOpenAPI31Document(API));
    return c.body(document, 200, { 'content-type': 'application/json' });
  });
  consoleRoutes(app, consoleFolder);
  return app;
}

/** Finds out who asks. @returns null for commands @throws CodedError `not-signed-in` */
async function signedIn(c: Context<Env>, control: Control): Promise<Standing | null> {
  const { accounts, authoriser } = control;
  // What a page fetches by itself says so, and keeps no session alive.
  const active = c.req.header('x-sallyport-background') === undefined && c.req.path !== '/api/v1/live';
  const token = getCookie(c, sessionCookie(c).name);
  const bearer = bearerOf(c);
  const page = pageOf(c);
  const who =
    c.env.local === null && bearer === undefined ? await accounts.sessions.who(token, active, page) : null;
  if (c.env.local === null && bearer === undefined && who === null) throw new CodedError('not-signed-in');
  const principal: Principal =
    c.env.local !== null
      ? { kind: 'local', name: c.env.local }
      : who
        ? { kind: 'person', who }
        : {
            kind: 'program',
            known: await accounts.programs.recognise(bearer!, c.env.address, c.env.certificate ?? null),
          };
  c.set('principal', principal);
  c.set('actor', principalText(principal));
  c.set('permit', (action, target) => authoriser.require(principal, action, target, c.env.address, true));
  const { store } = control.installation;
  const standing = principal.kind === 'local' ? null : new Standing(store, principal);
  c.set('stillThere', async () => {
    if (standing === null) return true;
    // A session that nobody uses ends, too, and a key that is meant for certain hours.
    if (principal.kind === 'person' && (await accounts.sessions.who(token, false, page)) === null)
      return false;
    if (principal.kind === 'program')
      await accounts.programs.recognise(bearer!, c.env.address, c.env.certificate ?? null);
    return standing.isThere();
  });
  return standing;
}

/** What holds for every request: known host, no foreign origin, bounded body, strict headers. */
function guardRequests(app: OpenAPIHono<Env>, hosts: readonly string[]): void {
  app.use('*', async (c, next) => {
    await next();
    strictHeaders(c);
  });
  app.use('*', async (c, next) => {
    if (c.env.local === null) {
      const named = c.req.header('host') ?? '';
      const host = named.replace(/:\d+$/, '').toLowerCase();
      if (!hosts.includes(host) || !URL.canParse(`http://${named}`)) throw new CodedError('host-not-allowed');
      requirePort(c.env, named);
      const site = c.req.header('sec-fetch-site');
      if (
        c.req.method !== 'GET' &&
        c.req.method !== 'HEAD' &&
        (isForeign(c) || (site !== undefined && site !== 'same-origin' && site !== 'none'))
      ) {
        throw new CodedError('origin-not-allowed');
      }
    }
    if (Number(c.req.header('content-length') ?? 0) > JSON_BODY_MAX) throw new CodedError('body-too-large');
    if (c.req.header('transfer-encoding') !== undefined)
      throw new CodedError('request-invalid', 'send a body with its length');
    requireStorableAddress(c.req);
    await requireBody(c);
    await next();
  });
}

/** Headers of every answer, refusals too. */
function strictHeaders(c: Context<Env>): void {
  const { headers } = c.res;
  // Not for names of this machine: what else listens here would have to speak TLS too.
  const site = URL.parse(siteOrigin(c));
  if (c.env.local === null && site?.protocol === 'https:' && !isLoopback(bareHost(site)))
    headers.set('strict-transport-security', TRANSPORT);
  headers.set('content-security-policy', POLICY);
  headers.set('cross-origin-opener-policy', 'same-origin');
  headers.set('cross-origin-resource-policy', 'same-origin');
  headers.set('permissions-policy', 'camera=(), microphone=(), geolocation=()');
  headers.set('x-content-type-options', 'nosniff');
  headers.set('referrer-policy', 'no-referrer');
  if (!headers.has('cache-control')) headers.set('cache-control', 'no-store');
}

/** Routes that answer whoever asks: who am I, signing in and out, set-up. */
const OPEN_ROUTES = ['/api/v1/session', '/api/v1/setup'];

/** Where a probe comes in: it asks the application, and no port. */
const PROBED = { scheme: 'http', port: 80 } as const;

/** Asks every operation of the API as somebody who is not signed in. */
export async function askEveryRoute(app: OpenAPIHono<Env>): Promise<AskedRoutes> {
  const open: string[] = [];
  let asked = 0;
  for (const one of app.openAPIRegistry.definitions) {
    if (one.type !== 'route') continue;
    const { path, method } = one.route;
    if (!path.startsWith('/api/') || OPEN_ROUTES.includes(path)) continue;
    const request = new Request(`http://localhost${path.replaceAll(/\{[^{}]+\}/g, 'probe')}`, {
      method: method.toUpperCase(),
      headers: { host: 'localhost' },
    });
    const { status } = await app.fetch(request, { local: null, address: 'probe', listener: PROBED });
    asked++;
    if (status !== 401) open.push(`${method.toUpperCase()} ${path}`);
  }
  return { asked, open };
}

/** Asks for a file of a data set as somebody who runs a command here, and so holds nothing on data. @returns the HTTP status */
export async function askForDataset(app: OpenAPIHono<Env>, name: string, label: string): Promise<number> {
  const path = `/api/v1/datasets/${encodeURIComponent(name)}/${encodeURIComponent(label)}/files/0`;
  const request = new Request(`http://localhost${path}`, { headers: { host: 'localhost' } });
  const answer = await app.fetch(request, { local: 'probe', address: 'probe' });
  await answer.body?.cancel();
  return answer.status;
}

/** The OpenAPI document, as served under `/openapi.json`. */
export function openApiDocument(): unknown {
  return createApp(null as never, [], null).getOpenAPI31Document(API);
}
