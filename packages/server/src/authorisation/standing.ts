import { CodedError, clock } from '@sallyport/core';
import type { Asking, Connection, Store } from '@sallyport/store';
import { type Principal, principalText } from './authoriser.ts';

type Signed = Exclude<Principal, { kind: 'local' }>;

/**
 * What somebody came with: a session or a key, and roles. Between a request and the change that it makes names are
 * resolved, third parties looked at and passwords hashed; whoever is shut out meanwhile changes nothing any more, and
 * neither does one whose rows do not follow from the record, before anyone looked at all of them.
 */
export class Standing implements Asking {
  readonly actor: string;
  readonly rows: readonly string[];
  readonly #store: Store;
  readonly #principal: Signed;
  /** Ids of roles; null once they ended their own session. */
  #held: ReadonlySet<string> | null;

  /** What is asked once more, before the first change of the request: what follows may rest on that. */
  #kept: (() => Promise<void>)[] = [];

  constructor(store: Store, principal: Signed) {
    this.actor = principalText(principal);
    this.#store = store;
    this.#principal = principal;
    const { grants } = principal.kind === 'person' ? principal.who : principal.known;
    this.#held = new Set(grants.map(({ id }) => id));
    this.rows = [
      ...(principal.kind === 'person'
        ? [`people/${principal.who.person.id}`, `sessions/${principal.who.session.id}`]
        : [`programs/${principal.known.program.id}`, `api_keys/${principal.known.key.id}`]),
      ...grants.map(({ id }) => `grants/${id}`),
    ];
  }

  async isThere(tx?: Connection): Promise<boolean> {
    if (this.#held === null) return true;
    if (!(await this.#isLet(tx))) return false;
    const now = await this.#now(tx);
    return [...this.#held].every((id) => now.has(id));
  }

  keep(again: () => Promise<void>): void {
    this.#kept.push(again);
  }

  async again(): Promise<void> {
    for (const one of this.#kept) await one();
  }

  made(): void {
    this.#kept = [];
  }

  async changed(tx: Connection): Promise<void> {
    this.#held = this.#held !== null && (await this.#isLet(tx)) ? await this.#now(tx) : null;
  }

  refusal(): CodedError {
    return this.#principal.kind === 'person'
      ? new CodedError(
          'not-signed-in',
          'your session or a role of yours ended meanwhile, and nothing was done',
        )
      : new CodedError(
          'key-revoked',
          'the key or a role of its account ended meanwhile, and nothing was done',
        );
  }

  /** Whether the session or the key is as good as it was. */
  async #isLet(tx?: Connection): Promise<boolean> {
    const { sessions, keys, programs } = this.#store;
    const now = clock.nowIso();
    if (this.#principal.kind === 'person') {
      const { person, session } = this.#principal.who;
      return (await sessions.list(person.id, now, '', tx)).some(({ id }) => id === session.id);
    }
    const { program, key } = this.#principal.known;
    const shown = await keys.byId(key.id, tx);
    const account = await programs.find(program.id, tx);
    return shown?.revokedAt === null && shown.expiresAt > now && account?.disabledAt === null;
  }

  async #now(tx?: Connection): Promise<ReadonlySet<string>> {
    return new Set((await this.#store.people.grants(clock.nowIso(), this.actor, tx)).map(({ id }) => id));
  }
}
