import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { ProgramView } from '@sallyport/access';
import { keyScopeSchema, personNamed } from '@sallyport/core';
import type { Context } from 'hono';
import * as schemas from '../account-schemas.ts';
import { requireLettingIn } from '../authorisation/handing-on.ts';
import { lastingGrants } from '../authorisation/lasting.ts';
import { needs } from '../authorisation/route-permissions.ts';
import type { Control } from '../control.ts';
import { inForce } from '../in-force.ts';
import { issuedKey } from '../schemas.ts';
import { body, type Env, failures, json, named, namedBoth } from './shared.ts';

const programView = ({ grants, ...program }: ProgramView): z.infer<typeof schemas.programView> => ({
  ...program,
  grants: grants.map(({ holder: _, ...grant }) => grant),
});

/** Routes of the service accounts. */
export function programRoutes(app: OpenAPIHono<Env>, control: Control): void {
  const programs = () => control.accounts.programs;
  const view = async (id: string): Promise<z.infer<typeof schemas.programView>> =>
    programView((await programs().list()).find((one) => one.id === id)!);

  /** A program that keeps people can make approvers. */
  const permitGrants = async (c: Context<Env>, grants: readonly { role: string }[]): Promise<void> => {
    if (control.fourEyes.makesApprovers(grants))
      await c.var.permit('make-approvers', { kind: 'organisation' });
  };

  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/programs',
      ...needs('see-people', 'organisation'),
      summary: 'List service accounts, what they hold and who answers for them',
      responses: {
        200: json(z.object({ programs: z.array(schemas.programView) }), 'All of them'),
        ...failures,
      },
    }),
    async (c) => c.json({ programs: (await programs().list()).map(programView) }, 200),
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/programs',
      ...needs('change-programs', 'organisation'),
      summary: 'Add a service account',
      request: body(schemas.newProgram),
      responses: { 201: json(schemas.programView, 'Added'), ...failures },
    }),
    async (c) => {
      const input = c.req.valid('json');
      await control.requireSystems(input.grants);
      await permitGrants(c, input.grants);
      const { principal } = c.var;
      const asked = input.owner ?? (principal.kind === 'person' ? principal.who.person.id : null);
      const owner = asked === null ? null : (await control.accounts.directory.find(asked)).id;
      const grants = await lastingGrants(
        control,
        c.var.principal,
        'change-programs',
        input.grants,
        c.env.address,
      );
      const { id } = await programs().add(c.var.actor, { ...input, grants, owner });
      return c.json(await view(id), 201);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/programs/{id}/keys',
      ...needs('change-programs', 'organisation'),
      summary:
        'Make a key of a service account; with no systems it opens the control plane alone. Shown this once',
      request: {
        ...named('id'),
        ...body(
          z.strictObject({
            systems: z.array(z.string()).max(256).default([]),
            expires: z.string().max(16).optional(),
            scope: keyScopeSchema.optional(),
          }),
        ),
      },
      responses: { 201: json(issuedKey, 'The key'), ...failures },
    }),
    async (c) => {
      const program = await programs().find(c.req.param('id'));
      const input = c.req.valid('json') as unknown as Parameters<typeof control.apiKeys.create>[1];
      const key = { ...input, name: program.name, program: program.id };
      return c.json(await control.apiKeys.createAs(c.var.principal, c.env.address, key), 201);
    },
  );
  for (const [word, disabled] of [
    ['disable', true],
    ['enable', false],
  ] as const)
    app.openapi(
      createRoute({
        method: 'post',
        path: `/api/v1/programs/{id}/${word}`,
        ...needs('change-programs', 'organisation', disabled),
        summary: disabled
          ? 'Shut a service account out, with all its keys; in force when this answers'
          : 'Let it in again',
        request: named('id'),
        responses: { 200: json(schemas.programView, 'Done'), ...failures },
      }),
      async (c) => {
        const { id } = await programs().find(c.req.param('id') ?? '');
        if (!disabled) await requireLettingIn(control, c.var.principal, `program:${id}`, c.env.address);
        await inForce(
          () => programs().setDisabled(c.var.actor, id, disabled),
          async () => {
            const keys = disabled ? await control.installation.store.keys.list() : [];
            const own = keys.filter(({ program }) => program === id).map((key) => key.id);
            await control.shutOut({ keys: own });
          },
        );
        return c.json(await view(id), 200);
      },
    );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/programs/{id}/owner',
      ...needs('change-programs', 'organisation'),
      summary: 'Say who answers for a service account and its keys',
      request: {
        ...named('id'),
        ...body(z.strictObject({ owner: personNamed.min(1).describe('name or id of a person') })),
      },
      responses: { 200: json(schemas.programView, 'Done'), ...failures },
    }),
    async (c) => {
      const { id } = await programs().find(c.req.param('id'));
      await programs().setOwner(c.var.actor, id, c.req.valid('json').owner);
      return c.json(await view(id), 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/programs/{id}/grants',
      ...needs('change-programs', 'organisation'),
      summary: 'Give a service account a role',
      request: { ...named('id'), ...body(schemas.newGrant) },
      responses: { 201: json(schemas.grantView, 'Given'), ...failures },
    }),
    async (c) => {
      const input = c.req.valid('json');
      await control.requireSystems([input]);
      await permitGrants(c, [input]);
      const [given] = await lastingGrants(
        control,
        c.var.principal,
        'change-programs',
        [input],
        c.env.address,
      );
      const { holder: _, ...grant } = await programs().grant(c.var.actor, c.req.param('id'), given!);
      return c.json(grant, 201);
    },
  );
  app.openapi(
    createRoute({
      method: 'delete',
      path: '/api/v1/programs/{id}/grants/{grant}',
      ...needs('take-roles', 'organisation', true),
      summary: 'Take a role away from a service account, at once',
      request: namedBoth('id', 'grant'),
      responses: { 204: { description: 'Done' }, ...failures },
    }),
    async (c) => {
      await programs().ungrant(c.var.actor, c.req.param('id') ?? '', c.req.param('grant') ?? '');
      return c.body(null, 204);
    },
  );
}
