import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import {
  CodedError,
  clock,
  LET_GO_ON,
  newEvent,
  personNamed,
  USE_DECISIONS,
  type UseDecision,
} from '@sallyport/core';
import { type AiUse, usesDigest } from '@sallyport/store';
import type { Context } from 'hono';
import { behindSubject, proposalBy } from '../authorisation/behind-subject.ts';
import { needs } from '../authorisation/route-permissions.ts';
import type { Control } from '../control.ts';
import { body, type Env, failures, json, systemOf, visible } from './shared.ts';

const useView = z
  .object({
    fingerprint: z.string(),
    service: z.string(),
    serviceName: z.string(),
    kind: z.string().describe('how it showed: package, import, endpoint, model, variable, key or traffic'),
    what: z.string(),
    place: z.string().describe('the file, or the person or program that uses it'),
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
/** Uses that one answer holds: those that nobody decided about come first. */
const LISTED_MAX = 5_000;

/** What a decision is about. */
const covers = {
  fingerprint: z.string().max(64).optional(),
  service: z.string().max(64).optional(),
  digest: z.string().length(64).describe('of what was looked at'),
  owner: personNamed.optional(),
  reason: z.string().min(3).max(512),
  days: z.int().min(1).max(DAYS_MAX).optional(),
};
const namesOne = (one: { fingerprint?: string | undefined; service?: string | undefined }): boolean =>
  (one.fingerprint === undefined) !== (one.service === undefined);
const WHAT = 'name a use or a service';
const decidedView = z.object({ decided: z.number() });

/** A decision, as it is asked for. */
type Asked = z.infer<z.ZodObject<typeof covers>> & { readonly decision: UseDecision };

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
            leftOut: z.number().describe('uses that are not listed, for there are too many'),
            services: z
              .record(z.string(), z.string())
              .describe('digest of every use of a service, for decisions about all of them'),
          }),
          'Those that nobody decided about first, then the latest',
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
      const uses = await visible(c, await control.installation.store.aiUses.list(), ({ service }) =>
        systemOf(service),
      );
      const listed = uses
        .toSorted((a, b) => Number(a.decision !== null) - Number(b.decision !== null))
        .slice(0, LISTED_MAX);
      return c.json(
        {
          leftOut: uses.length - listed.length,
          uses: listed.map(({ synthetic: _, ...use }) => ({
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
  /** Actors who are behind uses: who answers or answered for one, who uses it by its place, and who is behind the system that it is of. */
  const behindUses = async (uses: readonly AiUse[], owner: string | null): Promise<string[]> => {
    const { people } = control.installation.store;
    const subjects = new Set(
      [owner, ...uses.map((use) => use.owner)].flatMap((id) => (id ? [`person:${id}`] : [])),
    );
    for (const said of new Set(uses.flatMap(({ service, place }) => [service, place]))) {
      for (const word of said.split(' '))
        if (/^(?:person|program|local|system):./.test(word)) subjects.add(word);
      const named = await people.byName(said.toLowerCase());
      if (named) subjects.add(`person:${named.id}`);
    }
    const behind = await Promise.all([...subjects].map((one) => behindSubject(control, one)));
    return [...new Set(behind.flat())];
  };

  /** Decides. @param permit lets pass who may, by what it is about @throws CodedError */
  const decide = async (
    c: Context<Env>,
    input: Asked,
    owner: string | null,
    permit: (uses: readonly AiUse[]) => Promise<void>,
  ): Promise<number> => {
    await control.installation.flush();
    const { store } = control.installation;
    const { actor } = c.var;
    const { fingerprint, service, digest, decision, reason, days } = input;
    const covered = (await store.aiUses.list()).filter((use) =>
      fingerprint === undefined ? use.service === service : use.fingerprint === fingerprint,
    );
    const [first] = covered;
    if (!first) throw new CodedError('not-found', 'nothing of that was found');
    await permit(covered);
    const changed = (): CodedError =>
      new CodedError('conflict', 'what was found changed since it was shown; look at it again');
    if (digest !== usesDigest(covered)) throw changed();
    const until = days === undefined ? null : new Date(clock.nowMs() + days * 86_400_000).toISOString();
    // Held against what was found once more where it is written: what was found meanwhile is not decided about.
    const { what, firstAt: foundAt } = first;
    const decided = newEvent('ai-use-decided', {
      actor,
      subject: 'organisation',
      data: {
        ...(fingerprint === undefined ? {} : { fingerprint }),
        ...{ service: first.service, what, decision, owner, reason, until, foundAt, seen: digest },
      },
    });
    await control.installation.announce(decided);
    await control.installation.flush();
    const now = await store.aiUses.find(first.fingerprint);
    if (now?.decidedAt !== decided.at || now.decidedBy !== actor) throw changed();
    return covered.length;
  };

  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/ai-uses/decide',
      ...needs('change-inventory', 'organisation'),
      summary: 'Decide that one use of AI, or every use of a service, is to stop',
      request: {
        ...body(z.strictObject({ ...covers, decision: z.literal('stop') }).refine(namesOne, WHAT)),
      },
      responses: { 200: json(decidedView, 'How many uses it covers'), ...failures },
    }),
    async (c) => {
      const input = c.req.valid('json');
      const { principal } = c.var;
      const asked = input.owner ?? (principal.kind === 'person' ? principal.who.person.id : null);
      const owner = asked === null ? null : (await control.accounts.directory.find(asked)).id;
      return c.json({ decided: await decide(c, input, owner, async () => {}) }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/ai-uses/sanction',
      ...needs('sanction-uses', 'organisation'),
      summary:
        'Let one use of AI, or every use of a service, go on: sanctioned, or of no concern. Who answers for it, or uses it, cannot',
      request: {
        ...body(z.strictObject({ ...covers, decision: z.enum(LET_GO_ON) }).refine(namesOne, WHAT)),
      },
      responses: { 200: json(decidedView, 'How many uses it covers'), ...failures },
    }),
    async (c) => {
      const input = c.req.valid('json');
      if (input.decision === 'sanctioned' && input.owner === undefined)
        throw new CodedError(
          'request-invalid',
          'name who answers for it as `owner`: another person than who sanctions it',
        );
      const owner =
        input.owner === undefined ? null : (await control.accounts.directory.find(input.owner)).id;
      const decided = await decide(c, input, owner, async (uses) => {
        const behind = await behindUses(uses, owner);
        if (behind.length > 0) await c.var.permit('sanction-uses', proposalBy(uses[0]!.fingerprint, behind));
      });
      return c.json({ decided }, 200);
    },
  );
}
