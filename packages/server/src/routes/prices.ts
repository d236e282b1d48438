import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { costsLess, type PriceRow, priceRowSchema, priceRowsSchema, priceSetSchema } from '@sallyport/core';
import { needs } from '../authorisation/route-permissions.ts';
import type { SystemScope } from '../authorisation/system-scope.ts';
import type { Control } from '../control.ts';
import { importPrices } from '../prices.ts';
import { body, type Env, failures, json } from './shared.ts';

const list = z
  .object({
    version: z.string().openapi({ description: 'digest of the table, as the record has it' }),
    prices: z.array(priceRowSchema),
    systems: z
      .array(priceSetSchema.extend({ system: z.string() }))
      .openapi({ description: 'what any other model of a system costs, as its own settings say' }),
  })
  .openapi('Prices');

/** What somebody may be told of prices: of the table, and of what systems say of themselves that other models cost. */
function told(
  scope: SystemScope,
  rows: readonly PriceRow[],
): Pick<z.infer<typeof list>, 'prices' | 'systems'> {
  const { organisation, systems } = scope;
  return {
    // Without a system there is nothing that a price could apply to.
    prices: rows.filter(({ system }) =>
      system === undefined ? organisation || systems.length > 0 : scope.has(system),
    ),
    systems: systems.flatMap(({ name, config: { prices } }) =>
      prices === undefined ? [] : [{ ...prices, system: name }],
    ),
  };
}

/** Routes of what tokens cost. */
export function priceRoutes(app: OpenAPIHono<Env>, control: Control): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/prices',
      ...needs('see-systems', 'systems'),
      summary: 'List what the tokens of models cost, in US dollars a million',
      responses: {
        200: json(
          list,
          'The table as it was loaded, what applies to systems that may be seen; empty where none was',
        ),
        ...failures,
      },
    }),
    async (c) => {
      const { version, rows } = await control.installation.store.prices.list();
      return c.json({ version, ...told(await c.var.scope(), rows) }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/prices',
      ...needs('change-systems', 'organisation'),
      summary: 'Load what the tokens of models cost, in the place of all that was loaded before',
      request: body(z.strictObject({ prices: priceRowsSchema }).openapi('PriceImport')),
      responses: { 200: json(list, 'The table'), ...failures },
    }),
    async (c) => {
      const { prices } = c.req.valid('json');
      const { version, rows } = await importPrices(control, c.var.actor, prices, async (before) => {
        // By what costs less, limits of spend let more pass.
        if (costsLess(prices, before)) await c.var.permit('relax-systems', { kind: 'organisation' });
      });
      return c.json({ version, ...told(await c.var.scope('see-systems'), rows) }, 200);
    },
  );
}
