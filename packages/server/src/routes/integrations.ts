import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { ThirdParty } from '@sallyport/access';
import { INTEGRATION_KINDS, manifestSchema, personNamed } from '@sallyport/core';
import { needs } from '../authorisation/route-permissions.ts';
import type { Control } from '../control.ts';
import { inForce } from '../in-force.ts';
import { talkedTo } from '../third-parties.ts';
import { body, type Env, failures, json, named } from './shared.ts';

const certificate = z.object({ key: z.string(), issuer: z.string() });
const integrationView = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(INTEGRATION_KINDS),
    manifest: z.record(z.string(), z.unknown()).describe('what it is approved for'),
    owner: z.string().nullable().describe('id of the person who answers for it'),
    status: z.enum(['proposed', 'approved', 'suspended', 'ended']),
    why: z.string().describe('why it is suspended or ended, or what changed since it was shown'),
    live: z.boolean().describe('whether anything may go to it now'),
    digest: z.string().describe('of all that is shown here; an approval carries it'),
    replaces: z
      .array(
        z.object({
          kind: z.enum(INTEGRATION_KINDS),
          origins: z.array(z.string()),
          systems: z.array(z.string()),
          status: z.enum(['proposed', 'approved', 'suspended', 'ended']),
          why: z.string(),
          approvedAt: z.string().nullable(),
        }),
      )
      .describe('what was approved or stopped under this name; closed until what is proposed is approved'),
    seen: z
      .object({
        certificates: z
          .record(z.string(), certificate.nullable())
          .describe('SHA-256 of public keys, base64, by origin; null where none holds'),
        tools: z.record(z.string(), z.string()).describe('SHA-256 of definitions, by name'),
      })
      .describe('as it was approved, or as it is to be'),
    expiresAt: z.string(),
    proposedAt: z.string(),
    proposedBy: z.string(),
    approvedAt: z.string().nullable(),
    approvedBy: z.string().nullable(),
  })
  .openapi('Integration');
const elsewhere = z.object({
  by: z.string().describe('where that is configured'),
  origin: z.string(),
  manifest: z.string().nullable().describe('the approved manifest that names it; null where none does'),
});

const view = (one: ThirdParty): z.infer<typeof integrationView> => ({
  ...one,
  manifest: { ...one.manifest },
  replaces: one.replaces.map((each) => ({
    ...each,
    origins: [...each.origins],
    systems: [...each.systems],
  })),
  seen: { certificates: { ...one.seen.certificates }, tools: { ...one.seen.tools } },
});

/** Routes of third parties: what each is approved for, by whom and until when. */
export function integrationRoutes(app: OpenAPIHono<Env>, control: Control): void {
  const parties = () => control.thirdParties;

  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/integrations',
      ...needs('see-integrations', 'organisation'),
      summary: 'List third parties, and everything elsewhere that the configuration talks to',
      responses: {
        200: json(
          z.object({ integrations: z.array(integrationView), elsewhere: z.array(elsewhere) }),
          'All of them',
        ),
        ...failures,
      },
    }),
    async (c) =>
      c.json({ integrations: (await parties().list()).map(view), elsewhere: await talkedTo(control) }, 200),
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/integrations',
      ...needs('change-integrations', 'organisation'),
      summary: 'Propose a manifest under this name; it takes effect once another person has approved it',
      request: {
        ...body(
          z.strictObject({
            name: z.string().max(63),
            kind: z.enum(INTEGRATION_KINDS),
            manifest: manifestSchema,
            owner: personNamed.optional(),
            days: z.int().min(1).max(366).default(365),
          }),
        ),
      },
      responses: { 201: json(integrationView, 'Proposed'), ...failures },
    }),
    async (c) => {
      const input = c.req.valid('json');
      const { principal } = c.var;
      const asked = input.owner ?? (principal.kind === 'person' ? principal.who.person.id : null);
      const owner = asked === null ? null : (await control.accounts.directory.find(asked)).id;
      await control.requireNamed(input.manifest.systems);
      const one = await parties().propose(c.var.actor, { ...input, owner });
      await control.publish();
      return c.json(view(one), 201);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/integrations/{id}/approve',
      ...needs('approve-proposals', 'integration'),
      summary: 'Approve what is proposed, or what changed; its author cannot',
      request: {
        ...named('id'),
        ...body(z.strictObject({ digest: z.string().length(64).describe('of what was looked at') })),
      },
      responses: { 200: json(integrationView, 'Approved; in force when this answers'), ...failures },
    }),
    async (c) => {
      const one = await parties().approve(c.var.actor, c.req.param('id'), c.req.valid('json').digest);
      await control.publish();
      return c.json(view(one), 200);
    },
  );
  for (const [word, summary] of [
    ['suspend', 'Refuse everything to it at once, until it is approved again'],
    ['end', 'End it; only another proposal brings it back'],
  ] as const)
    app.openapi(
      createRoute({
        method: 'post',
        path: `/api/v1/integrations/{id}/${word}`,
        ...needs('change-integrations', 'organisation', true),
        summary,
        request: { ...named('id'), ...body(z.strictObject({ why: z.string().max(512).default('by hand') })) },
        responses: { 200: json(integrationView, 'Done; in force when this answers'), ...failures },
      }),
      async (c) => {
        const { name } = await parties().find(c.req.param('id') ?? '');
        const one = await inForce(
          () => parties()[word](c.var.actor, name, c.req.valid('json').why),
          () => control.shutOut({ integrations: [name] }),
        );
        return c.json(view(one), 200);
      },
    );
}
