import { createPublicKey } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import {
  type Asset,
  type AssetFacts,
  type AssetKind,
  type AssetVersion,
  type Attestation,
  assetNameSchema,
  CodedError,
  clock,
  type Deployment,
  newEvent,
  newId,
  type SallyportEvent,
} from '@sallyport/core';
import type { Connection, Store } from '@sallyport/store';
import type { ArtefactStore } from './artefacts.ts';
import { type Attester, attest } from './attest.ts';
import { type Gate, gatesOf } from './gates.ts';
import { type Found, findModel } from './imports.ts';
import { edge } from './open-lineage.ts';
import { hashParts } from './signing/hash-files.ts';
import { GIT_PATHS } from './signing/model-files.ts';
import { rootDigest } from './signing/model-manifest.ts';
import { type Trust, type VerifiedModel, verifyBundle } from './signing/verify-model.ts';

/** What a scan says of a version. */
export interface ScanOutcome {
  /** Id under which its findings are kept. */
  readonly scan: string;
  readonly verdict: string;
  readonly passed: boolean;
  readonly summary: string;
}

/** Somebody whose signatures count, by the name that the configuration gives. */
export interface TrustedSigner {
  readonly name: string;
  readonly trust: Trust;
}

/** What an inventory works with. */
export interface InventoryParts {
  readonly store: Store;
  readonly artefacts: ArtefactStore;
  readonly attester: Attester;
  /** Scans files, notes what it finds as findings of `target`, and says what it came to. */
  scan(files: readonly string[], target: string, actor: string): Promise<ScanOutcome>;
  signers(): readonly TrustedSigner[];
  /** Folder, not there yet, in which a version lies open while it is scanned. */
  scratch(): string;
}

/** A version with what is known of it. */
export interface KnownVersion {
  readonly version: AssetVersion;
  readonly attestations: readonly Attestation[];
  readonly gates: readonly Gate[];
  /** Places that it serves now. */
  readonly serving: readonly string[];
}

/** How a version is registered. */
export interface NewVersion {
  /** Folder or file on this machine. */
  readonly root: string;
  /** Of a cache of Hugging Face. */
  readonly revision?: string | undefined;
  readonly label?: string | undefined;
  /** Text of a signature (`model.sig`). */
  readonly signature?: string | undefined;
  /** Data sets that it was made from, `NAME` or `NAME@VERSION`. */
  readonly from?: readonly string[] | undefined;
}

/** Name of a version in findings, lineage and events. */
export const versionTarget = (kind: AssetKind, name: string, label: string): string =>
  `${kind}:${name}@${label}`;

const SIGNATURE_FILES: readonly string[] = ['model.sig', ...GIT_PATHS];
const FILES_STORED_MAX = 20_000;

/** The inventory of AI: what there is, who answers for it, what it came from, and what may be served. */
export class Inventory {
  readonly #parts: InventoryParts;

  constructor(parts: InventoryParts) {
    this.#parts = parts;
  }

  get #db() {
    return this.#parts.store.inventory;
  }

  /** What attestations are verified with: PEM of an Ed25519 key. */
  get attestationKey(): string {
    const { publicKey } = this.#parts.attester;
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') };
    return createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'pem', type: 'spki' }) as string;
  }

  /** @throws CodedError `not-found` */
  async asset(kind: AssetKind, name: string, tx?: Connection): Promise<Asset> {
    const found = await this.#db.asset(kind, name, tx);
    if (!found)
      throw new CodedError('not-found', `there is no ${kind} \`${name.slice(0, 96)}\` in the inventory`);
    return found;
  }

  /** @throws CodedError `not-found` */
  async version(asset: Asset, label: string, tx?: Connection): Promise<AssetVersion> {
    const found = await this.#db.version(asset.id, label, tx);
    if (!found)
      throw new CodedError('not-found', `\`${asset.name}\` has no version \`${label.slice(0, 64)}\``);
    return found;
  }

  /** Puts something into the inventory, or changes what is told of it. @throws CodedError `request-invalid` */
  async register(actor: string, kind: AssetKind, name: string, facts: AssetFacts): Promise<Asset> {
    const named = assetNameSchema.safeParse(name);
    if (!named.success)
      throw new CodedError(
        'request-invalid',
        `the name \`${name.slice(0, 96)}\` is not valid: ${named.error.issues[0]!.message}`,
      );
    return this.#parts.store.change(async (tx) => {
      const known = await this.#db.asset(kind, name, tx);
      const now = clock.nowIso();
      const asset: Asset = {
        ...facts,
        id: known?.id ?? newId('ast'),
        kind,
        name,
        createdAt: known?.createdAt ?? now,
        createdBy: known?.createdBy ?? actor,
        updatedAt: now,
      };
      await this.#db.putAsset(tx, asset);
      const { owner, purpose, risk, dataClasses } = facts;
      return {
        result: asset,
        event: newEvent(known ? 'asset-changed' : 'asset-registered', {
          actor,
          subject: `${kind}:${name}`,
          data: { owner, purpose: purpose.slice(0, 200), risk, dataClasses },
        }),
      };
    });
  }

  /**
   * Registers a version: hashes it, stores it sealed, scans it, verifies its signature where there is one, and notes what it came
   * from. Data is taken only from sources that are approved.
   * @param name what it is called; null for the name that its layout gives
   * @throws CodedError `usage`, `conflict`, `not-permitted` for a source that is not approved
   */
  async addVersion(
    actor: string,
    kind: 'model' | 'dataset',
    name: string | null,
    facts: AssetFacts,
    input: NewVersion,
  ): Promise<KnownVersion> {
    const found = findModel(input.root, input.revision);
    const own = {
      ...found,
      files: found.files.filter((file) => !SIGNATURE_FILES.some((one) => file.name === one)),
    };
    if (own.files.length > FILES_STORED_MAX)
      throw new CodedError(
        'usage',
        `it has ${own.files.length} files, of at most ${FILES_STORED_MAX}: pack them`,
      );
    const called = name ?? found.name;
    const label = input.label ?? found.label;
    const source = facts.source === '' ? found.source : facts.source;
    if (kind === 'dataset') await this.#decideIngest(actor, called, label, source);
    const known = await this.#db.asset(kind, called);
    if (known && (await this.#db.version(known.id, label)))
      throw new CodedError(
        'conflict',
        `\`${called}\` has a version \`${label}\` already; versions never change`,
      );
    const hashed = await this.#hash(own);
    for (const { path, sha256 } of hashed) await this.#parts.artefacts.put(sha256, path);
    const files = hashed.map(({ name: file, sha256, bytes }) => ({ name: file, sha256, bytes }));
    const digest = rootDigest(files.map((file) => ({ name: file.name, digest: file.sha256 })));
    const target = versionTarget(kind, called, label);
    const asset = known ?? (await this.register(actor, kind, called, { ...facts, source }));
    const version: AssetVersion = {
      id: newId('ver'),
      asset: asset.id,
      label,
      digest,
      bytes: files.reduce((sum, file) => sum + file.bytes, 0),
      files,
      stored: true,
      createdAt: clock.nowIso(),
      createdBy: actor,
      approvedAt: null,
      approvedBy: null,
    };
    await this.#parts.store.change(async (tx) => {
      if (await this.#db.version(asset.id, label, tx))
        throw new CodedError('conflict', `\`${called}\` has a version \`${label}\` already`);
      await this.#db.putVersion(tx, version);
      await this.#db.addEdges(tx, [
        ...(input.from ?? []).map((one) => edge(`dataset:${one}`, target, 'trained')),
        ...(source === '' ? [] : [edge(`source:${source.slice(0, 200)}`, target, 'came from')]),
      ]);
      return {
        result: undefined,
        event: newEvent('version-registered', {
          actor,
          subject: target,
          data: {
            digest,
            files: files.length,
            bytes: version.bytes,
            layout: found.layout,
            source,
            licence: facts.licence,
          },
        }),
      };
    });
    await this.rescan(
      actor,
      kind,
      called,
      label,
      hashed.map(({ path }) => path),
    );
    if (input.signature !== undefined)
      await this.verifySignature(actor, kind, called, label, input.signature);
    return this.known(asset, await this.version(asset, label));
  }

  async #hash({
    files,
  }: Pick<Found, 'files'>): Promise<(Found['files'][number] & { sha256: string; bytes: number })[]> {
    const sized = [...files]
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
      .map((file) => ({ ...file, bytes: statSync(file.path).size }));
    const digests = await hashParts(
      sized.map(({ path, bytes }) => ({ path, start: 0, end: bytes })),
      'sha256',
    );
    return sized.map((file, i) => ({ ...file, sha256: digests[i]! }));
  }

  /** Only sources that somebody approved may be taken in; that one was refused is an event too. */
  async #decideIngest(actor: string, name: string, label: string, source: string): Promise<void> {
    const now = clock.nowIso();
    const approved = (await this.#db.sources()).find(
      (one) =>
        one.status === 'approved' && one.expiresAt > now && source !== '' && isWithin(source, one.pattern),
    );
    await this.#parts.store.announce(
      newEvent('ingest-decided', {
        actor,
        subject: versionTarget('dataset', name, label),
        data: {
          source,
          decision: approved ? 'allowed' : 'refused',
          by: approved?.pattern ?? null,
          licence: approved?.licence ?? null,
        },
      }),
    );
    if (!approved)
      throw new CodedError(
        'not-permitted',
        source === ''
          ? 'say where the data comes from: only approved sources may be taken in'
          : `the source \`${source.slice(0, 200)}\` is not approved: propose it, and have somebody approve it`,
      );
  }

  /** Scans a version again and keeps what it found. @param open its files where they lie open; without, they are unpacked for it */
  async rescan(
    actor: string,
    kind: 'model' | 'dataset',
    name: string,
    label: string,
    open?: readonly string[],
  ): Promise<Attestation> {
    const asset = await this.asset(kind, name);
    const version = await this.version(asset, label);
    const target = versionTarget(kind, name, label);
    const scratch = open ? null : this.#parts.scratch();
    let outcome: ScanOutcome;
    try {
      const paths = open ?? (await this.#unpackAll(version, scratch!));
      outcome = await this.#parts.scan(paths, target, actor);
    } finally {
      if (scratch !== null) rmSync(scratch, { recursive: true, force: true });
    }
    return this.#say(actor, target, version.digest, 'scan', outcome.passed, outcome.summary, {
      scan: outcome.scan,
      verdict: outcome.verdict,
    });
  }

  async #say(
    actor: string,
    target: string,
    digest: string,
    kind: Attestation['kind'],
    passed: boolean,
    summary: string,
    predicate: object,
    more: (tx: Connection) => Promise<readonly SallyportEvent[]> = async () => [],
  ): Promise<Attestation> {
    const said = attest(this.#parts.attester, { digest, kind, passed, summary, actor }, target, predicate);
    return this.#parts.store.change(async (tx) => {
      await this.#db.addAttestation(tx, said);
      const events = await more(tx);
      return {
        result: said,
        event: [
          newEvent('attestation-made', {
            actor,
            subject: target,
            data: { kind, passed, summary, digest, attestation: said.id },
          }),
          ...events,
        ],
      };
    });
  }

  /** Verifies a signature by whoever is trusted, and that it covers exactly this version. A signature that does not hold is kept as such. */
  async verifySignature(
    actor: string,
    kind: 'model' | 'dataset',
    name: string,
    label: string,
    signature: string,
  ): Promise<Attestation> {
    const asset = await this.asset(kind, name);
    const version = await this.version(asset, label);
    const target = versionTarget(kind, name, label);
    let verified: { signer: TrustedSigner; model: VerifiedModel } | null = null;
    let why = 'nobody whose signatures count is configured (`inventory.signers`)';
    for (const signer of this.#parts.signers()) {
      try {
        verified = { signer, model: await verifyBundle(signature, signer.trust) };
        break;
      } catch (fault) {
        why = (fault as Error).message;
      }
    }
    const covers = verified !== null && coversVersion(verified.model, version);
    const passed = verified !== null && covers;
    const summary = passed
      ? `signed by ${verified!.signer.name}`
      : verified
        ? `signed by ${verified.signer.name}, but for other files than these`
        : why;
    return this.#say(actor, target, version.digest, 'signature', passed, summary, {
      signer: verified?.signer.name ?? null,
      identity: verified?.model.signer.name ?? null,
    });
  }

  /** Keeps what a test said of a version. */
  async noteTest(
    actor: string,
    name: string,
    label: string,
    passed: boolean,
    summary: string,
  ): Promise<Attestation> {
    const asset = await this.asset('model', name);
    const version = await this.version(asset, label);
    return this.#say(actor, versionTarget('model', name, label), version.digest, 'test', passed, summary, {});
  }

  /** Approves a version as it is. Its author cannot. @param digest of what was looked at. @throws CodedError `conflict`, `not-permitted` */
  async approve(
    actor: string,
    kind: 'model' | 'dataset',
    name: string,
    label: string,
    digest: string,
  ): Promise<KnownVersion> {
    const asset = await this.asset(kind, name);
    const version = await this.version(asset, label);
    if (version.digest !== digest)
      throw new CodedError('conflict', 'that is another digest than this version has: look at it again');
    if (version.createdBy === actor)
      throw new CodedError('not-permitted', 'whoever registered a version cannot approve it');
    const target = versionTarget(kind, name, label);
    const approvedAt = clock.nowIso();
    await this.#say(
      actor,
      target,
      digest,
      'approval',
      true,
      `approved by ${actor}`,
      { author: version.createdBy },
      async (tx) => {
        await this.#db.putVersion(tx, { ...version, approvedAt, approvedBy: actor });
        return [
          newEvent('version-approved', {
            actor,
            subject: target,
            data: { digest, author: version.createdBy },
          }),
        ];
      },
    );
    return this.known(asset, await this.version(asset, label));
  }

  /** What is known of a version, its gates included. */
  async known(asset: Asset, version: AssetVersion): Promise<KnownVersion> {
    const { store } = this.#parts;
    const [attestations, findings, deployments] = await Promise.all([
      this.#db.attestations(version.digest),
      store.findings.openOn(versionTarget(asset.kind, asset.name, version.label)),
      this.#db.deployments(true),
    ]);
    return {
      version,
      attestations,
      gates: gatesOf({ version, attestations, findings, nowMs: clock.nowMs() }),
      serving: deployments.filter((one) => one.version === version.id).map(({ place }) => place),
    };
  }

  /** Has a version serve at a place, in place of whatever does now. @throws CodedError `gate-closed` naming every gate that is */
  async promote(actor: string, name: string, label: string, place: string): Promise<Deployment> {
    const asset = await this.asset('model', name);
    const version = await this.version(asset, label);
    const { gates } = await this.known(asset, version);
    const closed = gates.filter((gate) => !gate.open);
    if (closed.length > 0)
      throw new CodedError(
        'gate-closed',
        `\`${name}\` ${label} may not be served: ${closed.map((gate) => `${gate.name}: ${gate.why}`).join('; ')}`,
      );
    return this.#deploy(actor, asset, version, place, 'promotion');
  }

  async #deploy(
    actor: string,
    asset: Asset,
    version: AssetVersion,
    place: string,
    how: 'promotion' | 'rollback',
  ): Promise<Deployment> {
    const target = versionTarget(asset.kind, asset.name, version.label);
    const next: Deployment = {
      id: newId('dep'),
      place,
      asset: asset.id,
      version: version.id,
      digest: version.digest,
      at: clock.nowIso(),
      actor,
      endedAt: null,
    };
    await this.#say(
      actor,
      target,
      version.digest,
      'promotion',
      true,
      `${how} to ${place}`,
      { resourceUri: place },
      async (tx) => {
        await this.#db.deploy(tx, place, next.at, next);
        await this.#db.addEdges(tx, [edge(target, place, 'served by')]);
        return [
          newEvent('version-promoted', {
            actor,
            subject: place,
            data: { version: target, digest: version.digest, how },
          }),
        ];
      },
    );
    return next;
  }

  /** Has a place serve what it served before. @throws CodedError `conflict` where there is nothing, `gate-closed` where that may not be served any more */
  async rollback(actor: string, place: string): Promise<Deployment> {
    const all = (await this.#db.deployments(false)).filter((one) => one.place === place);
    const now = all.find(({ endedAt }) => endedAt === null);
    const before = all.find((one) => one.endedAt !== null && one.version !== now?.version);
    if (!before) throw new CodedError('conflict', `nothing served at \`${place}\` before`);
    const version = await this.#db.versionById(before.version);
    const asset = (await this.#db.assets('model')).find(({ id }) => id === before.asset);
    if (!version || !asset)
      throw new CodedError('conflict', 'what served before is not in the inventory any more');
    const { gates } = await this.known(asset, version);
    // What was good enough then and is merely old now serves again; what was found bad since does not.
    const closed = gates.filter(
      ({ name, open }) => !open && ['findings', 'approved', 'stored'].includes(name),
    );
    if (closed.length > 0)
      throw new CodedError(
        'gate-closed',
        `what served before may not any more: ${closed.map(({ why }) => why).join('; ')}`,
      );
    return this.#deploy(actor, asset, version, place, 'rollback');
  }

  /** Ends what serves at a place. */
  async withdraw(actor: string, place: string): Promise<void> {
    const now = (await this.#db.deployments(true)).find((one) => one.place === place);
    if (!now) throw new CodedError('not-found', `nothing serves at \`${place}\``);
    await this.#parts.store.change(async (tx) => {
      await this.#db.deploy(tx, place, clock.nowIso(), null);
      return {
        result: undefined,
        event: newEvent('version-withdrawn', { actor, subject: place, data: { digest: now.digest } }),
      };
    });
  }

  /**
   * Unpacks a version into a folder, every byte verified. What does not serve at the place is not handed out, and that somebody
   * tried is a finding.
   * @param to a folder that is not there yet
   * @throws CodedError `gate-closed`, `artefact-corrupt`, `conflict`
   */
  async load(actor: string, name: string, place: string, to: string): Promise<AssetVersion> {
    const asset = await this.asset('model', name);
    const live = (await this.#db.deployments(true)).find(
      (one) => one.place === place && one.asset === asset.id,
    );
    const version = live ? await this.#db.versionById(live.version) : null;
    const target = `model:${name}`;
    const closed = version ? (await this.known(asset, version)).gates.filter((gate) => !gate.open) : [];
    if (!version || closed.length > 0) {
      const why = version
        ? `it may not be served any more: ${closed.map((gate) => gate.why).join('; ')}`
        : `nothing of it was promoted to \`${place}\``;
      await this.#noteLoad(actor, target, place, version, why);
      throw new CodedError('gate-closed', `\`${name}\` is not handed out: ${why}`);
    }
    const draft = `${resolve(to)}.${newId('ver')}.new`;
    try {
      await this.#unpackAll(version, draft);
      try {
        renameSync(draft, resolve(to));
      } catch {
        throw new CodedError('conflict', `\`${to}\` is there already; name a folder that is not`);
      }
    } catch (fault) {
      if (fault instanceof CodedError && fault.code === 'artefact-corrupt')
        await this.#noteLoad(actor, target, place, version, fault.message);
      throw fault;
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
    await this.#noteLoad(actor, target, place, version, null);
    return version;
  }

  async #unpackAll(version: AssetVersion, folder: string): Promise<string[]> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const paths: string[] = [];
    for (const { sha256, name } of version.files) {
      const path = join(folder, name);
      await this.#unpack(sha256, path, folder);
      paths.push(path);
    }
    return paths;
  }

  async #unpack(sha256: string, path: string, root: string): Promise<void> {
    if (!resolve(path).startsWith(`${resolve(root)}${sep}`))
      throw new CodedError('artefact-corrupt', 'a file would be written outside its folder');
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const descriptor = openSync(path, 'wx', 0o600);
    try {
      for await (const piece of this.#parts.artefacts.read(sha256)) writeSync(descriptor, piece);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  async #noteLoad(
    actor: string,
    target: string,
    place: string,
    version: AssetVersion | null,
    fault: string | null,
  ): Promise<void> {
    const scan = newId('scn');
    const data = {
      place,
      version: version?.label ?? null,
      digest: version?.digest ?? null,
      verified: fault === null,
      fault,
    };
    const loaded = newEvent('artefact-loaded', { actor, subject: target, data });
    const finding = {
      kind: 'loads',
      target,
      place,
      detector: 'registry',
      technique: 'unapproved-load',
      severity: 'high',
      message: `\`${actor}\` asked for it at \`${place}\`: ${fault}`,
      remedy:
        'find out who asked and why; have the version approved, or take the place away from whoever asked',
      references: ['LLM03:2025', 'ASI04', 'AML.T0010'],
      exploited: false,
      disclosedAt: '',
    };
    const noted =
      fault === null
        ? newEvent('scan-completed', {
            actor,
            subject: target,
            data: { scan, kind: 'loads', target, unclear: [], verdict: 'clean' },
          })
        : newEvent('detections-noted', { actor, subject: target, data: { scan, detections: [finding] } });
    await this.#parts.store.change(async () => ({ result: undefined, event: [loaded, noted] }));
  }

  /** Looks at every stored artefact again. @returns those that are not what they were, or not there */
  async audit(): Promise<{ checked: number; bad: string[] }> {
    const bad: string[] = [];
    const wanted = new Set(
      (await this.#db.versions())
        .filter(({ stored }) => stored)
        .flatMap(({ files }) => files.map(({ sha256 }) => sha256)),
    );
    for (const sha256 of wanted) {
      try {
        for await (const _ of this.#parts.artefacts.read(sha256))
          await new Promise((turn) => setImmediate(turn));
      } catch {
        bad.push(sha256);
      }
    }
    return { checked: wanted.size, bad };
  }
}

/** Whether an address lies within a source: the same, or below it, and not one that only begins alike. */
export function isWithin(source: string, pattern: string): boolean {
  if (source.includes('/../') || source.endsWith('/..')) return false;
  const base = pattern.replace(/\/+$/, '');
  return source === base || source.startsWith(`${base}/`);
}

/** Whether a signature covers every file of a version, and nothing else of it. */
function coversVersion({ manifest }: VerifiedModel, version: AssetVersion): boolean {
  const { method, hashType } = manifest.serialization;
  if (method !== 'files' || hashType !== 'sha256') return false;
  const signed = new Map(manifest.resources.map(({ name, digest }) => [name, digest]));
  if (version.files.length === 1 && signed.size === 1)
    return [...signed.values()][0] === version.files[0]!.sha256;
  return (
    signed.size === version.files.length &&
    version.files.every(({ name, sha256 }) => signed.get(name) === sha256)
  );
}
