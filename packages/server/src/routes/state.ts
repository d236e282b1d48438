import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { CodedError } from '@sallyport/core';
import { vouch } from '../audit/vouched.ts';
import { needs } from '../authorisation/route-permissions.ts';
import type { Control } from '../control.ts';
import { DIVERGENCE_WORDS } from '../state-watch.ts';
import { body, type Env, failures, json } from './shared.ts';

const listed = z
  .object({
    rows: z.array(
      z.object({ row: z.string(), why: z.enum(['unknown', 'changed', 'missing']), words: z.string() }),
    ),
    seals: z.array(z.string()).optional().openapi({
      description: 'Signatures by the keys of the log over `nonce` and the rows, where one was given',
    }),
  })
  .openapi('StateDivergences');

/** Routes of what in the state does not follow from the log. */
export function stateRoutes(app: OpenAPIHono<Env>, control: Control): void {
  const list = () => ({
    rows: control.installation.state.diverging.map(({ row, why }) => ({
      row,
      why,
      words: DIVERGENCE_WORDS[why],
    })),
  });
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/state',
      ...needs('see-posture', 'organisation'),
      summary:
        'Rows that grant something and do not follow from the record: they grant nothing until they are judged',
      request: {
        query: z.object({
          nonce: z
            .string()
            .regex(/^[0-9a-f]{32}$/)
            .optional(),
        }),
      },
      responses: { 200: json(listed, 'Those rows'), ...failures },
    }),
    async (c) => {
      if (await control.installation.state.look()) await control.publish();
      const { nonce } = c.req.valid('query');
      if (nonce === undefined) return c.json(list(), 200);
      const { signers, state } = control.installation;
      return c.json({ ...list(), seals: vouch(signers, nonce, state.diverging) }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/state/accept',
      ...needs('bind-secrets', 'organisation'),
      summary: 'Take a row for right as it is; only by a command on this machine',
      request: body(
        z.strictObject({ row: z.string().max(256), reason: z.string().max(500) }).openapi('StateAcceptance'),
      ),
      responses: { 200: json(listed, 'What is left'), ...failures },
    }),
    async (c) => {
      if (!c.var.actor.startsWith('local:'))
        throw new CodedError(
          'not-authorised',
          'this is judged on this machine, with `sallyport state accept`',
        );
      const { row, reason } = c.req.valid('json');
      await control.installation.state.accept(c.var.actor, row, reason);
      await control.publish();
      return c.json(list(), 200);
    },
  );
}
