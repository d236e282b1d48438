import { z } from 'zod';
import { personNamed } from './config-values.ts';

/** What the inventory keeps besides systems and third parties. */
export const ASSET_KINDS = ['system', 'model', 'dataset', 'endpoint'] as const;
export type AssetKind = (typeof ASSET_KINDS)[number];

/** How much harm its failure can do; the words of the EU AI Act (Regulation 2024/1689), from mildest to worst. */
export const RISK_TIERS = ['minimal', 'limited', 'high', 'prohibited'] as const;
export type RiskTier = (typeof RISK_TIERS)[number];

/** A name in the inventory: lower case, figures, `.`, `-`, `_` and `/` between words. */
export const assetNameSchema = z
  .string()
  .min(1)
  .max(96)
  .regex(
    /^[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*){0,2}$/,
    'use lower-case letters, figures, `.`, `-`, `_`, and `/` between words',
  );

/** What is told of an asset by whoever answers for it. */
export const assetFactsSchema = z.strictObject({
  owner: personNamed.nullable().default(null),
  purpose: z.string().max(1000).default(''),
  risk: z.enum(RISK_TIERS).default('limited'),
  dataClasses: z.array(z.string().max(63)).max(32).default([]),
  /** Where it comes from, such as an address or a library. */
  source: z.string().max(512).default(''),
  licence: z.string().max(128).default(''),
  /** Who made it. */
  supplier: z.string().max(128).default(''),
});
export type AssetFacts = z.infer<typeof assetFactsSchema>;

const { owner, purpose, risk, dataClasses, source, licence, supplier } = assetFactsSchema.shape;

/** What is told of an asset that is there or is new; what is left out stays as it is, or is what nothing was told of. */
export const toldFactsSchema = z.strictObject({
  owner: owner.unwrap().optional(),
  purpose: purpose.unwrap().optional(),
  risk: risk.unwrap().optional(),
  dataClasses: dataClasses.unwrap().optional(),
  source: source.unwrap().optional(),
  licence: licence.unwrap().optional(),
  supplier: supplier.unwrap().optional(),
});
export type ToldFacts = z.infer<typeof toldFactsSchema>;

/** Facts of an asset once more is told of it. @param before null where it is new */
export const factsTold = (before: AssetFacts | null, told: ToldFacts): AssetFacts =>
  assetFactsSchema.parse(
    Object.fromEntries(
      (Object.keys(assetFactsSchema.shape) as (keyof AssetFacts)[]).map((fact) => [
        fact,
        told[fact] === undefined ? before?.[fact] : told[fact],
      ]),
    ),
  );

/** Whether less risk or fewer classes of data are told of an asset than before: what stands on them restrains less. */
export const tellsLess = (before: AssetFacts, after: AssetFacts): boolean =>
  RISK_TIERS.indexOf(after.risk) < RISK_TIERS.indexOf(before.risk) ||
  before.dataClasses.some((one) => !after.dataClasses.includes(one));

/** Something of the inventory. */
export interface Asset extends AssetFacts {
  readonly id: string;
  readonly kind: AssetKind;
  readonly name: string;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly updatedAt: string;
}

/** One file of a version. */
export interface VersionFile {
  /** Relative, with `/`. */
  readonly name: string;
  /** SHA-256, hexadecimal; the name under which it is stored. */
  readonly sha256: string;
  readonly bytes: number;
}

/** One version of a model or a dataset: fixed by its digest. */
export interface AssetVersion {
  readonly id: string;
  readonly asset: string;
  readonly label: string;
  /** SHA-256 over the digests of its files in order, hexadecimal. */
  readonly digest: string;
  readonly bytes: number;
  readonly files: readonly VersionFile[];
  /** Whether its files are stored here. */
  readonly stored: boolean;
  readonly createdAt: string;
  /** Whoever registered it; this actor cannot approve it. */
  readonly createdBy: string;
  /** When it was approved as it is; null where it is not. */
  readonly approvedAt: string | null;
  readonly approvedBy: string | null;
}

/** Something said about a digest, signed (in-toto). */
export interface Attestation {
  readonly id: string;
  readonly digest: string;
  readonly kind: 'scan' | 'signature' | 'approval' | 'test' | 'promotion';
  /** Whether it speaks for the artefact. */
  readonly passed: boolean;
  /** In plain words. */
  readonly summary: string;
  /** DSSE, as JSON. */
  readonly envelope: string;
  readonly at: string;
  readonly actor: string;
}

/** What serves a version, from when to when. */
export interface Deployment {
  readonly id: string;
  /** `system:NAME` or `endpoint:NAME`. */
  readonly place: string;
  /** Id of the model. */
  readonly asset: string;
  readonly version: string;
  readonly digest: string;
  readonly at: string;
  readonly actor: string;
  readonly endedAt: string | null;
}

/** One step of lineage: what `source` went into. Nodes are `dataset:NAME`, `run:ID`, `model:NAME@VERSION`, `system:NAME`. */
export interface LineageEdge {
  readonly source: string;
  readonly target: string;
  readonly relation: string;
  readonly at: string;
}

/** What tells an edge from others, whenever it was noted. */
export const edgeKey = ({ source, target, relation }: LineageEdge): string =>
  JSON.stringify([source, target, relation]);

/** Kinds of scans whose findings are kept. */
export const SCAN_KINDS = ['model-files', 'dependencies', 'sources'] as const;
export type ScanKind = (typeof SCAN_KINDS)[number];

/** What somebody decided about a use of AI that was found. */
export const USE_DECISIONS = ['sanctioned', 'stop', 'ignored'] as const;
export type UseDecision = (typeof USE_DECISIONS)[number];
/** Those of them that let a use go on: who approves decides so. */
export const LET_GO_ON = ['sanctioned', 'ignored'] as const satisfies readonly UseDecision[];
