import { createHash } from 'node:crypto';
import { type Asset, type AssetVersion, CodedError, clock, type LineageEdge } from '@sallyport/core';
import { z } from 'zod';

/** They may hold anything, and are not kept. */
const facets = z.record(z.string(), z.unknown()).optional();
const datasetSchema = z.strictObject({
  namespace: z.string().min(1).max(512),
  name: z.string().min(1).max(1024),
  facets,
  inputFacets: facets,
  outputFacets: facets,
});

/** What is read of an event (OpenLineage 2-0-2, openlineage.io/spec). What the standard does not name is refused. */
export const runEventSchema = z.strictObject({
  eventTime: z.iso.datetime({ offset: true }),
  eventType: z.enum(['START', 'RUNNING', 'COMPLETE', 'ABORT', 'FAIL', 'OTHER']).optional(),
  run: z.strictObject({ runId: z.guid(), facets }),
  job: z.strictObject({ namespace: z.string().min(1).max(512), name: z.string().min(1).max(1024), facets }),
  inputs: z.array(datasetSchema).max(500).default([]),
  outputs: z.array(datasetSchema).max(500).default([]),
  producer: z.string().max(512).optional(),
  schemaURL: z.string().max(512).optional(),
});
export type RunEvent = z.infer<typeof runEventSchema>;

/** Namespace under which this installation names its own things. */
export const OWN_NAMESPACE = 'sallyport';
/** A UUID for an id of ours, the same each time (RFC 9562, version 8: of our own making). */
function uuidOf(id: string): string {
  const hex = createHash('sha256').update(id).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A data set of an event as a node: ours by the name they have here, others by address. */
const nodeOf = ({ namespace, name }: { namespace: string; name: string }): string =>
  namespace === OWN_NAMESPACE && /^(?:dataset|model|system|endpoint):/.test(name)
    ? name
    : `dataset:${namespace}/${name}`;

/** What an event says about what came of what. Runs that failed made nothing. */
export function edgesOf(event: RunEvent): LineageEdge[] {
  if (event.eventType === 'ABORT' || event.eventType === 'FAIL') return [];
  const run = `run:${event.job.namespace}/${event.job.name}#${event.run.runId}`;
  // What is to come has not led to anything: it would stand before all that did.
  const at = new Date(Math.min(Date.parse(event.eventTime), clock.nowMs())).toISOString();
  return [
    ...event.inputs.map((one) => ({ source: nodeOf(one), target: run, relation: 'read by', at })),
    ...event.outputs.map((one) => ({ source: run, target: nodeOf(one), relation: 'wrote', at })),
  ];
}

/** Lineage as events that others read: one for each run that is known, and one for each version that was registered. */
export function toRunEvents(
  edges: readonly LineageEdge[],
  versions: readonly { readonly asset: Asset; readonly version: AssetVersion }[],
): object[] {
  const runs = new Map<string, { at: string; inputs: string[]; outputs: string[] }>();
  for (const { source, target, at } of edges) {
    const run = source.startsWith('run:') ? source : target.startsWith('run:') ? target : null;
    if (run === null) continue;
    const known = runs.get(run) ?? { at, inputs: [], outputs: [] };
    if (source === run) known.outputs.push(target);
    else known.inputs.push(source);
    if (at > known.at) known.at = at;
    runs.set(run, known);
  }
  const dataset = (name: string): object => ({ namespace: OWN_NAMESPACE, name });
  const common = {
    producer: 'https://github.com/sallyport/sallyport',
    schemaURL: 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent',
  };
  return [
    ...[...runs].map(([name, { at, inputs, outputs }]) => {
      const [, namespace = OWN_NAMESPACE, job = name, runId = uuidOf(name)] =
        /^run:([^/]+(?:\/\/[^/]+)?)\/(.+)#([0-9a-f-]{36})$/.exec(name) ?? [];
      return {
        eventType: 'COMPLETE',
        eventTime: at,
        run: { runId },
        job: { namespace, name: job },
        inputs: inputs.map(dataset),
        outputs: outputs.map(dataset),
        ...common,
      };
    }),
    ...versions.map(({ asset, version }) => ({
      eventType: 'COMPLETE',
      eventTime: version.createdAt,
      run: { runId: uuidOf(version.id) },
      job: { namespace: OWN_NAMESPACE, name: `register ${asset.name}` },
      inputs: [],
      outputs: [dataset(`${asset.kind}:${asset.name}@${version.label}`)],
      ...common,
    })),
  ];
}

/** How far from a node a graph goes. */
export const LINEAGE_STEPS = 12;

/**
 * Everything that led to a node, and everything it led to.
 * @param steps how far
 */
export function neighbourhood(
  edges: readonly LineageEdge[],
  node: string,
  steps = LINEAGE_STEPS,
): { readonly nodes: readonly string[]; readonly edges: readonly LineageEdge[] } {
  const kept = new Set<LineageEdge>();
  const nodes = new Set([node]);
  for (const [from, to] of [
    ['target', 'source'],
    ['source', 'target'],
  ] as const) {
    let front = new Set([node]);
    for (let step = 0; step < steps && front.size > 0; step++) {
      const next = new Set<string>();
      for (const edge of edges)
        if (front.has(edge[from])) {
          kept.add(edge);
          if (!nodes.has(edge[to])) next.add(edge[to]);
          nodes.add(edge[to]);
        }
      front = next;
    }
  }
  return { nodes: [...nodes], edges: [...kept] };
}

/** Reads an event. @throws CodedError `request-invalid` */
export function parseRunEvent(json: unknown): RunEvent {
  const parsed = runEventSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CodedError(
    'request-invalid',
    `this is no event of OpenLineage: ${issue!.path.join('.')}: ${issue!.message}`,
  );
}

/** An edge from now on. */
export const edge = (source: string, target: string, relation: string): LineageEdge => ({
  source,
  target,
  relation,
  at: clock.nowIso(),
});
