import type { ShutOut } from './messages.ts';

/** What was shut out, until a snapshot holds it. */
export class ShutOuts {
  /** Each with the version of the newest snapshot whose building began before that. */
  readonly #keys = new Map<string, number>();
  readonly #integrations = new Map<string, number>();
  #waiting: { readonly id: number; readonly done: () => void }[] = [];
  /** Counts what was added; workers acknowledge by it. */
  id = 0;

  /** @param since version of the newest snapshot whose building began before that */
  add({ keys = [], integrations = [] }: Partial<ShutOut>, since: number): number {
    for (const key of keys) this.#keys.set(key, since);
    for (const name of integrations) this.#integrations.set(name, since);
    return ++this.id;
  }

  /** What a snapshot of this version does not hold yet. */
  beyond(version: number): ShutOut {
    const later = (all: ReadonlyMap<string, number>): string[] =>
      [...all].flatMap(([name, since]) => (since >= version ? [name] : []));
    return { keys: later(this.#keys), integrations: later(this.#integrations) };
  }

  /** Forgets what a snapshot of this version holds, once every worker decides by it. */
  forget(version: number): void {
    for (const all of [this.#keys, this.#integrations])
      for (const [name, since] of all) if (since < version) all.delete(name);
  }

  /** Resolves when every worker acknowledged it. */
  acknowledged(id: number): Promise<void> {
    return new Promise((done) => this.#waiting.push({ id, done }));
  }

  /** @param told the least that any worker acknowledged */
  settle(told: number): void {
    const heard = this.#waiting.filter(({ id }) => id <= told);
    this.#waiting = this.#waiting.filter(({ id }) => id > told);
    for (const { done } of heard) done();
  }
}
