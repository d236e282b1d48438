import type { OpenAPIHono } from '@hono/zod-openapi';
import { toCodedError } from '@sallyport/core';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { Control } from '../control.ts';
import { loginPage, STYLE, setupPage, statusPage } from '../pages/pages.ts';
import { type People, SETUP_LINK_MS } from '../people.ts';
import { COOKIE, type Env, exchangeView } from './shared.ts';

/** The few pages until there is a console. Forms post to them; they need no script. */
export function pageRoutes(app: OpenAPIHono<Env>, control: Control, people: People): void {
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
