import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { CodedError } from '@sallyport/core';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { type People, SESSION_MS } from '../people.ts';
import { body, type Env, failures, json, sessionCookie } from './shared.ts';

/** Routes of the session: set-up, sign-in, who am I, sign-out. They need no session. */
export function sessionRoutes(app: OpenAPIHono<Env>, people: People): void {
  const who = z.object({ name: z.string() }).openapi('Session');
  const tooMany = { 429: failures[401], 503: failures[401] };
  const begin = (c: Context<Env>, token: string): void => {
    const { name, secure } = sessionCookie(c);
    setCookie(c, name, token, {
      httpOnly: true,
      sameSite: 'Strict',
      path: '/',
      secure,
      maxAge: SESSION_MS / 1000,
    });
  };
  /** A browser that was signed in before does not keep the session it had. */
  const endOld = async (c: Context<Env>): Promise<void> => {
    const old = getCookie(c, sessionCookie(c).name);
    if (old) await people.signOut(old);
  };

  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/setup',
      summary: 'Whether a set-up link could be used now',
      request: { query: z.object({ token: z.string().max(128).optional() }) },
      responses: {
        200: json(
          z.object({ open: z.boolean(), administrators: z.boolean() }),
          'Whether the link works, and whether anybody was set up',
        ),
        ...failures,
      },
    }),
    async (c) => {
      const token = c.req.query('token');
      const open = token !== undefined && (await people.setupOpen(token));
      return c.json({ open, administrators: await people.any() }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/setup',
      summary: 'Use the set-up link up and become the first administrator',
      request: body(
        z.strictObject({
          token: z.string().max(128),
          name: z.string().max(64),
          password: z.string().max(1024),
        }),
      ),
      responses: { 201: json(who, 'Signed in'), ...failures, ...tooMany },
    }),
    async (c) => {
      const { token, name, password } = c.req.valid('json');
      begin(c, await people.setUp(token, name, password));
      return c.json({ name }, 201);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/session',
      summary: 'Sign in',
      request: body(z.strictObject({ name: z.string().max(64), password: z.string().max(1024) })),
      responses: { 201: json(who, 'Signed in'), ...failures, ...tooMany },
    }),
    async (c) => {
      const { name, password } = c.req.valid('json');
      const token = await people.signIn(name, password, c.env.address);
      await endOld(c);
      begin(c, token);
      return c.json({ name }, 201);
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/session',
      summary: 'Who is signed in',
      responses: { 200: json(who, 'The administrator'), ...failures },
    }),
    async (c) => {
      if (c.env.actor !== null) return c.json({ name: c.env.actor }, 200);
      const admin = await people.administrator(getCookie(c, sessionCookie(c).name), false);
      if (!admin) throw new CodedError('not-signed-in');
      return c.json({ name: admin.name }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'delete',
      path: '/api/v1/session',
      summary: 'Sign out',
      responses: { 204: { description: 'Signed out' }, ...failures },
    }),
    async (c) => {
      await endOld(c);
      const { name, secure } = sessionCookie(c);
      deleteCookie(c, name, { path: '/', secure });
      return c.body(null, 204);
    },
  );
}
