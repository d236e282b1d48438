import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { priceRowSchema, priceRowsSchema } from '@sallyport/core';
import { needs } from '../authorisation/route-permissions.ts';
import type { Control } from '../control.ts';
import { importPrices } from '../prices.ts';
import { body, type Env, failures, json } from './shared.ts';

const list = z
  .object({
    version: z.string().openapi({ description: 'digest of the table, as the record has it' }),
    prices: z.array(priceRowSchema),
  })
  .openapi('Prices');

/** Routes of what tokens cost. */
export function priceRoutes(app: OpenAPIHono<Env>, control: Control): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/prices',
      ...needs('see-systems', 'organisation'),
      summary: 'List what the tokens of models cost, in US dollars a million',
      responses: { 200: json(list, 'The table as it was loaded; empty where none was'), ...failures },
    }),
    async (c) => {
      const { version, rows } = await control.installation.store.prices.list();
      return c.json({ version, prices: [...rows] }, 200);
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
      const { version, rows } = await importPrices(control, c.var.actor, c.req.valid('json').prices);
      return c.json({ version, prices: [...rows] }, 200);
    },
  );
}
