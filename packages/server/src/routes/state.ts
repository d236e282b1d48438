import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { CodedError } from '@sallyport/core';
import type { Context } from 'hono';
import { vouch } from '../audit/vouched.ts';
import { needs } from '../authorisation/route-permissions.ts';
import type { Control } from '../control.ts';
import { DIVERGENCE_WORDS } from '../state-watch.ts';
import { body, type Env, failures, json, visible } from './shared.ts';

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

/** The system that a row is of, `systems/NAME`; null for others. */
const systemOfRow = ({ row }: { readonly row: string }): string | null =>
  /^systems\/(.+)$/s.exec(row)?.[1] ?? null;

/** Routes of what in the state does not follow from the log. */
export function stateRoutes(app: OpenAPIHono<Env>, control: Control): void {
  const list = async (c: Context<Env>) => ({
    rows: (await visible(c, control.installation.state.diverging, systemOfRow)).map(({ row, why }) => ({
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
      if (nonce === undefined) return c.json(await list(c), 200);
      const { signers, state } = control.installation;
      const shown = await visible(c, state.diverging, systemOfRow);
      return c.json({ ...(await list(c)), seals: vouch(signers, nonce, shown) }, 200);
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
          'not-permitted',
          'this is judged on this machine, with `sallyport state accept`',
        );
      const { row, reason } = c.req.valid('json');
      await control.installation.state.accept(c.var.actor, row, reason);
      await control.publish();
      return c.json(await list(c), 200);
    },
  );
}
