import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { CodedError, clock, newEvent, USE_DECISIONS } from '@sallyport/core';
import { usesDigest } from '@sallyport/store';
import { needs } from '../authorisation/route-permissions.ts';
import type { Control } from '../control.ts';
import { body, type Env, failures, json } from './shared.ts';

const useView = z
  .object({
    fingerprint: z.string(),
    service: z.string(),
    serviceName: z.string(),
    kind: z.string().describe('how it showed: package, import, endpoint, model, variable, key or traffic'),
    what: z.string(),
    place: z.string().describe('the file, or whoever uses it'),
    line: z.number().nullable(),
    count: z.number(),
    firstAt: z.string(),
    lastAt: z.string(),
    decision: z.enum(USE_DECISIONS).nullable(),
    owner: z.string().nullable(),
    reason: z.string(),
    decidedBy: z.string().nullable(),
    decidedAt: z.string().nullable(),
    until: z.string().nullable(),
    digest: z.string().describe('of what was found; a decision carries it'),
    registered: z.boolean().describe('whether a system or an endpoint of the inventory is of this service'),
  })
  .openapi('AiUse');

const DAYS_MAX = 366;

/** Routes of the use of AI that was found: what is used where, and what somebody decided about it. */
export function discoveryRoutes(app: OpenAPIHono<Env>, control: Control): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/ai-uses',
      ...needs('see-inventory', 'organisation'),
      summary: 'Uses of AI that scans of sources and logs found',
      responses: {
        200: json(
          z.object({
            uses: z.array(useView),
            services: z
              .record(z.string(), z.string())
              .describe('digest of every use of a service, for decisions about all of them'),
          }),
          'The latest first',
        ),
        ...failures,
      },
    }),
    async (c) => {
      await control.installation.flush();
      const { serviceOfHost } = await import('@sallyport/scan');
      const services = new Set(
        (await control.systems()).flatMap(({ config }) =>
          config.urls.map((url) => serviceOfHost(new URL(url).host)?.id),
        ),
      );
      const uses = await control.installation.store.aiUses.list();
      return c.json(
        {
          uses: uses.map(({ synthetic: _, ...use }) => ({
            ...use,
            digest: usesDigest([use]),
            registered: services.has(use.service),
          })),
          services: Object.fromEntries(
            [...new Set(uses.map(({ service }) => service))].map((service) => [
              service,
              usesDigest(uses.filter((use) => use.service === service)),
            ]),
          ),
        },
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/ai-uses/decide',
      ...needs('change-inventory', 'organisation'),
      summary: 'Decide about one use of AI, or about every use of a service',
      request: {
        ...body(
          z
            .strictObject({
              fingerprint: z.string().max(64).optional(),
              service: z.string().max(64).optional(),
              digest: z.string().length(64).describe('of what was looked at'),
              decision: z.enum(USE_DECISIONS),
              owner: z.string().max(64).optional(),
              reason: z.string().min(3).max(512),
              days: z.int().min(1).max(DAYS_MAX).optional(),
            })
            .refine(
              (one) => (one.fingerprint === undefined) !== (one.service === undefined),
              'name a use or a service',
            ),
        ),
      },
      responses: { 200: json(z.object({ decided: z.number() }), 'How many uses it covers'), ...failures },
    }),
    async (c) => {
      const input = c.req.valid('json');
      await control.installation.flush();
      const { store } = control.installation;
      const uses = await store.aiUses.list();
      const covered = uses.filter((use) =>
        input.fingerprint === undefined
          ? use.service === input.service
          : use.fingerprint === input.fingerprint,
      );
      const [first] = covered;
      if (!first) throw new CodedError('not-found', 'nothing of that was found');
      const { principal, actor } = c.var;
      // To sanction is to approve: a program does not.
      if (input.decision === 'sanctioned' && principal.kind === 'program')
        throw new CodedError('not-permitted', 'a service account sanctions nothing');
      const changed = (): CodedError =>
        new CodedError('conflict', 'what was found changed since it was shown; look at it again');
      if (input.digest !== usesDigest(covered)) throw changed();
      const asked = input.owner ?? (principal.kind === 'person' ? principal.who.person.id : null);
      const owner = asked === null ? null : (await control.accounts.directory.find(asked)).id;
      const until =
        input.days === undefined ? null : new Date(clock.nowMs() + input.days * 86_400_000).toISOString();
      // Held against what was found once more where it is written: what was found meanwhile is not decided about.
      const decided = newEvent('ai-use-decided', {
        actor,
        subject: 'organisation',
        data: {
          ...(input.fingerprint === undefined ? {} : { fingerprint: input.fingerprint }),
          service: first.service,
          what: first.what,
          decision: input.decision,
          owner,
          reason: input.reason,
          until,
          foundAt: first.firstAt,
          seen: input.digest,
        },
      });
      await control.installation.announce(decided);
      await control.installation.flush();
      const now = await store.aiUses.find(first.fingerprint);
      if (now?.decidedAt !== decided.at || now.decidedBy !== actor) throw changed();
      return c.json({ decided: covered.length }, 200);
    },
  );
}
