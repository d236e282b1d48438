import { createRoute, type OpenAPIHono, type z } from '@hono/zod-openapi';
import type { SecretOriginRow } from '@sallyport/store';
import { needs } from '../authorisation/route-permissions.ts';
import type { Control } from '../control.ts';
import { newSecretOrigin, secretOriginList, secretOriginView } from '../schemas.ts';
import { body, type Env, failures, json, named } from './shared.ts';

const view = (row: SecretOriginRow): z.infer<typeof secretOriginView> => ({ ...row });

/** Routes of where secrets are sent: asked for by one person, approved by another. */
export function secretOriginRoutes(app: OpenAPIHono<Env>, control: Control): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/secret-origins',
      ...needs('see-vault', 'organisation'),
      summary:
        'List where secrets may be sent, by reference, what waits for approval, and what may be named here',
      responses: { 200: json(secretOriginList, 'All of them'), ...failures },
    }),
    async (c) => {
      const rows = await control.secrets.list();
      return c.json({ origins: rows.map(view), nameable: control.references.nameable(rows) }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/secret-origins',
      ...needs('bind-secrets', 'organisation'),
      summary: 'Ask that a secret may go to another origin; it does once another person approved it',
      request: body(newSecretOrigin),
      responses: { 201: json(secretOriginView, 'Proposed'), ...failures },
    }),
    async (c) => {
      const { ref, origin } = c.req.valid('json');
      return c.json(view(await control.secrets.propose(c.var.actor, ref, origin)), 201);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/secret-origins/{id}/approve',
      ...needs('approve-proposals', 'secret-origin'),
      summary: 'Approve it, as it was looked at; the person who proposed it cannot',
      request: { ...named('id'), ...body(newSecretOrigin) },
      responses: { 200: json(secretOriginView, 'Approved; in force when this answers'), ...failures },
    }),
    async (c) => {
      const row = await control.secrets.approve(c.var.actor, c.req.param('id'), c.req.valid('json'));
      await control.publish();
      return c.json(view(row), 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'delete',
      path: '/api/v1/secret-origins/{id}',
      ...needs('bind-secrets', 'organisation'),
      summary: 'Send a secret to an origin no more',
      request: named('id'),
      responses: { 204: { description: 'Ended; in force when this answers' }, ...failures },
    }),
    async (c) => {
      await control.secrets.end(c.var.actor, c.req.param('id'));
      await control.publish();
      return c.body(null, 204);
    },
  );
}
