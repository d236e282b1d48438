import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Control } from '../control.ts';
import { type Naming, prometheus } from '../metrics.ts';
import { bearerOf, type Env, json } from './shared.ts';

/** Which systems may be named: every one to a command, those whose traffic it may see to a service account. @throws CodedError for a key that is none */
async function mayName(c: Context<Env>, { accounts, authoriser }: Control): Promise<Naming> {
  if (c.env.local !== null) return () => true;
  const { address, certificate } = c.env;
  const bearer = bearerOf(c);
  if (bearer === undefined) return () => false;
  const known = await accounts.programs.recognise(bearer, address, certificate ?? null);
  const principal = { kind: 'program', known } as const;
  const target = { kind: 'organisation' } as const;
  if (!(await authoriser.lets(principal, 'see-traffic', target, address))) return () => false;
  const scope = await authoriser.scope(principal, 'see-traffic', address);
  return (system) => scope.has(system);
}

/** Routes that tell nothing about anybody: health, readiness, counts. */
export function openRoutes(app: OpenAPIHono<Env>, control: Control): void {
  const health = z.object({ status: z.string() });
  app.openapi(
    createRoute({
      method: 'get',
      path: '/healthz',
      summary: 'Whether the process lives',
      responses: { 200: json(health, 'It lives') },
    }),
    (c) => c.json({ status: 'ok' }, 200),
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/readyz',
      summary: 'Whether calls are taken',
      responses: { 200: json(health, 'Yes'), 503: json(health, 'Not now') },
    }),
    async (c) => {
      const { recordFault } = control.installation;
      const stateFault = await control.installation.stateFault();
      const faults = [
        ...(control.gateway?.faults() ?? ['no gateway worker runs']),
        ...(recordFault === null ? [] : ['the record cannot be written: make room on its disk']),
        ...(stateFault === null ? [] : [stateFault]),
      ];
      return faults.length === 0
        ? c.json({ status: 'ready' }, 200)
        : c.json({ status: faults.join('; ') }, 503);
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/metrics',
      summary: 'Counts in the Prometheus text format; by system for a service account that may see traffic',
      responses: { 200: { description: 'Counts', content: { 'text/plain': { schema: z.string() } } } },
    }),
    async (c) => {
      const { ledger } = control.installation;
      const facts = {
        ledgerSize: ledger.size,
        checkpointSize: ledger.checkpoint.size,
        workers: control.gateway?.size ?? 0,
      };
      return c.text(prometheus(control.stats(), facts, await mayName(c, control)), 200, {
        'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      });
    },
  );
}
