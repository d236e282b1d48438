import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import {
  ASSET_KINDS,
  type Asset,
  assetFactsSchema,
  assetNameSchema,
  CodedError,
  RISK_TIERS,
} from '@sallyport/core';
import type { KnownVersion } from '@sallyport/registry';
import { needs } from '../authorisation/route-permissions.ts';
import type { Control } from '../control.ts';
import { body, type Env, failures, json, named } from './shared.ts';

const assetView = z
  .object({
    id: z.string(),
    kind: z.enum(ASSET_KINDS),
    name: z.string(),
    owner: z.string().nullable(),
    purpose: z.string(),
    risk: z.enum(RISK_TIERS),
    dataClasses: z.array(z.string()),
    source: z.string(),
    licence: z.string(),
    supplier: z.string(),
    createdAt: z.string(),
    createdBy: z.string(),
    updatedAt: z.string(),
  })
  .openapi('Asset');
const gateView = z.object({ name: z.string(), open: z.boolean(), why: z.string() });
const versionView = z
  .object({
    id: z.string(),
    label: z.string(),
    digest: z.string(),
    bytes: z.number(),
    files: z.number(),
    createdAt: z.string(),
    createdBy: z.string(),
    approvedAt: z.string().nullable(),
    approvedBy: z.string().nullable(),
    gates: z.array(gateView),
    serving: z.array(z.string()),
    attestations: z.array(
      z.object({
        id: z.string(),
        kind: z.string(),
        passed: z.boolean(),
        summary: z.string(),
        at: z.string(),
        actor: z.string(),
        envelope: z.string().describe('DSSE with an in-toto statement, as JSON'),
      }),
    ),
  })
  .openapi('AssetVersion');
const deploymentView = z.object({
  place: z.string(),
  version: z.string().describe('label'),
  digest: z.string(),
  at: z.string(),
  actor: z.string(),
  endedAt: z.string().nullable(),
});

const ATTESTATIONS_SHOWN_MAX = 50;
const SIGNATURE_CHARACTERS_MAX = 200_000;
/** `system:NAME` or `endpoint:NAME`. */
const place = z
  .string()
  .max(128)
  .regex(/^(?:system|endpoint):[a-z0-9][a-z0-9._/-]*$/, 'name a place: system:NAME or endpoint:NAME');
const versionPath = {
  params: z.object({
    kind: z.enum(['model', 'dataset']),
    name: z.string().max(128),
    label: z.string().max(64),
  }),
};
const modelPath = { params: z.object({ name: z.string().max(128), label: z.string().max(64) }) };

const viewAsset = (asset: Asset): z.infer<typeof assetView> => ({
  ...asset,
  dataClasses: [...asset.dataClasses],
});
const viewVersion = ({
  version,
  gates,
  serving,
  attestations,
}: KnownVersion): z.infer<typeof versionView> => ({
  id: version.id,
  label: version.label,
  digest: version.digest,
  bytes: version.bytes,
  files: version.files.length,
  createdAt: version.createdAt,
  createdBy: version.createdBy,
  approvedAt: version.approvedAt,
  approvedBy: version.approvedBy,
  gates: gates.map((gate) => ({ ...gate })),
  serving: [...serving],
  attestations: attestations
    .slice(0, ATTESTATIONS_SHOWN_MAX)
    .map(({ id, kind, passed, summary, at, actor, envelope }) => ({
      id,
      kind,
      passed,
      summary,
      at,
      actor,
      envelope,
    })),
});

/** Paths of this machine may be named by who is on it, and by nobody else: otherwise whoever may register could read its files. */
function onlyHere(kind: string): void {
  if (kind !== 'local')
    throw new CodedError(
      'not-permitted',
      'files are named on the machine itself, with `sallyport model register`',
    );
}

/** Routes of the inventory: what there is, its versions, what opens their gates, what serves. */
export function inventoryRoutes(app: OpenAPIHono<Env>, control: Control): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/inventory',
      ...needs('see-inventory', 'organisation'),
      summary: 'Everything in the inventory',
      responses: {
        200: json(
          z.object({
            assets: z.array(assetView.extend({ versions: z.number(), serving: z.array(z.string()) })),
            unregistered: z
              .array(z.string())
              .describe('systems of the gateway of which nobody has told owner and purpose'),
          }),
          'Assets',
        ),
        ...failures,
      },
    }),
    async (c) => {
      const { inventory } = control.installation.store;
      const [assets, versions, live, systems] = await Promise.all([
        inventory.assets(),
        inventory.versions(),
        inventory.deployments(true),
        control.systems(),
      ]);
      const told = new Set(
        assets.flatMap(({ kind, name, owner }) => (kind === 'system' && owner !== null ? [name] : [])),
      );
      return c.json(
        {
          assets: assets.map((asset) => ({
            ...viewAsset(asset),
            versions: versions.filter((one) => one.asset === asset.id).length,
            serving: live.filter((one) => one.asset === asset.id).map((one) => one.place),
          })),
          unregistered: systems.flatMap(({ name, demo }) => (demo || told.has(name) ? [] : [name])),
        },
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/inventory',
      ...needs('change-inventory', 'organisation'),
      summary: 'Put a system, model, data set or endpoint into the inventory, or change what is told of it',
      request: {
        ...body(
          z.strictObject({
            kind: z.enum(ASSET_KINDS),
            name: assetNameSchema,
            facts: assetFactsSchema.prefault({}),
          }),
        ),
      },
      responses: { 200: json(assetView, 'As it is now'), ...failures },
    }),
    async (c) => {
      const { kind, name, facts } = c.req.valid('json');
      if (kind === 'system') await control.requireSystems([{ system: name }]);
      const owner = facts.owner === null ? null : (await control.accounts.directory.find(facts.owner)).id;
      const inventory = await control.inventory();
      return c.json(viewAsset(await inventory.register(c.var.actor, kind, name, { ...facts, owner })), 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/inventory/{kind}/{name}',
      ...needs('see-inventory', 'organisation'),
      summary: 'A model or data set with its versions, their gates, and what serves',
      request: { params: z.object({ kind: z.enum(['model', 'dataset']), name: z.string().max(128) }) },
      responses: {
        200: json(
          z.object({
            asset: assetView,
            versions: z.array(versionView),
            deployments: z.array(deploymentView),
          }),
          'The asset',
        ),
        ...failures,
      },
    }),
    async (c) => {
      await control.installation.flush();
      const { kind, name } = c.req.valid('param');
      const inventory = await control.inventory();
      const { inventory: stored } = control.installation.store;
      const asset = await inventory.asset(kind, name);
      const versions = await stored.versions(asset.id);
      const labels = new Map(versions.map(({ id, label }) => [id, label]));
      const known: z.infer<typeof versionView>[] = [];
      for (const version of versions) known.push(viewVersion(await inventory.known(asset, version)));
      const deployments = (await stored.deployments(false))
        .filter((one) => one.asset === asset.id)
        .map(({ place: where, version, digest, at, actor, endedAt }) => ({
          place: where,
          version: labels.get(version) ?? version,
          digest,
          at,
          actor,
          endedAt,
        }));
      return c.json({ asset: viewAsset(asset), versions: known, deployments }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/versions',
      ...needs('change-inventory', 'organisation'),
      summary:
        'Register a version of a model or data set from a path of this machine: hashed, stored sealed, scanned',
      request: {
        ...body(
          z.strictObject({
            kind: z.enum(['model', 'dataset']).default('model'),
            name: assetNameSchema.optional(),
            path: z.string().min(1).max(4096),
            revision: z.string().max(128).optional(),
            label: z
              .string()
              .max(64)
              .regex(/^[A-Za-z0-9][A-Za-z0-9._+-]*$/, 'use letters, figures, `.`, `_`, `+`, `-`')
              .optional(),
            signature: z.string().max(SIGNATURE_CHARACTERS_MAX).optional().describe('text of `model.sig`'),
            from: z
              .array(z.string().max(128))
              .max(100)
              .optional()
              .describe('data sets that it was made from'),
            facts: assetFactsSchema.prefault({}),
          }),
        ),
      },
      responses: { 201: json(versionView, 'Registered'), ...failures },
    }),
    async (c) => {
      onlyHere(c.var.principal.kind);
      const { kind, name, path, revision, label, signature, from, facts } = c.req.valid('json');
      const inventory = await control.inventory();
      const known = await inventory.addVersion(c.var.actor, kind, name ?? null, facts, {
        root: path,
        revision,
        label,
        signature,
        from,
      });
      return c.json(viewVersion(known), 201);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/versions/{kind}/{name}/{label}/approve',
      ...needs('approve-proposals', 'version'),
      summary: 'Approve a version as it is; its author cannot',
      request: {
        ...versionPath,
        ...body(z.strictObject({ digest: z.string().length(64).describe('of what was looked at') })),
      },
      responses: { 200: json(versionView, 'Approved'), ...failures },
    }),
    async (c) => {
      const { kind, name, label } = c.req.valid('param');
      const inventory = await control.inventory();
      return c.json(
        viewVersion(await inventory.approve(c.var.actor, kind, name, label, c.req.valid('json').digest)),
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/versions/{kind}/{name}/{label}/signature',
      ...needs('change-inventory', 'organisation'),
      summary: 'Verify a signature of a version, by those whose signatures count',
      request: {
        ...versionPath,
        ...body(z.strictObject({ signature: z.string().max(SIGNATURE_CHARACTERS_MAX) })),
      },
      responses: {
        200: json(z.object({ passed: z.boolean(), summary: z.string() }), 'What came of it'),
        ...failures,
      },
    }),
    async (c) => {
      const { kind, name, label } = c.req.valid('param');
      const inventory = await control.inventory();
      const said = await inventory.verifySignature(
        c.var.actor,
        kind,
        name,
        label,
        c.req.valid('json').signature,
      );
      return c.json({ passed: said.passed, summary: said.summary }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/versions/{kind}/{name}/{label}/scan',
      ...needs('run-scans', 'organisation'),
      summary: 'Scan a stored version again',
      request: versionPath,
      responses: {
        200: json(z.object({ passed: z.boolean(), summary: z.string() }), 'What came of it'),
        ...failures,
      },
    }),
    async (c) => {
      const { kind, name, label } = c.req.valid('param');
      const inventory = await control.inventory();
      const said = await inventory.rescan(c.var.actor, kind, name, label);
      return c.json({ passed: said.passed, summary: said.summary }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/models/{name}/{label}/tests',
      ...needs('change-inventory', 'organisation'),
      summary: 'Keep what a test said of a version; one that failed closes its gate',
      request: {
        ...modelPath,
        ...body(z.strictObject({ passed: z.boolean(), summary: z.string().min(1).max(512) })),
      },
      responses: { 200: json(z.object({ passed: z.boolean(), summary: z.string() }), 'Kept'), ...failures },
    }),
    async (c) => {
      const { name, label } = c.req.valid('param');
      const { passed, summary } = c.req.valid('json');
      const inventory = await control.inventory();
      const said = await inventory.noteTest(c.var.actor, name, label, passed, summary);
      return c.json({ passed: said.passed, summary: said.summary }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/models/{name}/{label}/promote',
      ...needs('change-inventory', 'organisation'),
      summary: 'Have a version serve at a place; refused while one of its gates is closed',
      request: { ...modelPath, ...body(z.strictObject({ place })) },
      responses: {
        200: json(z.object({ place: z.string(), digest: z.string(), at: z.string() }), 'It serves'),
        ...failures,
      },
    }),
    async (c) => {
      const { name, label } = c.req.valid('param');
      const where = c.req.valid('json').place;
      await requirePlace(control, where);
      const inventory = await control.inventory();
      const { digest, at } = await inventory.promote(c.var.actor, name, label, where);
      await control.publish();
      return c.json({ place: where, digest, at }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/attestations/key',
      ...needs('see-inventory', 'organisation'),
      summary: 'The key with which attestations of this installation are verified',
      responses: { 200: json(z.object({ publicKey: z.string().describe('PEM') }), 'Ed25519'), ...failures },
    }),
    async (c) => c.json({ publicKey: (await control.inventory()).attestationKey }, 200),
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/places/rollback',
      ...needs('change-inventory', 'organisation'),
      summary: 'Have a place serve what it served before',
      request: { ...body(z.strictObject({ place })) },
      responses: {
        200: json(z.object({ place: z.string(), digest: z.string(), at: z.string() }), 'It serves'),
        ...failures,
      },
    }),
    async (c) => {
      const where = c.req.valid('json').place;
      const { digest, at } = await (await control.inventory()).rollback(c.var.actor, where);
      await control.publish();
      return c.json({ place: where, digest, at }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/places/withdraw',
      ...needs('change-inventory', 'organisation'),
      summary: 'Have nothing serve at a place',
      request: { ...body(z.strictObject({ place })) },
      responses: { 200: json(z.object({ place: z.string() }), 'Nothing serves there'), ...failures },
    }),
    async (c) => {
      const where = c.req.valid('json').place;
      await (await control.inventory()).withdraw(c.var.actor, where);
      await control.publish();
      return c.json({ place: where }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/models/{name}/load',
      ...needs('change-inventory', 'organisation'),
      summary: 'Unpack what serves at a place into a folder of this machine, every byte verified',
      request: { ...named('name'), ...body(z.strictObject({ place, to: z.string().min(1).max(4096) })) },
      responses: {
        200: json(z.object({ label: z.string(), digest: z.string(), files: z.number() }), 'Unpacked'),
        ...failures,
      },
    }),
    async (c) => {
      onlyHere(c.var.principal.kind);
      const { place: where, to } = c.req.valid('json');
      const inventory = await control.inventory();
      const version = await inventory.load(c.var.actor, c.req.param('name'), where, to);
      return c.json({ label: version.label, digest: version.digest, files: version.files.length }, 200);
    },
  );
}

/** Places are what the inventory or the gateway knows. @throws CodedError */
async function requirePlace(control: Control, where: string): Promise<void> {
  const [kind, name = ''] = where.split(/:(.*)/s);
  if (kind === 'system') return control.requireSystems([{ system: name }]);
  if (!(await control.installation.store.inventory.asset('endpoint', name)))
    throw new CodedError('not-found', `there is no endpoint \`${name}\` in the inventory: register it`);
}
