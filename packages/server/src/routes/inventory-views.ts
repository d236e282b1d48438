import { z } from '@hono/zod-openapi';
import { ASSET_KINDS, type Asset, RISK_TIERS } from '@sallyport/core';
import type { KnownVersion } from '@sallyport/registry';

const ATTESTATIONS_SHOWN_MAX = 50;

/** Something of the inventory, as the API shows it. */
export const assetView = z
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
/** A version with its gates. */
export const versionView = z
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
    seen: z.string().describe('digest of all that an approver is shown; an approval carries it'),
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

/** An asset as the API shows it. */
export const viewAsset = (asset: Asset): z.infer<typeof assetView> => ({
  ...asset,
  dataClasses: [...asset.dataClasses],
});
/** A version as the API shows it. */
export const viewVersion = ({
  version,
  gates,
  serving,
  attestations,
  seen,
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
  seen,
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
