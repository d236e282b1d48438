import {
  type Asset,
  type AssetVersion,
  CodedError,
  clock,
  type Deployment,
  newEvent,
  newId,
  seenDigest,
} from '@sallyport/core';
import type { Gate } from './gates.ts';
import type { Inventory } from './inventory.ts';
import type { InventoryParts } from './inventory-parts.ts';
import { edge } from './open-lineage.ts';
import { unpackTo } from './unpack.ts';
import { versionTarget } from './version-target.ts';

/** Characters of a reason that an event keeps. */
const WHY_CHARACTERS_MAX = 400;

const closedForPromotion = (gates: readonly Gate[]): Gate[] => gates.filter(({ open }) => !open);
/** What was good enough then and is merely old now serves again; what was found bad since does not. */
const closedForRollback = (gates: readonly Gate[]): Gate[] =>
  gates.filter(({ name, open }) => !open && ['findings', 'approved', 'stored'].includes(name));

/** What serves where: promoted when every gate is open, rolled back in one step, handed out verified. */
export class Serving {
  readonly #parts: InventoryParts;
  readonly #inventory: Inventory;

  constructor(parts: InventoryParts, inventory: Inventory) {
    this.#parts = parts;
    this.#inventory = inventory;
  }

  get #db() {
    return this.#parts.store.inventory;
  }

  /** Has a version serve at a place, in place of whatever does now. @throws CodedError `gate-closed` naming every gate that is */
  async promote(actor: string, name: string, label: string, place: string): Promise<Deployment> {
    const asset = await this.#inventory.asset('model', name);
    const version = await this.#inventory.version(asset, label);
    const { gates } = await this.#inventory.known(asset, version);
    const closed = closedForPromotion(gates);
    if (closed.length > 0)
      throw new CodedError(
        'gate-closed',
        `\`${name}\` ${label} may not be served: ${closed.map((gate) => `${gate.name}: ${gate.why}`).join('; ')}`,
      );
    return this.#deploy(actor, asset, version, place, 'promotion', closedForPromotion);
  }

  async #deploy(
    actor: string,
    asset: Asset,
    version: AssetVersion,
    place: string,
    how: 'promotion' | 'rollback',
    closedOf: (gates: readonly Gate[]) => Gate[],
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
    await this.#inventory.say(
      actor,
      target,
      version.digest,
      'promotion',
      true,
      `${how} to ${place}`,
      { resourceUri: place },
      async (tx, said) => {
        // What was said meanwhile counts.
        const then = await this.#inventory.version(asset, version.label, tx);
        const [closed] = closedOf((await this.#inventory.known(asset, then, { tx, said })).gates);
        if (then.digest !== version.digest || closed)
          throw new CodedError(
            'gate-closed',
            `it may not be served any more: ${closed?.why ?? 'it changed'}`,
          );
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

  /** Has a place serve what it served before. @param since what an earlier system of that name served counts not @throws CodedError `conflict` where there is nothing, `gate-closed` where that may not be served any more */
  async rollback(actor: string, place: string, since = ''): Promise<Deployment> {
    const all = (await this.#db.deployments(false)).filter((one) => one.place === place && one.at >= since);
    const now = all.find(({ endedAt }) => endedAt === null);
    const before = all.find((one) => one.endedAt !== null && one.version !== now?.version);
    if (!before) throw new CodedError('conflict', `nothing served at \`${place}\` before`);
    const version = await this.#db.versionById(before.version);
    const asset = (await this.#db.assets('model')).find(({ id }) => id === before.asset);
    if (!version || !asset)
      throw new CodedError('conflict', 'what served before is not in the inventory any more');
    const { gates } = await this.#inventory.known(asset, version);
    const closed = closedForRollback(gates);
    if (closed.length > 0)
      throw new CodedError(
        'gate-closed',
        `what served before may not any more: ${closed.map(({ why }) => why).join('; ')}`,
      );
    return this.#deploy(actor, asset, version, place, 'rollback', closedForRollback);
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

  /** What of a model serves at a place, or why it may not. */
  async #serves(
    asset: Asset,
    place: string,
  ): Promise<{ version: AssetVersion; why: null } | { version: AssetVersion | null; why: string }> {
    const live = (await this.#db.deployments(true)).find(
      (one) => one.place === place && one.asset === asset.id,
    );
    const version = live ? await this.#db.versionById(live.version) : null;
    if (!version) return { version: null, why: `nothing of it was promoted to \`${place}\`` };
    const closed = (await this.#inventory.known(asset, version)).gates.filter((gate) => !gate.open);
    if (closed.length > 0)
      return { version, why: `it may not be served any more: ${closed.map((gate) => gate.why).join('; ')}` };
    return { version, why: null };
  }

  /** Why nothing of a model may be served at a place; null where something is. */
  async refusal(name: string, place: string): Promise<string | null> {
    const asset = await this.#db.asset('model', name);
    if (!asset) return `its model \`${name}\` is not in the registry`;
    const { why } = await this.#serves(asset, place);
    return why === null ? null : `its model \`${name}\`: ${why}`;
  }

  /**
   * One file of a version of a data set, each piece authentic. The gates are those of models.
   * @param number of the file in the version
   * @throws CodedError `gate-closed` naming every gate that is, `not-found`
   */
  async readData(
    name: string,
    label: string,
    number: number,
  ): Promise<{ name: string; content: AsyncIterable<Uint8Array> }> {
    const asset = await this.#inventory.asset('dataset', name);
    const version = await this.#inventory.version(asset, label);
    const closed = (await this.#inventory.known(asset, version)).gates.filter((gate) => !gate.open);
    if (closed.length > 0)
      throw new CodedError(
        'gate-closed',
        `\`${name}\` ${label} is not handed out: ${closed.map((gate) => `${gate.name}: ${gate.why}`).join('; ')}`,
      );
    const file = version.files[number];
    if (!file) throw new CodedError('not-found', `that version has ${version.files.length} files`);
    return { name: file.name, content: this.#parts.artefacts.read(file.sha256) };
  }

  /**
   * Unpacks a version into a folder, every byte verified. What does not serve at the place is not handed out, and that somebody
   * tried is a finding.
   * @param to a folder that is not there yet
   * @param allow throws for a place where nothing may be written
   * @throws CodedError `gate-closed`, `artefact-corrupt`, `conflict`
   */
  async load(
    actor: string,
    name: string,
    place: string,
    to: string,
    allow: (place: string) => void = () => {},
  ): Promise<AssetVersion> {
    const asset = await this.#inventory.asset('model', name);
    const target = `model:${name}`;
    const { version, why } = await this.#serves(asset, place);
    if (why !== null) {
      await this.#noteLoad(actor, target, place, version, why);
      throw new CodedError('gate-closed', `\`${name}\` is not handed out: ${why}`);
    }
    try {
      await unpackTo(this.#parts.artefacts, version, to, allow);
    } catch (fault) {
      if (fault instanceof CodedError && fault.code === 'artefact-corrupt')
        await this.#noteLoad(actor, target, place, version, fault.message);
      throw fault;
    }
    await this.#noteLoad(actor, target, place, version, null);
    return version;
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
      fault: fault?.slice(0, WHY_CHARACTERS_MAX) ?? null,
    };
    const loaded = newEvent('artefact-loaded', { actor, subject: target, data });
    const finding = {
      kind: 'loads',
      target,
      place,
      detector: 'registry',
      technique: 'unapproved-load',
      severity: 'high',
      message: `\`${actor}\` asked for it at \`${place}\`: ${fault?.slice(0, WHY_CHARACTERS_MAX)}`,
      remedy: 'find out who asked and why; have the version approved, or take the place away from the caller',
      references: ['LLM03:2025', 'ASI04', 'AML.T0010'],
      exploited: false,
      disclosedAt: '',
      seen: seenDigest({ actor, version: version?.digest, fault }),
    };
    const noted =
      fault === null
        ? newEvent('scan-completed', {
            actor,
            subject: target,
            data: { scan, kind: 'loads', target, only: place, unclear: [], verdict: 'clean' },
          })
        : newEvent('detections-noted', { actor, subject: target, data: { scan, detections: [finding] } });
    await this.#parts.store.change(async () => ({ result: undefined, event: [loaded, noted] }));
  }
}
