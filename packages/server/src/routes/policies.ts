import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { EventType } from '@sallyport/core';
import { INVOKE, policySchema, policyTestSchema, shippedWith } from '@sallyport/policy';
import * as schemas from '../account-schemas.ts';
import { explain } from '../authorisation/explain.ts';
import { PolicyBench } from '../authorisation/policy-bench.ts';
import { needs } from '../authorisation/route-permissions.ts';
import type { Control } from '../control.ts';
import { body, type Env, failures, json } from './shared.ts';

/** Policies and tests of one request together, in characters. */
const POLICY_CHARACTERS_MAX = 200_000;

/** Events that tell who was let in, who was given what, and what was decided. */
const ACCESS_EVENTS: readonly EventType[] = [
  'access-decided',
  'session-created',
  'session-proven',
  'session-ended',
  'sign-in-failed',
  'person-created',
  'person-changed',
  'person-disabled',
  'person-enabled',
  'grant-given',
  'grant-removed',
  'factor-added',
  'factor-removed',
  'recovery-codes-created',
  'recovery-code-used',
  'password-changed',
  'device-forgotten',
  'setup-link-created',
  'setup-link-used',
  'provider-link-used',
  'key-created',
  'key-rotated',
  'key-revoked',
  'key-given',
  'program-changed',
  'content-read',
  'report-read',
  'policy-loaded',
  'break-glass-used',
  'review-opened',
  'review-signed',
  'review-closed',
  'integration-proposed',
  'integration-approved',
  'integration-suspended',
  'integration-ended',
  'egress-decided',
];

/** Routes of the policies, and of the log of what they decided. */
export function policyRoutes(app: OpenAPIHono<Env>, control: Control): void {
  const bench = new PolicyBench();
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/policies',
      ...needs('see-policies', 'organisation'),
      summary: 'The policies that decide now, with the roles and actions they may speak of',
      responses: { 200: json(schemas.policiesView, 'Policies'), ...failures },
    }),
    (c) => {
      const { version, roles, policies } = control.snapshots.policies;
      const { groups, actions } = policySchema();
      return c.json(
        {
          version,
          roles: [...roles].sort(),
          actions: Object.keys(actions)
            .filter((name) => actions[name]!.appliesTo !== undefined && name !== INVOKE)
            .map((name) => ({ name, groups: [...groups.get(name)!] })),
          policies: policies.map((policy) => ({ ...policy, planes: [...policy.planes] })),
        },
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/policies/explain',
      ...needs('explain-policies', 'organisation'),
      summary: 'Why a person, program or key may or may not do something',
      request: body(
        z.strictObject({
          principal: z.string().max(256),
          action: z.string().max(64),
          resource: z.string().max(256),
        }),
      ),
      responses: { 200: json(schemas.explanationView, 'Why'), ...failures },
    }),
    async (c) => c.json(await explain(control, c.req.valid('json')), 200),
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/policies/test',
      ...needs('explain-policies', 'organisation'),
      summary:
        'Hold policies against tests: those that decide now, or others that are tried; nothing is loaded',
      request: body(
        z.strictObject({
          policies: z
            .string()
            .max(POLICY_CHARACTERS_MAX)
            .optional()
            .describe('Cedar; to stand behind those that ship'),
          tests: z.array(policyTestSchema).max(1_000),
        }),
      ),
      responses: { 200: json(schemas.policyTestResults, 'Results'), ...failures },
    }),
    async (c) => {
      const { policies, tests } = c.req.valid('json');
      const text = policies === undefined ? control.snapshots.policies.text : shippedWith(policies);
      const { version, results } = await bench.run({ text, tests });
      const passed = results.filter((one) => one.passed).length;
      return c.json({ version, passed, failed: results.length - passed, results: [...results] }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/access-log',
      ...needs('see-access', 'organisation'),
      summary: 'Who was let in, given what, allowed and refused what; newest first',
      request: {
        query: z.object({
          actor: z.string().max(128).optional(),
          subject: z.string().max(128).optional(),
          kind: z.enum(['all', 'decisions', 'refused', 'sign-ins', 'changes']).default('all'),
          before: z.coerce.number().int().min(0).optional(),
          limit: z.coerce.number().int().min(1).max(500).default(100),
        }),
      },
      responses: {
        200: json(
          z.object({ entries: z.array(schemas.accessEntry), next: z.number().nullable() }),
          'Entries, and where to go on',
        ),
        ...failures,
      },
    }),
    async (c) => {
      const { actor, subject, kind, before, limit } = c.req.valid('query');
      await control.authoriser.flush();
      await control.installation.flush();
      const signIns = ACCESS_EVENTS.filter((type) => /^session-|^sign-in/.test(type));
      const types = {
        all: ACCESS_EVENTS,
        decisions: ['access-decided'],
        refused: ['access-decided', 'sign-in-failed'],
        'sign-ins': signIns,
        changes: ACCESS_EVENTS.filter((type) => type !== 'access-decided' && !signIns.includes(type)),
      }[kind];
      const filter = { actor, subject, before, refused: kind === 'refused' };
      const { events, next } = await control.installation.store.events.page(types, filter, limit);
      return c.json(
        {
          entries: events.map(({ id, at, type, actor: who, subject: about, data }) => ({
            id,
            at,
            type,
            actor: who,
            subject: about,
            data: { ...data },
          })),
          next,
        },
        200,
      );
    },
  );
}
