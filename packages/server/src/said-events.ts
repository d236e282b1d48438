import type { SallyportEvent } from '@sallyport/core';

/** Types of events that say who a person is, who made them, who made, changed or owned what there is, what was destroyed, since when keys end with their owners, and which backups need keys. */
export const ASKED_TYPES = [
  ...['grant-given', 'person-created', 'person-changed', 'person-enabled'],
  ...['setup-link-used', 'provider-link-used', 'program-created', 'program-changed'],
  ...['key-created', 'key-rotated', 'key-given', 'key-owners-watched', 'vault-shredded', 'backup-made'],
  ...['asset-registered', 'asset-changed', 'version-registered', 'integration-proposed'],
  ...['upstream-added', 'upstream-changed'],
] as const;
/** What is in no list is not kept: to ask for it does not compile. */
export type AskedType = (typeof ASKED_TYPES)[number];
const ASKED: ReadonlySet<string> = new Set(ASKED_TYPES);
/** Of these it matters only who did them and who owns since: of equal ones the first is kept. */
const ONCE = /^(?:asset|integration|upstream)-/;
/** Jobs make keys of minutes, any number of them: none of those is asked for. */
const JOB = 'workload:';

/**
 * Events that decide about someone, as the log has them: whoever writes to the database changes nothing here. Each kind of
 * them comes of what a person or administrator did.
 */
export class SaidEvents {
  /** Oldest first. */
  readonly #all: SallyportEvent[] = [];
  readonly #about = new Map<string, SallyportEvent[]>();
  /** Of {@link ONCE}: what was said of whom. */
  readonly #once = new Set<string>();
  /** Days on which backups of data were made: of each the first is kept. */
  readonly #backupDays = new Set<string>();

  /** @param known those of an earlier run, oldest first */
  constructor(known: readonly SallyportEvent[] = []) {
    for (const event of known) this.see(event);
  }

  /** Notes an event; those of other types are passed over. */
  see({ rows: _, ...event }: SallyportEvent): void {
    if (!ASKED.has(event.type) || event.actor.startsWith(JOB)) return;
    // Keys of probes and test calls are no one's: there are more each minute.
    if (event.synthetic && event.type === 'key-created') return;
    if (event.type === 'backup-made') {
      const day = event.at.slice(0, 10);
      if (event.data['of'] !== 'data' || this.#backupDays.has(day)) return;
      this.#backupDays.add(day);
    }
    if (event.data['knownAs'] !== undefined && this.#wasSaid(event.subject, event.data['knownAs'])) return;
    if (ONCE.test(event.type)) {
      const { type, subject, actor, data } = event;
      const owner = data['owner'] ?? null;
      if (this.#wasSaid(type, subject, actor, owner)) return;
      this.#keep({ ...event, data: { owner } });
    } else this.#keep(event);
  }

  /** Notes that something was said. @returns whether it was before */
  #wasSaid(...what: readonly unknown[]): boolean {
    const said = JSON.stringify(what);
    const was = this.#once.has(said);
    this.#once.add(said);
    return was;
  }

  #keep(event: SallyportEvent): void {
    this.#all.push(event);
    const about = this.#about.get(event.subject);
    if (about) about.push(event);
    else this.#about.set(event.subject, [event]);
  }

  /** All of them, oldest first. */
  get all(): readonly SallyportEvent[] {
    return this.#all;
  }

  /** Those of some types about one subject, since a time (ISO 8601), newest first. */
  about(subject: string, types: readonly AskedType[], at = ''): SallyportEvent[] {
    const about = this.#about.get(subject) ?? [];
    return about.filter((event) => types.includes(event.type as AskedType) && event.at >= at).reverse();
  }

  /** Those of some types whose data says this under a name, newest first. */
  saying(types: readonly AskedType[], field: string, value: string): SallyportEvent[] {
    return this.#all
      .filter(({ type, data }) => types.includes(type as AskedType) && data[field] === value)
      .reverse();
  }
}
