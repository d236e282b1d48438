import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { levelNeeded, type Proof, type Who } from '@sallyport/access';
import { CodedError } from '@sallyport/core';
import type { Context } from 'hono';
import * as schemas from '../account-schemas.ts';
import { needs } from '../authorisation/route-permissions.ts';
import type { Control } from '../control.ts';
import { body, cameFrom, type Env, failures, json, keepSession, named, relyingParty } from './shared.ts';

const factorName = z.string().min(1).max(64);

/** Routes of one's own account: factors, sessions, devices, password. */
export function accountRoutes(app: OpenAPIHono<Env>, control: Control): void {
  const who = (c: Context<Env>): Who => {
    const { principal } = c.var;
    if (principal.kind !== 'person')
      throw new CodedError('not-permitted', 'a command has no account of its own');
    return principal.who;
  };
  /** Factors change only on a fresh proof; that it is the strongest which is enrolled is seen to where they change. */
  const mayEnrol = (c: Context<Env>): Promise<void> =>
    c.var.permit('own-factors', { kind: 'person', id: who(c).person.id });
  const tooMany = { 429: failures[401], 503: failures[401] };
  const done = { 204: { description: 'Done' }, ...failures };

  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/account',
      ...needs('own-account', 'self'),
      summary: 'Your own account: factors, sessions, devices',
      responses: { 200: json(schemas.accountView, 'The account'), ...failures },
    }),
    async (c) => {
      const { person, session, grants } = who(c);
      const { sessions, devices } = await control.accounts.sessions.list(person.id);
      const factors = await control.accounts.factors.list(person.id);
      return c.json(
        {
          name: person.name,
          displayName: person.displayName,
          email: person.email,
          origin: person.origin,
          passwordChangedAt: person.passwordChangedAt,
          levelNeeded: levelNeeded(grants),
          factors: factors
            .filter(({ kind }) => kind !== 'recovery-code')
            .map(({ id, kind, name, createdAt, usedAt }) => ({ id, kind, name, createdAt, usedAt })),
          recoveryCodesLeft: factors.filter(({ kind, usedAt }) => kind === 'recovery-code' && usedAt === null)
            .length,
          sessions: sessions.map((one) => schemas.sessionRow(one, session.id)),
          devices: devices.map(({ id, agent, address, firstSeenAt, lastSeenAt }) => ({
            id,
            agent,
            address,
            firstSeenAt,
            lastSeenAt,
            current: id === session.deviceId,
          })),
        },
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/account/proof',
      ...needs('own-account', 'self'),
      summary: 'Prove again who you are, before something dangerous; the session gets another token',
      request: body(
        z.strictObject({
          proof: z.union([schemas.proof, z.strictObject({ password: z.string().max(1024) })]),
        }),
      ),
      responses: { 200: json(schemas.provenView, 'Proven'), ...failures, ...tooMany },
    }),
    async (c) => {
      const proof = c.req.valid('json').proof as Proof | { password: string };
      const begun = await control.accounts.signIn.proveAgain(who(c), proof, cameFrom(c), relyingParty(c));
      keepSession(c, begun);
      return c.json({ level: begun.session.level, provenAt: begun.session.provenAt }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/account/passkey-request',
      ...needs('own-account', 'self'),
      summary: 'What a browser is asked to sign, to prove again who you are',
      responses: { 200: json(schemas.passkeyRequest, 'For `navigator.credentials.get`'), ...failures },
    }),
    async (c) => c.json(await control.accounts.factors.challenge(relyingParty(c), who(c).person.id), 200),
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/account/passkey-creation',
      ...needs('own-account', 'self'),
      summary: 'What a browser is asked to make a passkey from',
      responses: { 200: json(schemas.passkeyRequest, 'For `navigator.credentials.create`'), ...failures },
    }),
    async (c) => {
      await mayEnrol(c);
      return c.json(await control.accounts.factors.beginPasskey(who(c), relyingParty(c)), 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/account/passkeys',
      ...needs('own-account', 'self'),
      summary: 'Add the passkey that a browser made; the session rises with it',
      request: body(
        z.strictObject({ ticket: z.string().max(128), name: factorName, passkey: schemas.createdCredential }),
      ),
      responses: { 201: json(schemas.provenView, 'Added'), ...failures, ...tooMany },
    }),
    async (c) => {
      await mayEnrol(c);
      const input = c.req.valid('json') as unknown as Parameters<
        typeof control.accounts.factors.addPasskey
      >[2];
      const begun = await control.accounts.factors.addPasskey(who(c), relyingParty(c), input);
      keepSession(c, begun);
      return c.json({ level: begun.session.level, provenAt: begun.session.provenAt }, 201);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/account/authenticators',
      ...needs('own-account', 'self'),
      summary: 'Begin to add an authenticator app; it counts once its first code was shown',
      request: body(z.strictObject({ name: factorName })),
      responses: {
        201: json(
          z.object({ id: z.string(), secret: z.string(), uri: z.string() }),
          'The secret, shown this once',
        ),
        ...failures,
      },
    }),
    async (c) => {
      await mayEnrol(c);
      return c.json(await control.accounts.factors.beginTotp(who(c), c.req.valid('json').name), 201);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/account/authenticators/{id}/confirm',
      ...needs('own-account', 'self'),
      summary: 'Show the first code of an authenticator app',
      request: { ...named('id'), ...body(z.strictObject({ code: z.string().max(16) })) },
      responses: { 200: json(schemas.provenView, 'Added'), ...failures, ...tooMany },
    }),
    async (c) => {
      await mayEnrol(c);
      const begun = await control.accounts.factors.confirmTotp(
        who(c),
        c.req.param('id'),
        c.req.valid('json').code,
      );
      keepSession(c, begun);
      return c.json({ level: begun.session.level, provenAt: begun.session.provenAt }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/account/recovery-codes',
      ...needs('own-factors', 'self'),
      summary: 'Make recovery codes; those before are void',
      responses: { 201: json(z.object({ codes: z.array(z.string()) }), 'Shown this once'), ...failures },
    }),
    async (c) => c.json({ codes: await control.accounts.factors.newRecoveryCodes(who(c)) }, 201),
  );
  app.openapi(
    createRoute({
      method: 'delete',
      path: '/api/v1/account/factors/{id}',
      ...needs('own-factors', 'self'),
      summary: 'Remove a passkey or an authenticator app',
      request: named('id'),
      responses: done,
    }),
    async (c) => {
      const own = who(c);
      await control.accounts.factors.remove(own, c.req.param('id'), levelNeeded(own.grants));
      return c.body(null, 204);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/account/password',
      ...needs('own-factors', 'self'),
      summary: 'Change your password; every other session ends',
      request: body(z.strictObject({ current: z.string().max(1024), password: z.string().max(1024) })),
      responses: { ...done, ...tooMany },
    }),
    async (c) => {
      const { current, password } = c.req.valid('json');
      await control.accounts.signIn.changePassword(who(c), current, password, cameFrom(c));
      return c.body(null, 204);
    },
  );
  app.openapi(
    createRoute({
      method: 'delete',
      path: '/api/v1/account/sessions',
      ...needs('own-factors', 'self', true),
      summary: 'End every other session of yours',
      responses: done,
    }),
    async (c) => {
      const { person, session } = who(c);
      await control.accounts.sessions.endOf(
        c.var.actor,
        person.id,
        { butHash: session.hash },
        'ended by its owner',
      );
      return c.body(null, 204);
    },
  );
  app.openapi(
    createRoute({
      method: 'delete',
      path: '/api/v1/account/sessions/{id}',
      ...needs('own-factors', 'self', true),
      summary: 'End a session of yours',
      request: named('id'),
      responses: done,
    }),
    async (c) => {
      await control.accounts.sessions.endOf(
        c.var.actor,
        who(c).person.id,
        { id: c.req.param('id') },
        'ended by its owner',
      );
      return c.body(null, 204);
    },
  );
  app.openapi(
    createRoute({
      method: 'delete',
      path: '/api/v1/account/devices/{id}',
      ...needs('own-factors', 'self', true),
      summary: 'Forget a device, and end the sessions on it',
      request: named('id'),
      responses: done,
    }),
    async (c) => {
      await control.accounts.sessions.forgetDevice(c.var.actor, who(c).person.id, c.req.param('id'));
      return c.body(null, 204);
    },
  );
}
