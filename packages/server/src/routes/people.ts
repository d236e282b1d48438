import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { PersonView } from '@sallyport/access';
import { CodedError } from '@sallyport/core';
import type { PersonRow } from '@sallyport/store';
import type { Context } from 'hono';
import * as schemas from '../account-schemas.ts';
import { requireLettingIn } from '../authorisation/handing-on.ts';
import { inEmergency, lastingGrants } from '../authorisation/lasting.ts';
import { needs } from '../authorisation/route-permissions.ts';
import type { Control } from '../control.ts';
import { body, type Env, failures, json, named, namedBoth, siteOrigin } from './shared.ts';

const personView = (
  { grants, factors, ...person }: PersonView,
  stillIn: readonly Pick<PersonView, 'id' | 'name'>[] = [],
): z.infer<typeof schemas.personView> => ({
  id: person.id,
  name: person.name,
  displayName: person.displayName,
  email: person.email,
  origin: person.origin,
  createdAt: person.createdAt,
  createdBy: person.createdBy,
  disabledAt: person.disabledAt,
  shutOutBy: person.shutOutBy ?? null,
  localUser: person.localUser ?? null,
  factors: [...factors],
  grants: grants.map(({ holder: _, ...grant }) => grant),
  stillIn: stillIn.map(({ id, name }) => ({ id, name })),
});

/** Routes of the people with accounts and of what they hold. */
export function peopleRoutes(app: OpenAPIHono<Env>, control: Control): void {
  const directory = () => control.accounts.directory;
  const done = { 204: { description: 'Done' }, ...failures };
  const views = async (
    isShown: (one: PersonView) => boolean,
  ): Promise<z.infer<typeof schemas.personView>[]> => {
    const all = await directory().list();
    const shown = all.filter(isShown);
    const stillIn = await control.fourEyes.stillIn(all, shown);
    return shown.map((one) => personView(one, stillIn.get(one.id)));
  };
  const view = async ({ id }: PersonRow): Promise<z.infer<typeof schemas.personView>> =>
    (await views((one) => one.id === id))[0]!;
  /** The set-up link as the person who gets it opens it. */
  const linkUrl = (c: Context<Env>, token: string): string => {
    const origin = c.env.local === null ? siteOrigin(c) : (control.consoleUrl ?? '');
    return `${origin}/setup#token=${token}`;
  };

  /** Emergency access ends; an account that is taken over meanwhile would not. */
  const permitTakingOver = async (c: Context<Env>, { id }: PersonRow): Promise<void> => {
    if (inEmergency(c.var.principal) || (await control.fourEyes.isPowerful(`person:${id}`)))
      await c.var.permit('make-approvers', { kind: 'person', id });
  };

  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/people',
      ...needs('see-people', 'organisation'),
      summary: 'List people with accounts, what they hold and which factors they have',
      responses: { 200: json(z.object({ people: z.array(schemas.personView) }), 'Everybody'), ...failures },
    }),
    async (c) => c.json({ people: await views(() => true) }, 200),
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/people',
      ...needs('add-people', 'organisation'),
      summary: 'Add a person; the link with which they choose a password is shown this once',
      request: body(schemas.newPerson),
      responses: {
        201: json(z.object({ person: schemas.personView, link: z.string().nullable() }), 'Added'),
        ...failures,
      },
    }),
    async (c) => {
      const input = c.req.valid('json');
      if (input.grants.length > 0) await c.var.permit('change-grants', { kind: 'organisation' });
      if (control.fourEyes.makesApprovers(input.grants))
        await c.var.permit('make-approvers', { kind: 'organisation' });
      await control.requireSystems(input.grants);
      const grants = await lastingGrants(
        control,
        c.var.principal,
        'change-grants',
        input.grants,
        c.env.address,
      );
      const { person, token } = await directory().add(c.var.actor, {
        ...input,
        grants,
        address: c.env.address,
      });
      return c.json({ person: await view(person), link: token === null ? null : linkUrl(c, token) }, 201);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/people/{id}/link',
      ...needs('add-people', 'person'),
      summary: 'Make a link with which a person chooses a new password; using it voids their factors',
      request: named('id'),
      responses: {
        201: json(z.object({ link: z.string(), expiresAt: z.string() }), 'The link, shown this once'),
        ...failures,
      },
    }),
    async (c) => {
      const person = await directory().find(c.req.param('id'));
      await permitTakingOver(c, person);
      const { token, expiresAt } = await control.accounts.links.make(c.var.actor, person, c.env.address);
      return c.json({ link: linkUrl(c, token), expiresAt }, 201);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/people/{id}/provider',
      ...needs('add-people', 'person'),
      summary: 'Link an account to a subject of the identity provider, or to none; its sessions end',
      request: {
        ...named('id'),
        ...body(
          z.strictObject({
            subject: z.string().min(1).max(255).nullable(),
            issuer: z.url().max(512).optional().describe('the configured one when absent'),
          }),
        ),
      },
      responses: { 200: json(schemas.personView, 'Done'), ...failures },
    }),
    async (c) => {
      const { subject, issuer = control.config.access.signOn?.issuer } = c.req.valid('json');
      if (issuer === undefined) throw new CodedError('not-found', 'no identity provider is configured');
      const linked = subject === null ? null : `${issuer}|${subject}`;
      await permitTakingOver(c, await directory().find(c.req.param('id')));
      const person = await directory().link(c.var.actor, c.req.param('id'), linked, c.env.address);
      return c.json(await view(person), 200);
    },
  );
  for (const [word, disabled] of [
    ['disable', true],
    ['enable', false],
  ] as const)
    app.openapi(
      createRoute({
        method: 'post',
        path: `/api/v1/people/{id}/${word}`,
        ...needs('disable-people', 'person', disabled),
        summary: disabled ? 'Shut a person out, at once' : 'Let a person in again',
        request: named('id'),
        responses: { 200: json(schemas.personView, 'Done'), ...failures },
      }),
      async (c) => {
        const { id } = await directory().find(c.req.param('id') ?? '');
        if (!disabled) await requireLettingIn(control, c.var.principal, `person:${id}`, c.env.address);
        await directory().setDisabled(c.var.actor, id, disabled);
        return c.json(await view(await directory().find(id)), 200);
      },
    );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/people/{id}/local-user',
      ...needs('change-grants', 'person'),
      summary: 'Say which user of this machine a person is: what they do by command is theirs',
      request: { ...named('id'), ...body(z.strictObject({ user: z.string().min(1).max(64).nullable() })) },
      responses: { 200: json(schemas.personView, 'Done'), ...failures },
    }),
    async (c) => {
      const { id } = await directory().find(c.req.param('id'));
      // Whose an approval may not be hangs on it.
      await c.var.permit('make-approvers', { kind: 'person', id });
      await directory().setLocalUser(c.var.actor, id, c.req.valid('json').user);
      return c.json(await view(await directory().find(id)), 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/people/{id}/grants',
      ...needs('change-grants', 'person'),
      summary: 'Give a person a role, on one system or on every one; their sessions end',
      request: { ...named('id'), ...body(schemas.newGrant) },
      responses: { 201: json(schemas.grantView, 'Given'), ...failures },
    }),
    async (c) => {
      const input = c.req.valid('json');
      await control.requireSystems([input]);
      if (control.fourEyes.makesApprovers([input])) {
        const { id } = await directory().find(c.req.param('id'));
        await c.var.permit('make-approvers', { kind: 'person', id });
      }
      const [given] = await lastingGrants(control, c.var.principal, 'change-grants', [input], c.env.address);
      const { holder: _, ...grant } = await directory().grant(c.var.actor, c.req.param('id'), given!);
      return c.json(grant, 201);
    },
  );
  app.openapi(
    createRoute({
      method: 'delete',
      path: '/api/v1/people/{id}/grants/{grant}',
      ...needs('take-roles', 'person', true),
      summary: 'Take a role away; at once, and their sessions end',
      request: namedBoth('id', 'grant'),
      responses: done,
    }),
    async (c) => {
      await directory().ungrant(c.var.actor, c.req.param('id') ?? '', c.req.param('grant') ?? '');
      return c.body(null, 204);
    },
  );
  app.openapi(
    createRoute({
      method: 'delete',
      path: '/api/v1/people/{id}/sessions',
      ...needs('end-sessions', 'person', true),
      summary: 'End every session of a person',
      request: named('id'),
      responses: done,
    }),
    async (c) => {
      const { id } = await directory().find(c.req.param('id'));
      await control.accounts.sessions.endOf(c.var.actor, id, {}, 'ended by an administrator');
      return c.body(null, 204);
    },
  );
}
