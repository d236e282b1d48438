import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { CodedError, clock, newEvent } from '@sallyport/core';
import { needs } from '../authorisation/route-permissions.ts';
import type { Control } from '../control.ts';
import { body, type Env, failures, json, systemOf } from './shared.ts';

const scanView = z
  .object({
    at: z.string(),
    actor: z.string(),
    subject: z.string(),
    target: z.string(),
    kind: z.string(),
    verdict: z.string(),
    files: z.number(),
    detections: z.number(),
    leftOut: z
      .number()
      .describe('detections that are kept as no findings, for there are too many: the mildest'),
    durationMs: z.number(),
    advisories: z.string().nullable().describe('the newest advisory that was known'),
  })
  .openapi('Scan');

const DAYS_SHOWN = 30;

/** Routes of scans: what was scanned and what came of it. */
export function scanRoutes(app: OpenAPIHono<Env>, control: Control): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/scans',
      ...needs('see-inventory', 'organisation'),
      summary: 'Scans of the last 30 days, the latest first, and what is watched',
      responses: {
        200: json(
          z.object({
            scans: z.array(scanView),
            watched: z.array(
              z.object({ name: z.string(), folder: z.string(), system: z.string().nullable() }),
            ),
          }),
          'Scans',
        ),
        ...failures,
      },
    }),
    async (c) => {
      await control.installation.flush();
      const since = new Date(clock.nowMs() - DAYS_SHOWN * 86_400_000).toISOString();
      const events = await control.installation.store.events.since(['scan-completed'], since);
      const scope = await c.var.scope();
      const scans = scope
        .visible(events, ({ subject }) => systemOf(subject))
        .filter(({ data }) => data['kind'] !== 'loads')
        .reverse()
        .map(({ at, actor, subject, data }) => ({
          at,
          actor,
          subject,
          target: String(data['target']),
          kind: String(data['kind']),
          verdict: String(data['verdict']),
          files: Number(data['files'] ?? 0),
          detections: Number(data['detections'] ?? 0),
          leftOut: Number(data['leftOut'] ?? 0),
          durationMs: Number(data['durationMs'] ?? 0),
          advisories: (data['advisories'] as string | null | undefined) ?? null,
        }));
      const watched = scope
        .visible(control.config.inventory.watch, ({ system }) => system ?? null)
        .map(({ name, folder, system }) => ({
          name,
          folder,
          system: system ?? null,
        }));
      return c.json({ scans, watched }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/scans',
      ...needs('run-scans', 'organisation'),
      summary: 'Scan a watched folder now; answers when it is done',
      request: { ...body(z.strictObject({ watch: z.string().max(63) })) },
      responses: {
        200: json(
          z.object({
            outcomes: z.array(z.object({ verdict: z.string(), passed: z.boolean(), summary: z.string() })),
          }),
          'What came of it',
        ),
        ...failures,
      },
    }),
    async (c) => {
      const { watch: name } = c.req.valid('json');
      const watch = control.config.inventory.watch.find((one) => one.name === name);
      if (!watch) throw new CodedError('not-found', `nothing is watched under the name \`${name}\``);
      const outcomes = await control.scans.scanWatch(c.var.actor, watch);
      return c.json(
        { outcomes: outcomes.map(({ verdict, passed, summary }) => ({ verdict, passed, summary })) },
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/ci-runs',
      ...needs('run-scans', 'organisation'),
      summary: 'Keep what `sallyport ci` found of a change in a pipeline',
      request: {
        ...body(
          z.strictObject({
            reference: z.string().min(1).max(200).describe('commit or pull request'),
            inputsDigest: z
              .string()
              .regex(/^[0-9a-f]{64}$/)
              .describe('SHA-256 over what was checked'),
            passed: z.boolean(),
            failOn: z.string().max(16),
            checks: z
              .array(
                z.strictObject({
                  name: z.string().max(64),
                  ran: z.boolean(),
                  passed: z.boolean(),
                  summary: z.string().max(300),
                }),
              )
              .max(16),
          }),
        ),
      },
      responses: { 201: json(z.object({ kept: z.boolean() }), 'Kept'), ...failures },
    }),
    async (c) => {
      const { checks, ...run } = c.req.valid('json');
      await control.installation.announce(
        newEvent('ci-completed', {
          actor: c.var.actor,
          subject: 'organisation',
          data: {
            ...run,
            checks: checks
              .map(({ name, ran, passed }) => `${name} ${ran ? (passed ? 'passed' : 'failed') : 'not run'}`)
              .join(', '),
          },
        }),
      );
      return c.json({ kept: true }, 201);
    },
  );
}
