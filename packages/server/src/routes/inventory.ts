import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { ASSET_KINDS, assetNameSchema, factsTold, tellsLess, toldFactsSchema } from '@sallyport/core';
import { behindSubject, proposalBy } from '../authorisation/behind-subject.ts';
import { needs } from '../authorisation/route-permissions.ts';
import type { Control } from '../control.ts';
import { assetView, versionView, viewAsset, viewVersion } from './inventory-views.ts';
import { body, type Env, failures, json, systemOf } from './shared.ts';

const deploymentView = z.object({
  place: z.string(),
  version: z.string().describe('label'),
  digest: z.string(),
  at: z.string(),
  actor: z.string(),
  endedAt: z.string().nullable(),
});

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
              .describe('systems of the gateway without a registered owner and purpose'),
          }),
          'Assets',
        ),
        ...failures,
      },
    }),
    async (c) => {
      const { inventory } = control.installation.store;
      const scope = await c.var.scope();
      const [every, versions, deployed] = await Promise.all([
        inventory.assets(),
        inventory.versions(),
        inventory.deployments(true),
      ]);
      const assets = scope.visible(every, ({ kind, name }) => (kind === 'system' ? name : null));
      const live = scope.visible(deployed, ({ place }) => systemOf(place));
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
          unregistered: scope.systems.flatMap(({ name, demo }) => (demo || told.has(name) ? [] : [name])),
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
      summary:
        'Put a system, model, data set or endpoint into the inventory, or change its facts; only a person who never made, changed or owned it may lower its risk or drop a data class',
      request: {
        ...body(
          z.strictObject({
            kind: z.enum(ASSET_KINDS),
            name: assetNameSchema,
            facts: toldFactsSchema.prefault({}),
          }),
        ),
      },
      responses: { 200: json(assetView, 'As it is now'), ...failures },
    }),
    async (c) => {
      const { kind, name, facts } = c.req.valid('json');
      if (kind === 'system') await control.requireNamed([name]);
      const told =
        typeof facts.owner === 'string'
          ? { ...facts, owner: (await control.accounts.directory.find(facts.owner)).id }
          : facts;
      const known = await control.installation.store.inventory.asset(kind, name);
      const less = known !== null && tellsLess(known, factsTold(known, told));
      // Policies and people go by what is told of it: whom that restrains does not say less.
      if (less) {
        const behind = await behindSubject(control, `${kind}:${name}`);
        await c.var.permit('relax-inventory', proposalBy(known.id, behind));
      }
      const inventory = await control.inventory();
      return c.json(viewAsset(await inventory.register(c.var.actor, kind, name, told, less)), 200);
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
      const scope = await c.var.scope();
      for (const version of versions) {
        const one = await inventory.known(asset, version);
        known.push(viewVersion({ ...one, serving: scope.visible(one.serving, systemOf) }));
      }
      const deployments = scope
        .visible(await stored.deployments(false), ({ place }) => systemOf(place))
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
}
