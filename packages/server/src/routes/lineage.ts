import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { CodedError, clock, edgeKey, type LineageEdge, newEvent, newId, seenDigest } from '@sallyport/core';
import type { DataSource } from '@sallyport/store';
import { needs } from '../authorisation/route-permissions.ts';
import type { SystemScope } from '../authorisation/system-scope.ts';
import type { Control } from '../control.ts';
import { assessParty } from '../party-assessment.ts';
import { recordedCall } from '../recorded-call.ts';
import { body, type Env, failures, json, named, systemOf } from './shared.ts';

const edgeView = z
  .object({ source: z.string(), target: z.string(), relation: z.string(), at: z.string() })
  .openapi('LineageEdge');
const sourceView = z
  .object({
    id: z.string(),
    pattern: z.string(),
    note: z.string(),
    licence: z.string(),
    status: z.enum(['proposed', 'approved', 'ended']),
    proposedAt: z.string(),
    proposedBy: z.string(),
    approvedAt: z.string().nullable(),
    approvedBy: z.string().nullable(),
    expiresAt: z.string(),
    digest: z.string().describe('of all that is shown here; an approval carries it'),
  })
  .openapi('DataSource');
const viewSource = (source: DataSource): z.infer<typeof sourceView> => ({
  ...source,
  digest: seenDigest(source),
});
const assessmentView = z
  .object({
    id: z.string(),
    party: z.string(),
    facts: z.array(z.object({ what: z.string(), good: z.boolean().nullable(), points: z.number() })),
    score: z.number(),
    at: z.string(),
    actor: z.string(),
    expiresAt: z.string(),
  })
  .openapi('Assessment');

const DAY_MS = 86_400_000;

/** The edges both ends of which somebody may be told of. */
const visibleEdges = (scope: SystemScope, edges: readonly LineageEdge[]): LineageEdge[] =>
  scope.visible(
    scope.visible(edges, ({ source }) => systemOf(source)),
    ({ target }) => systemOf(target),
  );

/** What answered one call: its system, and the version that served there then. */
async function decidedBy(control: Control, scope: SystemScope, node: string): Promise<LineageEdge[]> {
  const { inventory } = control.installation.store;
  const exchange = await recordedCall(control.installation, node.slice('exchange:'.length));
  if (!exchange?.system || !scope.has(exchange.system))
    throw new CodedError('not-found', 'there is no such call');
  const { at } = exchange;
  const system = `system:${exchange.system}`;
  const then = (await inventory.deployments(false)).find(
    (one) => one.place === system && one.at <= at && (one.endedAt === null || one.endedAt > at),
  );
  const version = then ? await inventory.versionById(then.version) : null;
  const asset = (await inventory.assets('model')).find(({ id }) => id === version?.asset);
  return [
    { source: system, target: node, relation: 'answered', at },
    ...(version && asset
      ? [{ source: `model:${asset.name}@${version.label}`, target: node, relation: 'decided', at }]
      : []),
  ];
}

/** Routes of where things come from: lineage, sources of data, assessments of third parties. */
export function lineageRoutes(app: OpenAPIHono<Env>, control: Control): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/lineage',
      ...needs('see-inventory', 'organisation'),
      summary: 'What led to a node and what it led to; everything, where none is named',
      request: { query: z.object({ node: z.string().max(256).optional() }) },
      responses: {
        200: json(
          z.object({
            nodes: z.array(z.string()),
            edges: z.array(edgeView),
            leftOut: z.number().describe('edges that are not listed, for there are too many: name a node'),
          }),
          'A graph',
        ),
        ...failures,
      },
    }),
    async (c) => {
      const scope = await c.var.scope();
      const { inventory } = control.installation.store;
      const { node } = c.req.valid('query');
      const { LINEAGE_STEPS, neighbourhood } = await import('@sallyport/registry');
      if (node === undefined) {
        const all = await inventory.edges();
        const edges = visibleEdges(scope, all);
        const nodes = [...new Set(edges.flatMap(({ source, target }) => [source, target]))];
        const leftOut = Math.max(0, (await inventory.edgeCount()) - all.length);
        return c.json({ nodes, edges: edges.map((edge) => ({ ...edge })), leftOut }, 200);
      }
      const decided = node.startsWith('exchange:') ? await decidedBy(control, scope, node) : [];
      // What answered a call is followed from the version that did.
      const begins = [node, ...decided.map(({ source }) => source)];
      const around = await Promise.all(begins.map((one) => inventory.edgesAround(one, LINEAGE_STEPS)));
      const all = new Map(around.flatMap((one) => one.edges).map((one) => [edgeKey(one), one]));
      const edges = visibleEdges(scope, [...all.values()]);
      const whole = around.every((one) => one.whole);
      const leftOut = whole ? 0 : Math.max(1, (await inventory.edgeCount()) - all.size);
      const part = neighbourhood([...edges, ...decided], node);
      const shown = part.edges.map((edge) => ({ ...edge }));
      return c.json({ nodes: [...part.nodes], edges: shown, leftOut }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/lineage',
      ...needs('change-inventory', 'organisation'),
      summary: 'Take in an event of OpenLineage',
      request: { ...body(z.record(z.string(), z.unknown())) },
      responses: { 201: json(z.object({ edges: z.number() }), 'Taken in'), ...failures },
    }),
    async (c) => {
      const { edgesOf, parseRunEvent } = await import('@sallyport/registry');
      const event = parseRunEvent(c.req.valid('json'));
      const edges = edgesOf(event);
      const { store } = control.installation;
      await store.change(async (tx) => {
        await store.inventory.addEdges(tx, edges);
        return {
          result: undefined,
          event: newEvent('lineage-noted', {
            actor: c.var.actor,
            subject: 'organisation',
            data: {
              run: event.run.runId,
              job: `${event.job.namespace}/${event.job.name}`.slice(0, 256),
              type: event.eventType ?? null,
              inputs: event.inputs.length,
              outputs: event.outputs.length,
            },
          }),
        };
      });
      return c.json({ edges: edges.length }, 201);
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/lineage/events',
      ...needs('see-inventory', 'organisation'),
      summary: 'Lineage as events of OpenLineage',
      responses: {
        200: json(z.object({ events: z.array(z.record(z.string(), z.unknown())) }), 'Events'),
        ...failures,
      },
    }),
    async (c) => {
      const { inventory } = control.installation.store;
      const assets = new Map((await inventory.assets()).map((asset) => [asset.id, asset]));
      const versions = (await inventory.versions()).flatMap((version) => {
        const asset = assets.get(version.asset);
        return asset ? [{ asset, version }] : [];
      });
      const { toRunEvents } = await import('@sallyport/registry');
      const events = toRunEvents(
        visibleEdges(await c.var.scope(), await inventory.edges()),
        versions,
      ) as Record<string, unknown>[];
      return c.json({ events }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/sources',
      ...needs('see-inventory', 'organisation'),
      summary: 'Sources that data may come from',
      responses: { 200: json(z.object({ sources: z.array(sourceView) }), 'Sources'), ...failures },
    }),
    async (c) =>
      c.json({ sources: (await control.installation.store.inventory.sources()).map(viewSource) }, 200),
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/sources',
      ...needs('change-inventory', 'organisation'),
      summary: 'Propose a source; data is taken from it once another person has approved it',
      request: {
        ...body(
          z.strictObject({
            pattern: z
              .string()
              .min(3)
              .max(256)
              .describe('the beginning of an address or path: everything below it'),
            note: z.string().max(512).default(''),
            licence: z.string().max(128).default(''),
            days: z.int().min(1).max(1098).default(365),
          }),
        ),
      },
      responses: { 201: json(sourceView, 'Proposed'), ...failures },
    }),
    async (c) => {
      const { pattern, note, licence, days } = c.req.valid('json');
      const { store } = control.installation;
      const source = await store.change(async (tx) => {
        await store.people.oneAtATime(tx);
        const known = (await store.inventory.sources(tx)).find((one) => one.pattern === pattern);
        if (known?.status === 'approved')
          throw new CodedError('conflict', 'that source is approved already; end it first');
        const now = clock.nowMs();
        const proposed = {
          id: known?.id ?? newId('src'),
          pattern,
          note,
          licence,
          status: 'proposed' as const,
          proposedAt: new Date(now).toISOString(),
          proposedBy: c.var.actor,
          approvedAt: null,
          approvedBy: null,
          expiresAt: new Date(now + days * DAY_MS).toISOString(),
        };
        await store.inventory.putSource(tx, proposed);
        return {
          result: proposed,
          event: newEvent('source-proposed', {
            actor: c.var.actor,
            subject: 'organisation',
            data: { pattern, licence },
          }),
        };
      });
      return c.json(viewSource(source), 201);
    },
  );
  /** Makes a source something else than it was. @param next what it becomes, or a refusal */
  const changeSource = async (
    actor: string,
    id: string,
    type: 'source-approved' | 'source-ended',
    next: (known: DataSource) => DataSource,
  ): Promise<z.infer<typeof sourceView>> => {
    const { store } = control.installation;
    return store.change(async (tx) => {
      const known = await store.inventory.source(id, tx);
      if (!known) throw new CodedError('not-found', 'there is no such source');
      const source = next(known);
      await store.inventory.putSource(tx, source);
      const data = { pattern: known.pattern, seen: seenDigest(known) };
      return { result: viewSource(source), event: newEvent(type, { actor, subject: 'organisation', data }) };
    });
  };
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/sources/{id}/approve',
      ...needs('approve-proposals', 'source'),
      summary: 'Approve a source as it was shown; its author cannot',
      request: {
        ...named('id'),
        ...body(z.strictObject({ digest: z.string().length(64).describe('of what was looked at') })),
      },
      responses: { 200: json(sourceView, 'As it is now'), ...failures },
    }),
    async (c) => {
      const { digest } = c.req.valid('json');
      const { actor } = c.var;
      return c.json(
        await changeSource(actor, c.req.param('id'), 'source-approved', (known) => {
          if (known.status !== 'proposed') throw new CodedError('conflict', `that source is ${known.status}`);
          if (seenDigest(known) !== digest)
            throw new CodedError('conflict', 'it changed since it was shown; look at what is there now');
          if (known.proposedBy === actor) throw new CodedError('not-permitted', 'an author does not approve');
          return { ...known, status: 'approved', approvedAt: clock.nowIso(), approvedBy: actor };
        }),
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/sources/{id}/end',
      ...needs('change-inventory', 'organisation'),
      summary: 'Take no more data from a source',
      request: named('id'),
      responses: { 200: json(sourceView, 'As it is now'), ...failures },
    }),
    async (c) =>
      c.json(
        await changeSource(c.var.actor, c.req.param('id'), 'source-ended', (known) => ({
          ...known,
          status: 'ended',
        })),
        200,
      ),
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/assessments',
      ...needs('see-integrations', 'organisation'),
      summary: 'What was measured of each third party',
      responses: {
        200: json(z.object({ assessments: z.array(assessmentView) }), 'The latest of each'),
        ...failures,
      },
    }),
    async (c) => {
      const all = await control.installation.store.inventory.assessments();
      return c.json(
        { assessments: all.map((one) => ({ ...one, facts: one.facts.map((fact) => ({ ...fact })) })) },
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/assessments/{name}',
      ...needs('change-integrations', 'organisation'),
      summary: 'Measure a third party now',
      request: named('name'),
      responses: { 201: json(assessmentView, 'What was measured'), ...failures },
    }),
    async (c) => {
      const one = await assessParty(control, c.var.actor, c.req.param('name'));
      return c.json({ ...one, facts: one.facts.map((fact) => ({ ...fact })) }, 201);
    },
  );
}
