import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { needs } from '../authorisation/route-permissions.ts';
import { liftHold, placeHold } from '../content-expiry.ts';
import type { Control } from '../control.ts';
import { body, type Env, failures, json, visible } from './shared.ts';

const hold = z
  .object({
    id: z.string(),
    system: z.string(),
    reason: z.string(),
    placedAt: z.string(),
    placedBy: z.string(),
    liftedAt: z.string().nullable(),
    liftedBy: z.string().nullable(),
  })
  .openapi('Hold');

/** Routes of legal holds. */
export function holdRoutes(app: OpenAPIHono<Env>, control: Control): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/holds',
      ...needs('see-vault', 'organisation'),
      summary: 'List legal holds, those that were lifted too',
      responses: { 200: json(z.object({ holds: z.array(hold) }), 'Every hold'), ...failures },
    }),
    async (c) => {
      const holds = await control.installation.store.holds.list();
      return c.json({ holds: await visible(c, holds, ({ system }) => system) }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/holds',
      ...needs('change-holds', 'organisation'),
      summary: 'Place a legal hold on a system: nothing that was said to or by it expires or is destroyed',
      request: body(
        z.strictObject({ system: z.string().max(128), reason: z.string().max(500) }).openapi('HoldOrder'),
      ),
      responses: { 201: json(hold, 'The hold'), ...failures },
    }),
    async (c) => {
      const { system, reason } = c.req.valid('json');
      return c.json(await placeHold(control, c.var.actor, system, reason), 201);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/holds/{id}/lift',
      ...needs('lift-holds', 'organisation'),
      summary: 'Lift a legal hold',
      request: { params: z.object({ id: z.string().max(64) }) },
      responses: { 200: json(hold, 'The hold'), ...failures },
    }),
    async (c) => c.json(await liftHold(control, c.var.actor, c.req.valid('param').id), 200),
  );
}
