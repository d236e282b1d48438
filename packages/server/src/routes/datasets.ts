import { Readable } from 'node:stream';
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { needs } from '../authorisation/route-permissions.ts';
import type { Control } from '../control.ts';
import { type Env, failures } from './shared.ts';

/** A text as a header may carry it: what is no letter, digit or sign of `attr-char` in percent-encoding (RFC 8187). */
const attributeText = (text: string): string =>
  encodeURIComponent(text.toWellFormed()).replaceAll(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** Files of data sets, for whoever holds a role on that very data set. */
export function datasetRoutes(app: OpenAPIHono<Env>, control: Control): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/datasets/{name}/{label}/files/{number}',
      ...needs('use-datasets', 'dataset'),
      summary: 'One file of a version of a data set whose gates are open, verified as it is read',
      request: {
        params: z.object({
          name: z.string().max(128),
          label: z.string().max(64),
          number: z.coerce.number().int().min(0).max(100_000),
        }),
      },
      responses: {
        200: { content: { 'application/octet-stream': { schema: z.string() } }, description: 'Its content' },
        ...failures,
      },
    }),
    async (c) => {
      const { name, label, number } = c.req.valid('param');
      const file = await (await control.serving()).readData(name, label, number);
      return new Response(Readable.toWeb(Readable.from(file.content)) as ReadableStream, {
        headers: {
          'content-type': 'application/octet-stream',
          'content-disposition': `attachment; filename*=UTF-8''${attributeText(file.name.split('/').at(-1)!)}`,
        },
      }) as never;
    },
  );
}
