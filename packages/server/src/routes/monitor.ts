import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { CodedError } from '@sallyport/core';
import { needs } from '../authorisation/route-permissions.ts';
import { systemTarget } from '../authorisation/system-scope.ts';
import type { Control } from '../control.ts';
import * as schemas from '../schemas.ts';
import { body, type Env, failures, json, named, systemOf, visible } from './shared.ts';

/** Routes of alerts, and of test calls that explain themselves. */
export function monitorRoutes(app: OpenAPIHono<Env>, control: Control): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/alerts',
      ...needs('see-alerts', 'systems'),
      summary: 'Alerts that go on, or that no one has looked after yet, gravest first',
      responses: { 200: json(z.object({ alerts: z.array(schemas.alertView) }), 'Open alerts'), ...failures },
    }),
    async (c) =>
      c.json({ alerts: await visible(c, await control.alerts(), ({ subject }) => systemOf(subject)) }, 200),
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/alerts/acknowledge',
      ...needs('acknowledge-alerts', 'anywhere'),
      summary:
        'Look after an alert; the first who does is recorded, and how long it took. One that is over goes',
      request: body(
        z.strictObject({
          rule: z.string().max(64),
          subject: z.string().max(128),
          note: z.string().max(1_024).default(''),
        }),
      ),
      responses: { 200: json(schemas.alertView, 'Recorded'), ...failures },
    }),
    async (c) => {
      const input = c.req.valid('json');
      const name = systemOf(input.subject);
      const known = name === null ? undefined : (await control.systems()).find((one) => one.name === name);
      await c.var.permit(
        'acknowledge-alerts',
        name === null ? { kind: 'organisation' } : systemTarget(name, known),
      );
      const { principal, actor } = c.var;
      const mastery = principal.kind === 'person' ? control.mastery(principal.who.person.id) : [];
      if (!control.monitor) throw new CodedError('not-found', 'no such alert is open');
      return c.json(await control.monitor.acknowledge(actor, input, mastery), 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/systems/{name}/try',
      ...needs('try-systems', 'system'),
      summary: 'Make one test call through both gates, and say what each stage made of it',
      request: {
        ...named('name'),
        ...body(
          z.strictObject({ text: z.string().min(1).max(100_000), model: z.string().max(256).optional() }),
        ),
      },
      responses: { 200: json(schemas.triedView, 'The call, stage by stage'), ...failures },
    }),
    async (c) => {
      const { stages, ...tried } = await control.tryCall(
        c.var.actor,
        c.req.param('name'),
        c.req.valid('json'),
      );
      return c.json({ ...tried, stages: [...stages] }, 200);
    },
  );
}
