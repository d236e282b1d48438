import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { ACTIONS, DETECTORS } from '@sallyport/core';
import type { Context } from 'hono';
import { needs } from '../authorisation/route-permissions.ts';
import { systemTarget } from '../authorisation/system-scope.ts';
import type { Control } from '../control.ts';
import { diagnose } from '../doctor.ts';
import { expiredNote } from '../expired-calls.ts';
import { proofsOf } from '../log-proofs.ts';
import { recordedCall } from '../recorded-call.ts';
import * as schemas from '../schemas.ts';
import { type Env, exchangeView, failures, json, named, systemOf, visible, visibleCalls } from './shared.ts';

/** A text in which names of systems that its reader may not be told of are replaced: what it concludes stays. */
const unnamed = (text: string, hidden: ReadonlySet<string>): string =>
  hidden.size === 0
    ? text
    : text.replaceAll(/[a-z0-9][a-z0-9-]*(?: \(removed\))?/g, (word) =>
        hidden.has(word) ? 'a system that a policy keeps from you' : word,
      );

/** Routes of the record and of what is concluded from it. */
export function recordRoutes(app: OpenAPIHono<Env>, control: Control): void {
  const query = z.object({
    system: z.string().max(64).optional(),
    outcome: z.string().max(32).optional(),
    wouldBe: z.enum(ACTIONS).optional(),
    actor: z.string().max(64).optional(),
    detector: z.enum(DETECTORS).optional(),
    synthetic: z.enum(['true', 'false', 'all']).default('false'),
    from: z.iso.datetime().optional(),
    to: z.iso.datetime().optional(),
    before: z.string().max(64).optional(),
    until: z.string().max(64).optional(),
    offset: z.coerce.number().int().min(0).max(10_000_000).optional(),
    limit: z.coerce.number().int().min(1).max(500).default(50),
  });
  const filtered = async (c: Context<Env>, { synthetic, system, ...rest }: z.infer<typeof query>) => ({
    ...rest,
    ...(await visibleCalls(c, control, system)),
    synthetic: synthetic === 'all' ? undefined : synthetic === 'true',
  });
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/exchanges',
      ...needs('see-traffic', 'systems'),
      summary: 'List exchanges, newest first',
      request: { query },
      responses: {
        200: json(z.object({ exchanges: z.array(schemas.exchangeView) }), 'Exchanges'),
        ...failures,
      },
    }),
    async (c) => {
      await control.installation.flush();
      const filter = await filtered(c, c.req.valid('query'));
      return c.json({ exchanges: (await control.exchanges(filter)).map(exchangeView) }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/exchanges/count',
      ...needs('see-traffic', 'systems'),
      summary: 'How many exchanges there are, and the newest of them',
      request: { query },
      responses: {
        200: json(
          z.object({ total: z.number(), newest: z.string().nullable(), expired: schemas.expiredView }),
          'Their number; and how many of the systems in question have expired, whatever else is asked for',
        ),
        ...failures,
      },
    }),
    async (c) => {
      await control.installation.flush();
      const filter = await filtered(c, c.req.valid('query'));
      const { store, state } = control.installation;
      const expired = expiredNote(await state.expired(), filter);
      return c.json({ ...(await store.exchanges.count(filter)), expired }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/exchanges/{id}',
      ...needs('see-traffic', 'exchange'),
      summary: 'One exchange with its entries in the log and their inclusion proofs',
      request: { ...named('id'), query: z.object({ content: z.enum(['true', 'false']).optional() }) },
      responses: {
        200: json(schemas.exchangeProof, 'The exchange; content only when asked for, which is recorded'),
        ...failures,
      },
    }),
    async (c) => {
      const withContent = c.req.query('content') === 'true';
      if (withContent) {
        const row = await recordedCall(control.installation, c.req.param('id'));
        const known = (await control.systems()).find(({ name }) => name === row?.system);
        await c.var.permit(
          'read-content',
          row?.system ? systemTarget(row.system, known) : { kind: 'organisation' },
        );
      }
      const { summary, entries, checkpoint } = await control.exchange(
        c.var.actor,
        c.req.param('id'),
        withContent,
      );
      return c.json(
        {
          exchange: exchangeView(summary),
          entries: entries.map((entry) => ({
            ...entry,
            leaf: entry.leaf as object as Record<string, never>,
          })),
          checkpoint,
        },
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/ledger/proofs/{id}',
      ...needs('see-access', 'organisation'),
      summary: 'Proofs that a call or an event is in the record; its public keys are enough to check them',
      request: named('id'),
      responses: {
        200: json(
          z.object({
            proofs: z.array(z.object({ name: z.string(), index: z.number(), proof: z.string() })),
            witnesses: z.array(z.string()),
            asked: z.number(),
          }),
          'One for each entry, as https://c2sp.org/tlog-proof has it, with the entry itself; who of so many witnesses cosigned the checkpoint in them',
        ),
        ...failures,
      },
    }),
    async (c) => {
      const { proofs, witnesses, asked } = await proofsOf(control, c.req.param('id'));
      return c.json({ proofs: [...proofs], witnesses: [...witnesses], asked }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/ledger/witnesses',
      ...needs('see-posture', 'organisation'),
      summary: 'Who cosigns the record, and how far',
      responses: {
        200: json(
          z.object({
            witnesses: z.array(
              z.object({
                name: z.string(),
                url: z.string(),
                size: z.number().nullable(),
                at: z.string().nullable(),
                fault: z.string().nullable(),
                refuses: z.enum(['fork', 'rollback']).nullable(),
              }),
            ),
          }),
          'Every witness',
        ),
        ...failures,
      },
    }),
    (c) => c.json({ witnesses: [...control.witnesses.states()] }, 200),
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/observations',
      ...needs('see-traffic', 'systems'),
      summary: 'What enforcing would have blocked, by system',
      responses: {
        200: json(z.object({ observations: z.array(schemas.observationView) }), 'By system'),
        ...failures,
      },
    }),
    async (c) => {
      await control.installation.flush();
      const observations = await control.installation.store.exchanges.summaries();
      const expired = await control.installation.state.expired();
      const shown = (await visible(c, observations, ({ system }) => system)).map((one) => ({
        ...one,
        expired: expiredNote(expired, { systems: [one.system], synthetic: false }),
      }));
      return c.json({ observations: shown }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/posture',
      ...needs('see-posture', 'organisation'),
      summary: 'Every control, from the last results of probes',
      description:
        'Probes run when their last results are older than a minute. The answer does not wait for them: `probing` says that they run, and a later answer has what they found. With `wait=true` it waits.',
      request: { query: z.object({ wait: z.enum(['true', 'false']).optional() }) },
      responses: {
        200: json(z.object({ controls: z.array(schemas.controlView), probing: z.boolean() }), 'Controls'),
        ...failures,
      },
    }),
    async (c) => {
      const { controls, probing } =
        c.req.valid('query').wait === 'true'
          ? { controls: await control.posture(), probing: false }
          : await control.postureNow.answer();
      const hidden = (await c.var.scope()).hidden(await control.installation.store.exchanges.systems());
      const told = (text: string): string => unnamed(text, hidden);
      const views = controls.map((one) => ({
        ...one,
        evidence: one.evidence.map(told),
        missing: one.missing.map(told),
        subject: hidden.has(systemOf(one.subject ?? '') ?? '') ? null : one.subject,
      }));
      return c.json({ controls: views, probing }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/ledger/checkpoint',
      ...needs('sign-checkpoints', 'organisation'),
      summary: 'Sign a checkpoint over everything recorded so far',
      responses: { 200: json(schemas.checkpointView, 'The checkpoint'), ...failures },
    }),
    async (c) => {
      const { ledger } = control.installation;
      await ledger.checkpointNow();
      const { checkpoint, note } = await ledger.prove([]);
      return c.json(
        {
          size: checkpoint.size,
          rootHash: checkpoint.root.toString('base64'),
          note,
          verifierKey: ledger.verifierKey,
          quantumSafeVerifierKey: ledger.quantumSafeVerifierKey,
        },
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/reload',
      ...needs('reload', 'organisation'),
      summary: 'Read configuration, policies and certificates again, without dropping a call',
      responses: { 200: json(schemas.reloadedView, 'What changed'), ...failures },
    }),
    async (c) => {
      const { read, changed, restart, warnings, ...versions } = await control.reload(c.var.actor);
      const lists = { changed: [...changed], restart: [...restart], warnings: [...warnings] };
      return c.json({ read: [...read], ...lists, ...versions }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/doctor',
      ...needs('see-health', 'organisation'),
      summary: 'What is wrong and what to type',
      responses: {
        200: json(z.object({ diagnoses: z.array(schemas.diagnosisView) }), 'Checks'),
        ...failures,
      },
    }),
    async (c) => c.json({ diagnoses: await diagnose(control, await c.var.scope()) }, 200),
  );
}
