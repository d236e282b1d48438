import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { CodedError, TEXT_CHANNELS } from '@sallyport/core';
import { needs } from '../authorisation/route-permissions.ts';
import type { Control } from '../control.ts';
import type { GuardDesk } from '../guard-desk.ts';
import * as schemas from '../schemas.ts';
import { body, type Env, failures, json, visibleCalls } from './shared.ts';

/** Routes of the guard: what it consists of, what rules on trial saw, and what it makes of a text. */
export function guardRoutes(app: OpenAPIHono<Env>, control: Control): void {
  const desk = (): GuardDesk => {
    if (!control.guard) throw new CodedError('internal', 'there is no guard beside this control plane');
    return control.guard;
  };
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/guard',
      ...needs('see-guard', 'anywhere'),
      summary: 'Detectors, thresholds, models and rules, and what rules on trial saw',
      responses: { 200: json(schemas.guardView, 'The guard'), ...failures },
    }),
    async (c) => {
      const { models, thresholds, detectors, rules, curve } = desk().overview();
      // Counts over every system are for those who may see every system.
      const { organisation } = await c.var.scope();
      const trials = organisation
        ? await control.installation.store.exchanges.trials(await visibleCalls(c, control))
        : [];
      const drilled = await control.installation.store.events.latest(
        'probe-completed',
        'probe:guard-detection',
      );
      return c.json(
        {
          models: [...models],
          thresholds,
          detectors: [...detectors],
          rules: {
            version: rules.version,
            rules: [
              ...rules.rules,
              ...rules.conditions.map((one) => ({ ...one, channels: [`each ${one.on}`] })),
            ].map(({ id, about, mode, severity, channels }) => ({
              id,
              about,
              mode,
              severity,
              channels: [...channels],
            })),
          },
          trials,
          curve: [...curve],
          drill: drilled && {
            at: drilled.at,
            passed: drilled.data['passed'] === true,
            detail: String(drilled.data['detail']),
          },
        },
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/guard/check',
      ...needs('check-texts', 'anywhere'),
      summary: 'Inspect a text; nothing of it is kept',
      request: body(
        z.strictObject({
          text: z.string().min(1).max(20_000),
          channel: z.enum(TEXT_CHANNELS).default('user'),
          names: z.boolean().default(false),
        }),
      ),
      responses: { 200: json(schemas.checkedView, 'What the guard makes of it'), ...failures },
    }),
    async (c) => {
      const { text, channel, names } = c.req.valid('json');
      const { detections, views, ...rest } = await desk().check(text, channel, names, c.var.actor);
      return c.json(
        {
          ...rest,
          detections: detections.map((one) => ({ ...one, references: [...one.references] })),
          views: [...views],
        },
        200,
      );
    },
  );
}
