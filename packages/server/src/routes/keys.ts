import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { personNamed } from '@sallyport/core';
import type { ApiKeys, KeyView } from '../api-keys.ts';
import { needs } from '../authorisation/route-permissions.ts';
import type { Control } from '../control.ts';
import * as schemas from '../schemas.ts';
import { body, type Env, failures, json, named } from './shared.ts';

/** Routes of the API keys. */
export function keyRoutes(app: OpenAPIHono<Env>, control: Control): void {
  const views = async (keys: readonly KeyView[]): Promise<z.infer<typeof schemas.keyView>[]> => {
    const owners = await control.keyOwners.of(keys);
    return keys.map((key) => ({
      ...key,
      systems: [...key.systems],
      limits: { ...key.limits },
      ...owners.get(key.id)!,
    }));
  };
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/keys',
      ...needs('see-keys', 'systems'),
      summary: 'List API keys, without secrets',
      responses: { 200: json(z.object({ keys: z.array(schemas.keyView) }), 'Every key'), ...failures },
    }),
    async (c) =>
      c.json(
        {
          keys: await views(
            await control.keyRights.visible(c.var.principal, await control.apiKeys.list(), c.env.address),
          ),
        },
        200,
      ),
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/keys',
      ...needs('make-keys', 'systems-in-body'),
      summary: 'Create an API key; the secret is shown this once',
      request: body(schemas.newKey),
      responses: { 201: json(schemas.issuedKey, 'The key'), ...failures },
    }),
    async (c) => {
      const input = c.req.valid('json') as Parameters<ApiKeys['create']>[1];
      return c.json(await control.apiKeys.createAs(c.var.principal, c.env.address, input), 201);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/keys/{id}/rotate',
      ...needs('make-keys', 'key'),
      summary: 'Make a successor of an API key; both are good for the overlap',
      request: { ...named('id'), ...body(schemas.keyRotation) },
      responses: {
        201: json(
          schemas.issuedKey.extend({ replaces: z.string(), overlapUntil: z.string() }),
          'The successor, shown this once',
        ),
        ...failures,
      },
    }),
    async (c) => {
      const { principal } = c.var;
      const input = c.req.valid('json');
      return c.json(await control.apiKeys.rotateAs(principal, c.env.address, c.req.param('id'), input), 201);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/keys/{id}/revoke',
      ...needs('revoke-keys', 'key', true),
      summary: 'Revoke an API key and those that it was rotated to; in force when this answers',
      request: {
        ...named('id'),
        query: z.object({
          successors: z
            .enum(['revoke', 'keep'])
            .default('revoke')
            .describe('`keep` where nobody else had the key, and only what came after it is in use'),
        }),
      },
      responses: { 200: json(schemas.revokedKey, 'Revoked'), ...failures },
    }),
    async (c) => {
      const { successors, ...key } = await control.apiKeys.revokeAs(
        c.var.principal,
        c.env.address,
        c.req.param('id'),
        c.req.valid('query').successors === 'keep',
      );
      return c.json({ ...(await views([key]))[0]!, successors }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/keys/{id}/owner',
      ...needs('make-keys', 'key'),
      summary: 'Say who answers for an API key; one whose owner left ends some days later',
      request: {
        ...named('id'),
        ...body(z.strictObject({ owner: personNamed.min(1).describe('name or id of a person') })),
      },
      responses: { 200: json(schemas.keyView, 'Done'), ...failures },
    }),
    async (c) => {
      const { principal, actor } = c.var;
      const id = c.req.param('id');
      await control.apiKeys.requireHandling(principal, 'make-keys', c.env.address, id);
      await control.keyOwners.give(actor, id, c.req.valid('json').owner);
      const key = (await control.apiKeys.list()).find((one) => one.id === id)!;
      return c.json((await views([key]))[0]!, 200);
    },
  );
}
