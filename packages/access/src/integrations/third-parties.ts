import {
  CodedError,
  clock,
  describeIssue,
  INTEGRATION_KINDS,
  type IntegrationKind,
  type Manifest,
  manifestSchema,
  newEvent,
  newId,
  type SeenCertificate,
  seenDigest,
} from '@sallyport/core';
import type { IntegrationRow, Store } from '@sallyport/store';
import { differences, type EgressCall, outsideManifest, type Seen } from './manifest.ts';
import {
  isMereProposal,
  REPLACED_MAX,
  type Replaced,
  replacedBy,
  stateWords,
  withReplaced,
} from './standing.ts';

const DAY_MS = 86_400_000;
const DAYS_MAX = 366;

/** Looks at a third party from here. Port: what lies outside is somebody else's. */
export type Observe = (kind: IntegrationKind, manifest: Manifest) => Promise<Seen>;

/** A third party as shown. */
export interface ThirdParty extends Omit<IntegrationRow, 'manifest' | 'seen' | 'kind' | 'replaces'> {
  readonly kind: IntegrationKind;
  readonly manifest: Manifest;
  /** What was approved or stopped under this name, and is closed until what is proposed instead is approved. */
  readonly replaces: readonly Replaced[];
  /** As it was approved, or is to be. */
  readonly seen: Seen;
  /** Whether it may be called now. */
  readonly live: boolean;
  /** Of all that an approver is shown; an approval carries it. */
  readonly digest: string;
}

/** What was decided about a call to a third party. */
export interface EgressDecision {
  readonly allowed: boolean;
  /** Name of the manifest that decided; null where there is none. */
  readonly integration: string | null;
  readonly why: string;
  readonly certificates: Readonly<Record<string, SeenCertificate | null>>;
  readonly certificate: Manifest['certificate'];
}

/** Third parties: what each is approved for, by whom and until when; suspended when they are not what was approved. */
export class ThirdParties {
  readonly #store: Store;
  readonly #observe: Observe;
  readonly #changing = new Map<string, Promise<boolean>>();

  constructor(store: Store, observe: Observe) {
    this.#store = store;
    this.#observe = observe;
  }

  async list(): Promise<ThirdParty[]> {
    return (await this.#store.integrations.list()).map(shown);
  }

  /** One by id or name. @throws CodedError `not-found` */
  async find(idOrName: string): Promise<ThirdParty> {
    const row = await this.#store.integrations.find(idOrName);
    if (!row) throw new CodedError('not-found', `there is no integration \`${idOrName.slice(0, 64)}\``);
    return shown(row);
  }

  /**
   * Writes a manifest, new or instead of the one before. Where that was approved or stopped, it is closed until another
   * person has approved what is proposed instead.
   * @throws CodedError `request-invalid`, `conflict`
   */
  async propose(
    actor: string,
    input: { name: string; kind: string; manifest: unknown; owner: string | null; days: number },
  ): Promise<ThirdParty> {
    const { name, owner, days } = input;
    if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name))
      throw new CodedError('request-invalid', 'the name is lower-case letters, digits and hyphens');
    const kind = INTEGRATION_KINDS.find((one) => one === input.kind);
    if (!kind) throw new CodedError('request-invalid', `the kind is one of ${INTEGRATION_KINDS.join(', ')}`);
    if (!(days >= 1 && days <= DAYS_MAX))
      throw new CodedError('request-invalid', `it is approved for 1 to ${DAYS_MAX} days`);
    const parsed = manifestSchema.safeParse(input.manifest);
    if (!parsed.success) throw new CodedError('request-invalid', describeIssue(parsed.error));
    const seen = await this.#observe(kind, parsed.data);
    const now = clock.nowMs();
    const row = await this.#store.change(async (tx) => {
      await this.#store.people.oneAtATime(tx);
      const known = await this.#store.integrations.find(name, tx);
      const replaces = known ? replacedBy(shown(known)) : [];
      if (replaces.length > REPLACED_MAX)
        throw new CodedError(
          'conflict',
          `\`${name}\` was stopped ${REPLACED_MAX} times without an approval since; have another person approve what is proposed first`,
        );
      const one: IntegrationRow = {
        id: known?.id ?? newId('int', now),
        name,
        kind,
        manifest: JSON.stringify(parsed.data),
        owner,
        status: 'proposed',
        why: '',
        seen: JSON.stringify(seen),
        expiresAt: new Date(now + days * DAY_MS).toISOString(),
        proposedAt: after(known?.proposedAt),
        proposedBy: actor,
        // Whoever was approved once does not go back to needing no approval.
        approvedAt: known?.approvedAt ?? null,
        approvedBy: known?.approvedBy ?? null,
        replaces: replaces.length > 0 ? JSON.stringify(replaces) : null,
      };
      await this.#store.integrations.put(tx, one);
      const data = {
        ...{ kind, owner, expiresAt: one.expiresAt, manifest: parsed.data, seen },
        ...(replaces.length > 0 ? { replaces } : {}),
      };
      return {
        result: one,
        event: newEvent('integration-proposed', { actor, subject: subjectOf(name), data }),
      };
    });
    return shown(row);
  }

  /**
   * Approves what is proposed, or what changed. It is looked at again: what is approved is what is there now and was
   * shown before.
   * @param digest of what the approver looked at: what is otherwise since then is not approved
   * @throws CodedError `conflict`, `not-permitted`, `upstream-unreachable`
   */
  async approve(actor: string, idOrName: string, digest: string): Promise<ThirdParty> {
    const before = await this.find(idOrName);
    if (before.digest !== digest) throw changedSinceShown();
    const now = await this.#observe(before.kind, before.manifest);
    const silent = Object.entries(now.certificates).find(([, certificate]) => certificate === null);
    if (silent) throw new CodedError('upstream-unreachable', `${silent[0]} shows no certificate that holds`);
    const row = await this.#store.change(async (tx) => {
      await this.#store.people.oneAtATime(tx);
      const known = (await this.#store.integrations.find(before.id, tx))!;
      if (known.status !== 'proposed' && known.status !== 'suspended')
        throw new CodedError('conflict', `\`${known.name}\` is ${known.status}: there is nothing to approve`);
      // Asked again within: somebody may have written another manifest meanwhile.
      if (shown(known).digest !== digest) throw changedSinceShown();
      if (known.proposedBy === actor) throw new CodedError('not-permitted', 'an author does not approve');
      if (known.expiresAt <= clock.nowIso())
        throw new CodedError('conflict', `\`${known.name}\` expired; propose it again`);
      const at = clock.nowIso();
      const shownBefore = JSON.parse(known.seen) as Seen;
      const unseen = Object.keys(now.certificates).filter((origin) => !shownBefore.certificates[origin]);
      const changed = [
        ...differences(before.manifest, shownBefore, now),
        ...unseen.map((origin) => `${origin} shows a certificate now`),
      ];
      const seen = JSON.stringify(now);
      if (changed.length > 0) {
        const one = { ...known, seen, proposedAt: after(known.proposedAt), why: changed.join('; ') };
        await this.#store.integrations.put(tx, one);
        return { result: null, event: [] };
      }
      const one: IntegrationRow = {
        ...known,
        status: 'approved',
        why: '',
        seen,
        approvedAt: at,
        approvedBy: actor,
        replaces: null,
      };
      await this.#store.integrations.put(tx, one);
      const data = { seen: now, proposedBy: known.proposedBy };
      return {
        result: one,
        event: newEvent('integration-approved', { actor, subject: subjectOf(known.name), data }),
      };
    });
    if (row === null) throw changedSinceShown();
    return shown(row);
  }

  /** Refuses everything to it, at once, until somebody approves it again. @throws CodedError `not-found` */
  suspend(actor: string, idOrName: string, why: string): Promise<ThirdParty> {
    return this.#stop(actor, idOrName, 'suspended', why);
  }

  /** Ends it; only another proposal brings it back. @throws CodedError `not-found` */
  end(actor: string, idOrName: string, why: string): Promise<ThirdParty> {
    return this.#stop(actor, idOrName, 'ended', why);
  }

  async #stop(
    actor: string,
    idOrName: string,
    status: 'suspended' | 'ended',
    why: string,
    seen?: Seen,
  ): Promise<ThirdParty> {
    const { id } = await this.find(idOrName);
    const row = await this.#store.shutOut(async (tx) => {
      await this.#store.people.oneAtATime(tx);
      const known = (await this.#store.integrations.find(id, tx))!;
      if (known.status === status || known.status === 'ended') return { result: known, event: [] };
      const one: IntegrationRow = {
        ...known,
        status,
        why,
        // What was looked at before is not what is there now: that it was stopped, and why, is to be seen too.
        proposedAt: after(known.proposedAt),
        ...(seen ? { seen: JSON.stringify(seen) } : {}),
      };
      await this.#store.integrations.put(tx, one);
      const type = status === 'ended' ? 'integration-ended' : 'integration-suspended';
      const data = { why, ...(seen ? { seen, before: JSON.parse(known.seen) as Seen } : {}) };
      return { result: one, event: newEvent(type, { actor, subject: subjectOf(known.name), data }) };
    });
    return shown(row);
  }

  /** Looks at every one that is approved: what changed is suspended, what expired ends. @returns names of those */
  async watch(): Promise<string[]> {
    const stopped: string[] = [];
    for (const one of await this.list()) {
      if (one.status !== 'approved') continue;
      if (!one.live) {
        await acting(this.end('sallyport', one.id, 'its approval expired'));
        stopped.push(one.name);
        continue;
      }
      // Who cannot be looked at now is looked at next time; calls see the certificate themselves.
      const now = await this.#observe(one.kind, one.manifest).catch(() => null);
      if (now === null) continue;
      const changed = differences(one.manifest, one.seen, now);
      if (changed.length === 0) continue;
      await acting(this.#stop('sallyport', one.id, 'suspended', changed.join('; '), now));
      stopped.push(one.name);
    }
    return stopped;
  }

  /** A call met another certificate than was approved. @returns whether anything was suspended */
  certificateChanged(name: string, origin: string): Promise<boolean> {
    // Many calls meet it at the same time; one of them is looked into.
    const under = this.#changing.get(name);
    if (under) return under.then(() => false);
    const work = this.#certificateChanged(name, origin).finally(() => this.#changing.delete(name));
    this.#changing.set(name, work);
    return work;
  }

  async #certificateChanged(name: string, origin: string): Promise<boolean> {
    const one = await this.find(name);
    if (!one.live) return false;
    const now = await this.#observe(one.kind, one.manifest).catch(() => one.seen);
    const why = `${origin} showed another certificate than when it was approved`;
    await acting(this.#stop('sallyport', one.id, 'suspended', why, now));
    return true;
  }

  /**
   * Decides about a call.
   * @param required whether what has no manifest is refused
   */
  async decide(call: EgressCall, required: boolean): Promise<EgressDecision> {
    const none = { certificates: {}, certificate: 'key' } as const;
    const there = withReplaced(await this.list()).filter(
      (one) => one.manifest.origins.includes(call.origin) && (required || !isMereProposal(one)),
    );
    if (there.length === 0) {
      const why = required ? `no manifest names ${call.origin}` : 'no manifest is needed';
      return { allowed: !required, integration: null, why, ...none };
    }
    let refused: EgressDecision | null = null;
    for (const { name, live, status, why: reason, manifest, seen } of there) {
      const outside = live ? outsideManifest(manifest, call) : stateWords(status, reason);
      const { certificates } = seen;
      const decided = { integration: name, certificates, certificate: manifest.certificate };
      if (outside === null) return { allowed: true, why: 'within its manifest', ...decided };
      refused ??= { allowed: false, why: outside, ...decided };
    }
    return refused!;
  }
}

/** Goes on once something acts, though it may be stored later. */
async function acting(work: Promise<unknown>): Promise<void> {
  await work.catch((fault: unknown) => {
    if (!(fault instanceof CodedError && fault.code === 'not-recorded-yet')) throw fault;
  });
}

/** The time now, and later than a time: two states of one party never bear the same. */
const after = (before: string | undefined): string =>
  new Date(Math.max(clock.nowMs(), before === undefined ? 0 : Date.parse(before) + 1)).toISOString();

const changedSinceShown = (): CodedError =>
  new CodedError('conflict', 'it changed since it was shown; look at what is there now, then approve');

const subjectOf = (name: string): string => `integration:${name}`;

function shown(row: IntegrationRow): ThirdParty {
  const { manifest: manifestText, seen: seenText, kind, replaces: replacesText, ...rest } = row;
  const manifest = JSON.parse(manifestText) as Manifest;
  const replaces = JSON.parse(replacesText ?? '[]') as Replaced[];
  const seen = JSON.parse(seenText) as Seen;
  return {
    ...rest,
    kind: kind as IntegrationKind,
    manifest,
    seen,
    replaces,
    live: row.status === 'approved' && row.expiresAt > clock.nowIso(),
    digest: seenDigest({ ...rest, kind, manifest, seen, replaces }),
  };
}
