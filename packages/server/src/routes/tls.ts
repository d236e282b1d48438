import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { needs } from '../authorisation/route-permissions.ts';
import type { Control } from '../control.ts';
import { lookAtEndpoints } from '../tls/tls-endpoints.ts';
import { type Env, failures, json } from './shared.ts';

const state = z.object({
  name: z.string(),
  url: z.string(),
  protocol: z.string().nullable(),
  group: z.string().nullable(),
  cipher: z.string().nullable(),
  expiresAt: z.string().nullable(),
  issuer: z.string().nullable(),
  problem: z.string().nullable(),
});

/** Routes of connections. */
export function tlsRoutes(app: OpenAPIHono<Env>, control: Control): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/tls',
      ...needs('see-vault', 'organisation'),
      summary: 'Ask every listener and every endpoint that is called what it agrees to, now',
      responses: {
        200: json(z.object({ endpoints: z.array(state) }).openapi('TlsStates'), 'Protocol, group, expiry'),
        ...failures,
      },
    }),
    async (c) => c.json({ endpoints: await lookAtEndpoints(control, (await c.var.scope()).systems) }, 200),
  );
}
