import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import {
  CodedError,
  clock,
  dueAt,
  type Finding,
  isAccepted,
  newEvent,
  personNamed,
  priority,
  SEVERITIES,
} from '@sallyport/core';
import { findingDigest } from '@sallyport/store';
import { behindSubject, proposalBy } from '../authorisation/behind-subject.ts';
import { needs } from '../authorisation/route-permissions.ts';
import type { Control } from '../control.ts';
import type { KnownSystem } from '../snapshot.ts';
import { body, type Env, failures, json, named, systemOf, visible } from './shared.ts';

const findingView = z
  .object({
    fingerprint: z.string(),
    subject: z.string(),
    detector: z.string(),
    technique: z.string(),
    also: z
      .array(z.string())
      .describe('what else saw the same, as `detector/technique`: one attack is one finding'),
    severity: z.enum(SEVERITIES),
    status: z
      .enum(['open', 'resolved'])
      .describe('resolved by a scan that looked again and no longer saw it'),
    firstAt: z.string(),
    lastAt: z.string(),
    resolvedAt: z.string().nullable(),
    count: z.number(),
    demo: z.boolean(),
    digest: z.string().describe('of what is to be accepted; accepting it carries this back'),
    owner: z.string().nullable().describe('id of the person who answers for it'),
    dueAt: z.string(),
    overdue: z.boolean(),
    priority: z.number().describe('1 to 100: how bad it is, how likely to be used, what it reaches'),
    accepted: z.object({ until: z.string(), by: z.string(), reason: z.string() }).nullable(),
    scanned: z
      .object({
        kind: z.string(),
        target: z.string(),
        place: z.string(),
        message: z.string(),
        remedy: z.string(),
        references: z.array(z.string()),
        exploited: z.boolean(),
        disclosedAt: z.string(),
      })
      .nullable()
      .describe('what a scan says of it; null for what comes from traffic, alerts and reviews'),
  })
  .openapi('Finding');

/** A finding as the API shows it. @param owners of systems and assets, by subject */
function view(
  finding: Finding,
  systems: ReadonlyMap<string, KnownSystem>,
  owners: ReadonlyMap<string, string>,
) {
  const nowMs = clock.nowMs();
  const environment = systems.get(systemOf(finding.subject) ?? '')?.config.environment;
  const exposure =
    environment === 'production' ? 'production' : environment === undefined ? 'unknown' : 'internal';
  const due = dueAt(finding);
  return {
    ...finding,
    accepted: isAccepted(finding, nowMs) ? finding.accepted : null,
    also: [...finding.also],
    scanned: finding.scanned && {
      ...finding.scanned,
      seen: undefined,
      references: [...finding.scanned.references],
    },
    digest: findingDigest(finding),
    owner: finding.owner ?? owners.get(finding.subject) ?? null,
    dueAt: due,
    overdue: finding.status === 'open' && !isAccepted(finding, nowMs) && Date.parse(due) < nowMs,
    priority: priority(finding, exposure),
  };
}

const RISK_DAYS_MAX = 366;
/** Findings that one answer holds: the most pressing. */
const LISTED_MAX = 2_000;

/** Routes of findings: what must be dealt with, by whom and until when. */
export function findingRoutes(app: OpenAPIHono<Env>, control: Control): void {
  const views = async (some: readonly Finding[]) => {
    const systems = new Map((await control.systems()).map((system) => [system.name, system]));
    const assets = await control.installation.store.inventory.assets();
    const owners = new Map(
      assets.flatMap(({ kind, name, owner }) =>
        owner === null ? [] : [[`${kind}:${name}`, owner] as const],
      ),
    );
    return some.map((one) => view(one, systems, owners));
  };

  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/findings',
      ...needs('see-findings', 'systems'),
      summary: 'Findings, the most pressing first: one for each kind of attack or fault in one place',
      responses: {
        200: json(
          z.object({
            findings: z.array(findingView),
            leftOut: z.number().describe('open findings that are less pressing than those listed'),
          }),
          'Findings',
        ),
        ...failures,
      },
    }),
    async (c) => {
      await control.installation.flush();
      const some = await visible(c, await control.installation.store.findings.list(), ({ subject }) =>
        systemOf(subject),
      );
      const all = await views(some);
      const order = (one: (typeof all)[number]): number =>
        one.status === 'open' ? one.priority : one.priority - 1000;
      const sorted = all.sort((a, b) => order(b) - order(a) || (a.lastAt < b.lastAt ? 1 : -1));
      const leftOut = sorted.slice(LISTED_MAX).filter(({ status }) => status === 'open').length;
      return c.json({ findings: sorted.slice(0, LISTED_MAX), leftOut }, 200);
    },
  );

  const change = async (actor: string, print: string, data: Record<string, unknown>) => {
    const known = await control.installation.store.findings.find(print);
    if (!known) throw new CodedError('not-found', 'there is no such finding');
    await control.installation.announce(
      newEvent('finding-decided', { actor, subject: known.subject, data: { fingerprint: print, ...data } }),
    );
    await control.installation.flush();
    return (await views([(await control.installation.store.findings.find(print))!]))[0]!;
  };
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/findings/{fingerprint}/owner',
      ...needs('assign-findings', 'organisation'),
      summary: 'Say who answers for a finding',
      request: { ...named('fingerprint'), ...body(z.strictObject({ owner: personNamed.nullable() })) },
      responses: { 200: json(findingView, 'The finding'), ...failures },
    }),
    async (c) => {
      const asked = c.req.valid('json').owner;
      const owner = asked === null ? null : (await control.accounts.directory.find(asked)).id;
      return c.json(await change(c.var.actor, c.req.param('fingerprint'), { owner }), 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/findings/{fingerprint}/accept',
      ...needs('accept-risks', 'organisation'),
      summary:
        'Accept the risk of a finding for a time; it stays open, and counts again afterwards. Who made or owns what it is about cannot',
      request: {
        ...named('fingerprint'),
        ...body(
          z.strictObject({
            days: z.int().min(1).max(RISK_DAYS_MAX),
            reason: z.string().min(3).max(512),
            digest: z.string().length(64).describe('of what was looked at'),
          }),
        ),
      },
      responses: { 200: json(findingView, 'The finding'), ...failures },
    }),
    async (c) => {
      const { days, reason, digest } = c.req.valid('json');
      await control.installation.flush();
      const changed = (): CodedError =>
        new CodedError('conflict', 'it changed since it was shown; look at it again');
      const shown = await control.installation.store.findings.find(c.req.param('fingerprint'));
      if (!shown) throw new CodedError('not-found', 'there is no such finding');
      if (digest !== findingDigest(shown)) throw changed();
      // Whoever is behind what it is about accepts no risk of it.
      const behind = await behindSubject(control, shown.subject);
      if (behind.length > 0) await c.var.permit('accept-risks', proposalBy(shown.fingerprint, behind));
      const until = new Date(clock.nowMs() + days * 86_400_000).toISOString();
      const accepted = { until, by: c.var.actor, reason };
      // Held against the finding once more where it is written: what was found meanwhile is not accepted.
      const now = await change(c.var.actor, c.req.param('fingerprint'), { accepted, seen: digest });
      if (now.accepted?.until !== until || now.accepted.by !== accepted.by) throw changed();
      return c.json(now, 200);
    },
  );
}
