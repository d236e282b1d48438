import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { CodedError, isLooser, opensPlace, systemChangeSchema } from '@sallyport/core';
import type { Context } from 'hono';
import { needs } from '../authorisation/route-permissions.ts';
import { systemTarget } from '../authorisation/system-scope.ts';
import { backingOff } from '../backing-off.ts';
import type { Control } from '../control.ts';
import { leadsToKnown } from '../places.ts';
import * as schemas from '../schemas.ts';
import { credentialsOf } from '../secrets/credentials.ts';
import type { KnownSystem } from '../snapshot.ts';
import { reachSystems } from '../system-reach.ts';
import { uncallable } from '../uncallable.ts';
import { body, type Env, failures, json, named, systemView } from './shared.ts';

/** Refuses addresses at once that no call would be made to. @throws CodedError `request-invalid` */
function requireCallable(urls: readonly string[], allowPrivate: boolean): void {
  const [why] = uncallable(urls, allowPrivate);
  if (why !== undefined) throw new CodedError('request-invalid', why);
}

/** Routes of the AI systems. */
export function systemRoutes(app: OpenAPIHono<Env>, control: Control): void {
  /** Another way to where a system leads already, or to a third party: whoever opens it proves again who they are. */
  const requireOpenPlace = async (c: Context<Env>, name: string, urls: readonly string[]): Promise<void> => {
    if (!(await leadsToKnown(control, name, urls))) return;
    if (c.var.principal.kind === 'program')
      throw new CodedError('not-permitted', 'a program opens no other way to where a system leads already');
    await c.var.permit('relax-systems', { kind: 'organisation' });
  };

  const views = async (some: readonly KnownSystem[]) => {
    const lacks = new Map((await credentialsOf(control, some)).map(({ system, lack }) => [system, lack]));
    const backsOff = backingOff(control);
    return some.map((one) => systemView(one, lacks.get(one.name) ?? null, backsOff.get(one.name) ?? null));
  };
  const view = async (one: KnownSystem) => (await views([one]))[0]!;

  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/systems',
      ...needs('see-systems', 'systems'),
      summary: 'List AI systems',
      responses: {
        200: json(z.object({ systems: z.array(schemas.systemView) }), 'Every system'),
        ...failures,
      },
    }),
    async (c) => c.json({ systems: await views((await c.var.scope()).systems) }, 200),
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/systems',
      ...needs('change-systems', 'organisation'),
      summary: 'Add an AI system',
      request: body(schemas.newSystem),
      responses: { 201: json(schemas.systemView, 'Added'), ...failures },
    }),
    async (c) => {
      const { name, ...config } = c.req.valid('json');
      requireCallable(config.urls, config.allowPrivate);
      // Where a secret goes is grave: whoever says so proves again who they are.
      if (config.apiKeyRef !== undefined) await c.var.permit('bind-secrets', { kind: 'organisation' });
      const added = await control.addSystem(c.var.actor, name, config, false, () =>
        requireOpenPlace(c, name, config.urls),
      );
      return c.json(await view(added), 201);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/systems/{name}/mode',
      ...needs('change-systems', 'system'),
      summary: 'Observe or enforce',
      request: { ...named('name'), ...body(z.strictObject({ mode: z.enum(['observe', 'enforce']) })) },
      responses: { 200: json(schemas.systemView, 'Changed'), ...failures },
    }),
    async (c) => {
      const name = c.req.param('name');
      const { mode } = c.req.valid('json');
      const set = await control.setMode(c.var.actor, name, mode, async (known) => {
        // To let everything pass again is more than to stop things.
        if (mode === 'observe') await c.var.permit('relax-systems', systemTarget(name, known));
      });
      return c.json(await view(set), 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/systems/{name}/settings',
      ...needs('change-systems', 'system'),
      summary: 'Change addresses, credential, mode, models, canaries or limits of an AI system',
      request: { ...named('name'), ...body(systemChangeSchema) },
      responses: { 200: json(schemas.systemView, 'Changed'), ...failures },
    }),
    async (c) => {
      const name = c.req.param('name');
      const change = c.req.valid('json');
      // By what the system is when it is changed: another change may have come first.
      const edited = await control.editSystem(c.var.actor, name, change, async (known) => {
        const { urls, apiKeyRef, allowPrivate, models } = change;
        // Another place is another system, under the conditions of removing this one.
        if (c.var.principal.kind === 'program' && opensPlace(known.config, change))
          throw new CodedError('not-permitted', 'a program leads calls to a system to no other place');
        if (isLooser(known.config, change)) await c.var.permit('relax-systems', systemTarget(name, known));
        // A model that routes here may be one that others mean elsewhere.
        if (models?.some((one) => !known.config.models.includes(one)))
          await c.var.permit('change-systems', { kind: 'organisation' });
        // Where calls and secrets go is said under the same conditions as for a new system.
        if (urls !== undefined || apiKeyRef !== undefined || allowPrivate !== undefined) {
          await c.var.permit('change-systems', { kind: 'organisation' });
          const after = urls ?? known.config.urls;
          requireCallable(after, allowPrivate ?? known.config.allowPrivate);
          const ref = apiKeyRef === undefined ? known.config.apiKeyRef : apiKeyRef;
          if (ref !== undefined && ref !== null) await c.var.permit('bind-secrets', { kind: 'organisation' });
          await requireOpenPlace(c, name, after);
        }
      });
      return c.json(await view(edited), 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/systems/{name}/connection',
      ...needs('change-systems', 'system'),
      summary: 'Reach an AI system as its calls do, and say what came of it',
      request: named('name'),
      responses: {
        200: json(z.object({ connections: z.array(schemas.reachView) }), 'Each of its addresses'),
        ...failures,
      },
    }),
    async (c) => {
      const name = c.req.param('name');
      const connections = (await reachSystems(control, [name])).get(name)!;
      return c.json({ connections: [...connections] }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'delete',
      path: '/api/v1/systems/{name}',
      ...needs('remove-systems', 'system', true),
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
