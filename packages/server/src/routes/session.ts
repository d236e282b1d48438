import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Begun, Proof, Who } from '@sallyport/access';
import { levelNeeded } from '@sallyport/access';
import { CodedError, personNamed } from '@sallyport/core';
import type { Context } from 'hono';
import { deleteCookie, getCookie } from 'hono/cookie';
import * as schemas from '../account-schemas.ts';
import type { Control } from '../control.ts';
import {
  body,
  cameFrom,
  type Env,
  failures,
  json,
  keepSession,
  pageOf,
  relyingParty,
  sessionCookie,
} from './shared.ts';

/** A session as its owner sees it. */
function sessionView({ person, session, grants }: Who): z.infer<typeof schemas.sessionView> {
  return {
    id: person.id,
    name: person.name,
    displayName: person.displayName,
    roles: grants.map(({ role, system, expiresAt }) => ({ role, system, expiresAt })),
    level: session.level,
    levelNeeded: levelNeeded(grants),
    methods: [...session.methods],
    provenAt: session.provenAt,
    expiresAt: session.expiresAt,
  };
}

/** What a set-up link holds: in a header, since addresses are written down by whatever stands in between. */
const SETUP_HEADER = 'x-sallyport-setup';

/** Routes of the session: set-up, sign-in, who am I, sign-out. They need no session. */
export function sessionRoutes(app: OpenAPIHono<Env>, control: Control): void {
  const accounts = () => control.accounts;
  const tooMany = { 429: failures[401], 503: failures[401] };
  const whoOf = async (c: Context<Env>, begun: Begun): Promise<Who> => {
    const { person, session } = begun;
    keepSession(c, begun);
    return { person, session, grants: await accounts().sessions.grantsOf(session, session.provenAt) };
  };
  /** A browser that was signed in before does not keep the session it had. */
  const endOld = async (c: Context<Env>): Promise<void> => {
    const old = getCookie(c, sessionCookie(c).name);
    if (old) await accounts().sessions.signOut(old, pageOf(c));
  };
  const begin = async (c: Context<Env>, begun: Begun): Promise<z.infer<typeof schemas.sessionView>> => {
    await endOld(c);
    return sessionView(await whoOf(c, begun));
  };

  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/setup',
      summary: 'Whether a set-up link could be used now',
      request: {
        headers: z.object({
          [SETUP_HEADER]: z.string().max(128).optional().describe('what a set-up link holds behind `#`'),
        }),
      },
      responses: {
        200: json(
          z.object({
            open: z.boolean(),
            administrators: z.boolean(),
            name: z.string().nullable(),
            signOn: z.string().nullable(),
          }),
          'Whether the link works and for whom, whether anybody was set up, and who else signs people on',
        ),
        ...failures,
      },
    }),
    async (c) => {
      const token = c.req.header(SETUP_HEADER);
      const { open, name } =
        token === undefined ? { open: false, name: null } : await accounts().links.open(token);
      return c.json(
        {
          open,
          name: open ? name : null,
          administrators: await accounts().directory.any(),
          signOn: control.config.access.signOn?.label ?? null,
        },
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/setup',
      summary: 'Use a set-up link up: become the first administrator, or choose a password',
      request: body(
        z.strictObject({
          token: z.string().max(128),
          name: personNamed.default(''),
          displayName: z
            .string()
            .min(1)
            .max(128)
            .optional()
            .describe(
              'of the first administrator, as people see it: spaces and any letters; the name when absent',
            ),
          password: z.string().max(1024),
        }),
      ),
      responses: { 201: json(schemas.sessionView, 'Signed in'), ...failures, ...tooMany },
    }),
    async (c) => {
      const { token, ...chosen } = c.req.valid('json');
      return c.json(await begin(c, await accounts().links.use(token, chosen, cameFrom(c))), 201);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/session',
      summary: 'Sign in: with name and password, then what is asked for besides; or with a passkey alone',
      request: body(schemas.signIn),
      responses: {
        200: json(
          schemas.passkeyRequest,
          'What a browser is asked to sign; the ticket works once, for five minutes',
        ),
        201: json(schemas.sessionView, 'Signed in'),
        202: json(schemas.pendingView, 'The password is right; a second factor is asked for'),
        ...failures,
        ...tooMany,
      },
    }),
    async (c) => {
      const input = c.req.valid('json');
      const { signIn, factors } = accounts();
      const from = cameFrom(c);
      const site = relyingParty(c);
      if ('request' in input) {
        const person = input.pending === undefined ? null : await signIn.pendingPerson(input.pending);
        return c.json(await factors.challenge(site, person?.id ?? null), 200);
      }
      if ('proof' in input)
        return c.json(
          await begin(
            c,
            await signIn.secondFactor(input.pending, input.proof as unknown as Proof, from, site),
          ),
          201,
        );
      if ('passkey' in input) {
        const { ticket, passkey } = input as unknown as Extract<Proof, { ticket: string }>;
        return c.json(await begin(c, await signIn.passkey(ticket, passkey, from, site)), 201);
      }
      const first = await signIn.password(input.name, input.password, from);
      if ('begun' in first) return c.json(await begin(c, first.begun), 201);
      return c.json({ pending: first.pending, methods: [...first.methods] }, 202);
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/session',
      summary: 'Who is signed in',
      responses: { 200: json(schemas.sessionView, 'The caller'), ...failures },
    }),
    async (c) => {
      if (c.env.local !== null) return c.json(schemas.localSession(c.env.local), 200);
      const who = await accounts().sessions.who(getCookie(c, sessionCookie(c).name), false, pageOf(c));
      if (!who) throw new CodedError('not-signed-in');
      return c.json(sessionView(who), 200);
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
