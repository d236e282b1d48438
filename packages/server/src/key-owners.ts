import { CodedError, clock, newEvent } from '@sallyport/core';
import type { KeyRow, PersonRow } from '@sallyport/store';
import type { Control } from './control.ts';

const DAY_MS = 86_400_000;
/** The event that says since when keys end whose owner left. */
const WATCHED = 'key-owners-watched';

/** Who answers for a key: id of a person, or null where no one is known; and when they left, if they did. */
export interface KeyOwner {
  readonly owner: string | null;
  readonly ownerLeft: { readonly at: string; readonly endsAt: string } | null;
}

/** A key that lives, and whose owner left. */
export interface OrphanKey {
  readonly id: string;
  readonly name: string;
  readonly endsAt: string;
}

type Owned = Pick<KeyRow, 'id' | 'program' | 'owner'>;

/**
 * Who answers for API keys. Of a service account's it is who answers for the account; else who was named, or who made it.
 * A key whose owner left is a finding at once, and ends some days later unless another answers for it by then.
 */
export class KeyOwners {
  readonly #control: Control;

  constructor(control: Control) {
    this.#control = control;
  }

  /** Who answers for each of some keys, by the id of the key. */
  async of(keys: readonly Owned[]): Promise<ReadonlyMap<string, KeyOwner>> {
    const { store } = this.#control.installation;
    const programs = new Map((await store.programs.list()).map((one) => [one.id, one]));
    const people = new Map((await store.people.list()).map((one) => [one.id, one]));
    const makers = await this.#makers(keys.filter(({ owner }) => !owner));
    const since = await this.#since();
    const ofActor = (actor: string | undefined): string | null => {
      const [kind, id = ''] = (actor ?? '').split(/:(.*)/s);
      if (kind === 'person') return id;
      if (kind === 'program') return programs.get(id)?.owner ?? null;
      // A user of this machine is who an administrator said.
      return kind === 'local' ? ([...people.values()].find((one) => one.localUser === id)?.id ?? null) : null;
    };
    return new Map(
      keys.map(({ id, program, owner }) => {
        const answers = program === null ? null : (programs.get(program)?.owner ?? null);
        const known = answers ?? owner ?? ofActor(makers.get(id));
        return [
          id,
          { owner: known, ownerLeft: this.#left(known === null ? undefined : people.get(known), since) },
        ];
      }),
    );
  }

  /** Who made keys, as the log says. */
  async #makers(keys: readonly Owned[]): Promise<ReadonlyMap<string, string>> {
    const events = await this.#control.installation.state.said();
    return new Map(
      keys.flatMap(({ id }) => events.about(`key:${id}`, ['key-created']).map(({ actor }) => [id, actor])),
    );
  }

  /** Since when this is watched here, as the log says: no key ends for what was so before, without having been told of. */
  async #since(): Promise<number> {
    const known = (await this.#control.installation.state.said()).about('organisation', [WATCHED]).at(-1);
    // Until the log says it, no time has passed.
    return known ? Date.parse(known.at) : clock.nowMs();
  }

  /** Has the log say since when this is watched, once. */
  async begin(): Promise<void> {
    const { installation } = this.#control;
    const known = (await installation.state.said()).about('organisation', [WATCHED]);
    if (known.length > 0) return;
    await installation.announce(newEvent(WATCHED, { actor: 'sallyport', subject: 'organisation' }));
  }

  #left(person: PersonRow | undefined, since: number): KeyOwner['ownerLeft'] {
    const { config, installation } = this.#control;
    // One whose row is in doubt counts as shut out, and did not leave.
    if (!person?.disabledAt || installation.store.granting.quarantined.isShut(`people/${person.id}`))
      return null;
    const from = Math.max(Date.parse(person.disabledAt), since);
    const endsAt = new Date(from + config.access.ownerlessKeyDays * DAY_MS).toISOString();
    return { at: person.disabledAt, endsAt };
  }

  async #live(): Promise<KeyRow[]> {
    const now = clock.nowIso();
    return (await this.#control.installation.store.keys.list()).filter(
      ({ demo, synthetic, revokedAt, expiresAt }) =>
        !demo && !synthetic && revokedAt === null && expiresAt > now,
    );
  }

  /** Keys that live, and whose owner left. */
  async orphans(): Promise<OrphanKey[]> {
    const live = await this.#live();
    const owners = await this.of(live);
    return live.flatMap(({ id, name }) => {
      const left = owners.get(id)?.ownerLeft;
      return left ? [{ id, name, endsAt: left.endsAt }] : [];
    });
  }

  /** How many keys live, and how many of them are of people who left. */
  async count(): Promise<{ keys: number; keysOwnerless: number }> {
    return { keys: (await this.#live()).length, keysOwnerless: (await this.orphans()).length };
  }

  /** Ends keys whose time after their owner left is over. @returns how many */
  async endOrphans(): Promise<number> {
    const now = clock.nowIso();
    const over = (await this.orphans()).filter(({ endsAt }) => endsAt <= now);
    const reason = 'who answered for it left, and no one else does';
    const faults: unknown[] = [];
    // One that cannot be stored or recorded yet holds up no other.
    for (const { id } of over)
      await this.#control.apiKeys.revoke('sallyport', id, { reason }).catch((fault) => faults.push(fault));
    if (faults.length > 0) throw faults[0];
    return over.length;
  }

  /** Has somebody who is here answer for a key of no service account. @throws CodedError `not-found`, `request-invalid` */
  async give(actor: string, id: string, idOrName: string): Promise<void> {
    const { accounts, installation } = this.#control;
    const key = await installation.store.keys.byId(id);
    if (!key) throw new CodedError('not-found', `there is no key \`${id.slice(0, 64)}\``);
    if (key.program !== null)
      throw new CodedError(
        'request-invalid',
        'who answers for its service account answers for it; change that',
      );
    const { id: owner, disabledAt } = await accounts.directory.find(idOrName);
    if (disabledAt !== null)
      throw new CodedError(
        'request-invalid',
        'who is shut out answers for nothing; name someone who is here',
      );
    await installation.store.change(async (tx) => {
      await installation.store.keys.setOwner(tx, id, owner);
      const about = { actor, subject: `key:${id}`, demo: key.demo };
      return { result: undefined, event: newEvent('key-given', { ...about, data: { owner } }) };
    });
  }
}
