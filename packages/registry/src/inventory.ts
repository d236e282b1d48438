import { createPublicKey } from 'node:crypto';
import { rmSync } from 'node:fs';
import {
  type Asset,
  type AssetFacts,
  type AssetKind,
  type AssetVersion,
  type Attestation,
  assetNameSchema,
  CodedError,
  clock,
  factsTold,
  newEvent,
  newId,
  type SallyportEvent,
  type ToldFacts,
  tellsLess,
} from '@sallyport/core';
import type { Connection } from '@sallyport/store';
import { isSealedAsNow, isSealedFile } from '@sallyport/vault';
import { isWhole } from './artefacts.ts';
import { attest } from './attest.ts';
import { gatesOf } from './gates.ts';
import type {
  InventoryParts,
  KnownVersion,
  NewVersion,
  ScanOutcome,
  TrustedSigner,
} from './inventory-parts.ts';
import { registerVersion } from './register-version.ts';
import { coversVersion } from './signing/covers.ts';
import { type VerifiedModel, verifyBundle } from './signing/verify-model.ts';
import { unpackAll } from './unpack.ts';
import { countsToday, evidenceOf, seenOf } from './version-evidence.ts';
import { versionTarget } from './version-target.ts';

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

  /**
   * Puts something into the inventory, or changes what is told of it.
   * @param mayTellLess whether less risk or fewer classes of data may be told of it than before
   * @throws CodedError `request-invalid`, `conflict`
   */
  async register(
    actor: string,
    kind: AssetKind,
    name: string,
    told: ToldFacts,
    mayTellLess = true,
  ): Promise<Asset> {
    const named = assetNameSchema.safeParse(name);
    if (!named.success)
      throw new CodedError(
        'request-invalid',
        `the name \`${name.slice(0, 96)}\` is not valid: ${named.error.issues[0]!.message}`,
      );
    return this.#parts.store.change(async (tx) => {
      const known = await this.#db.asset(kind, name, tx);
      const now = clock.nowIso();
      const facts = factsTold(known, told);
      if (known && !mayTellLess && tellsLess(known, facts))
        throw new CodedError('conflict', 'it changed since it was shown; look at it again');
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
   * Registers a version: see {@link registerVersion}. The same files again finish what was broken off.
   * @param name what it is called; null for the name that its layout gives
   * @throws CodedError `usage`, `conflict`, `not-permitted` for a source that is not approved
   */
  addVersion(
    actor: string,
    kind: 'model' | 'dataset',
    name: string | null,
    facts: AssetFacts,
    input: NewVersion,
  ): Promise<KnownVersion> {
    return registerVersion(this.#parts, this, { actor, kind, name, facts, input });
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
      const paths = open ?? (await unpackAll(this.#parts.artefacts, version, scratch!));
      outcome = await this.#parts.scan(paths, target, actor);
    } catch (fault) {
      // What does not come out of the store is not what was scanned: its gate closes, and others have their turn.
      if (!(fault instanceof CodedError) || fault.code !== 'artefact-corrupt') throw fault;
      const why = `its files do not come out of the store: ${fault.message}`;
      return await this.say(actor, target, version.digest, 'scan', false, why, { verdict: 'incomplete' });
    } finally {
      if (scratch !== null) rmSync(scratch, { recursive: true, force: true });
    }
    return this.say(actor, target, version.digest, 'scan', outcome.passed, outcome.summary, {
      scan: outcome.scan,
      verdict: outcome.verdict,
    });
  }

  /** Says something about a digest, signed, and records it with whatever changes with it. */
  async say(
    actor: string,
    target: string,
    digest: string,
    kind: Attestation['kind'],
    passed: boolean,
    summary: string,
    predicate: object,
    more: (tx: Connection, said: Attestation) => Promise<readonly SallyportEvent[]> = async () => [],
  ): Promise<Attestation> {
    const said = attest(this.#parts.attester, { digest, kind, passed, summary, actor }, target, predicate);
    return this.#parts.store.change(async (tx) => {
      await this.#db.addAttestation(tx, said);
      const events = await more(tx, said);
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
    let why = 'no signer whose signatures count is configured (`inventory.signers`)';
    for (const signer of this.#parts.signers()) {
      try {
        verified = { signer, model: await verifyBundle(signature, signer.trust) };
        break;
      } catch (fault) {
        why = (fault as Error).message;
      }
    }
    const passed = verified !== null && coversVersion(verified.model, version);
    const summary = passed
      ? `signed by ${verified!.signer.name}`
      : verified
        ? `signed by ${verified.signer.name}, but for other files than these`
        : why;
    return this.say(actor, target, version.digest, 'signature', passed, summary, {
      signer: verified?.signer.name ?? null,
      identity: verified?.model.signer.name ?? null,
    });
  }

  /**
   * Keeps what a test said of a version.
   * @param independent whether who says so never made, changed or owned it: only then it lifts what failed before
   */
  async noteTest(
    actor: string,
    name: string,
    label: string,
    passed: boolean,
    summary: string,
    independent = false,
  ): Promise<Attestation> {
    const asset = await this.asset('model', name);
    const { digest } = await this.version(asset, label);
    const target = versionTarget('model', name, label);
    return this.say(actor, target, digest, 'test', passed, summary, { independent });
  }

  /**
   * Approves a version as it is. Its author cannot.
   * @param looked digests of its files and of all that was looked at: within the transaction both are so still
   * @throws CodedError `conflict`, `not-permitted`
   */
  async approve(
    actor: string,
    kind: 'model' | 'dataset',
    name: string,
    label: string,
    looked: { readonly digest: string; readonly seen: string },
  ): Promise<KnownVersion> {
    const { digest, seen } = looked;
    const asset = await this.asset(kind, name);
    const version = await this.version(asset, label);
    if (version.digest !== digest)
      throw new CodedError('conflict', 'that is another digest than this version has: look at it again');
    if (version.createdBy === actor) throw new CodedError('not-permitted', 'an author approves nothing');
    const target = versionTarget(kind, name, label);
    const approvedAt = clock.nowIso();
    await this.say(
      actor,
      target,
      digest,
      'approval',
      true,
      `approved by ${actor}`,
      { author: version.createdBy },
      async (tx, said) => {
        const then = await this.asset(kind, name, tx);
        const now = await this.known(then, await this.version(then, label, tx), { tx, said });
        if (now.version.digest !== digest || now.seen !== seen)
          throw new CodedError('conflict', 'it changed since it was shown; look at what is there now');
        await this.#db.putVersion(tx, { ...now.version, approvedAt, approvedBy: actor });
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

  /**
   * What is known of a version, its gates included.
   * @param within a transaction, and what was said in it already, which is left out
   */
  async known(
    asset: Asset,
    version: AssetVersion,
    within?: { readonly tx: Connection; readonly said: Attestation },
  ): Promise<KnownVersion> {
    const { store } = this.#parts;
    const tx = within?.tx;
    const attestations = (await evidenceOf(store, asset, version, tx)).filter(
      ({ id }) => id !== within?.said.id,
    );
    const target = versionTarget(asset.kind, asset.name, version.label);
    const findings = await store.findings.openOn(target, tx);
    const deployments = await this.#db.deployments(true, tx);
    const gates = gatesOf({
      version,
      target,
      attestations,
      findings,
      nowMs: clock.nowMs(),
      countsToday: (one) => countsToday(this.#signers(), one),
    });
    return {
      asset,
      version,
      attestations,
      gates,
      serving: deployments.filter((one) => one.version === version.id).map(({ place }) => place),
      seen: seenOf({ asset, version, attestations, gates }),
    };
  }

  /** Those whose signatures count; where they cannot be read, none. */
  #signers(): readonly TrustedSigner[] {
    try {
      return this.#parts.signers();
    } catch {
      return [];
    }
  }

  /** Looks at how every stored file begins: what lies open begins otherwise. @returns how many are sealed as files were before */
  async unsealed(): Promise<{ files: number; earlier: number; open: string[] }> {
    const { artefacts } = this.#parts;
    const all = await artefacts.list();
    const open: string[] = [];
    let earlier = 0;
    for (const sha256 of all) {
      const head = await artefacts.head(sha256).catch(() => new Uint8Array(0));
      if (!isSealedFile(head)) open.push(sha256);
      else if (!isSealedAsNow(head)) earlier++;
    }
    return { files: all.length, earlier, open };
  }

  /**
   * Seals every stored file again that is not sealed as files are now. Cut short, it goes on with those that are left.
   * @returns how many were, and those that were changed, which are left as they are
   */
  async reseal(tell: (done: number, of: number) => void): Promise<{ sealed: number; corrupt: string[] }> {
    const { artefacts } = this.#parts;
    const all = await artefacts.list();
    const corrupt: string[] = [];
    let sealed = 0;
    for (const [at, sha256] of all.entries()) {
      try {
        if (await artefacts.reseal(sha256)) sealed++;
      } catch (fault) {
        if (!(fault instanceof CodedError) || fault.code !== 'artefact-corrupt') throw fault;
        corrupt.push(sha256);
      }
      tell(at + 1, all.length);
    }
    return { sealed, corrupt };
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
      if (!(await isWhole(this.#parts.artefacts.read(sha256)).catch(() => false))) bad.push(sha256);
    }
    return { checked: wanted.size, bad };
  }
}
