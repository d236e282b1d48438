import {
  asFindings,
  type Detection,
  type Finding,
  fingerprint,
  type SallyportEvent,
  type Severity,
} from '@sallyport/core';
import type { Kysely } from 'kysely';
import {
  type Counted,
  closeCounted,
  closeUnseen,
  decide,
  type FindingRow,
  type Found,
  retire,
  toFinding,
  union,
  upsertCounted,
  upsertNoted,
  worse,
} from './finding-rows.ts';
import { Quarantine } from './granting.ts';
import type { LogRows } from './log-rows.ts';
import { keysOf } from './projected-rows.ts';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';
import { livesAnew } from './system-births.ts';

/** What a row is about. @param row `TABLE/KEY` */
function subjectOf(row: string): string {
  const [table = '', key = ''] = row.split('/', 2);
  const kind = { api_keys: 'key', systems: 'system', people: 'person', programs: 'program' }[table];
  return kind === undefined ? 'organisation' : `${kind}:${key}`;
}

/** A row that is left out: what is stored cannot be used. */
const UNUSABLE = { detector: 'state', technique: 'row-cannot-be-used' } as const;
/** The event that ends it: looked at again, it can be used. */
const RELEASED = 'system-released';
/** Events that are written as they come; all others are counted. */
const WRITTEN: ReadonlySet<string> = new Set([
  'detections-noted',
  'scan-completed',
  'finding-decided',
  RELEASED,
]);

/** Findings that are over, as far as they are listed. */
const RESOLVED_MAX = 2_000;

/** Findings as leaves of the record make them, in order: counted in memory, written in the transaction of the cursor. */
export class FindingProjection {
  #counted = new Map<string, Counted>();
  #events: SallyportEvent[] = [];
  /** What came before a system began or ended, and that event. */
  readonly #before: {
    readonly counted: Iterable<Counted>;
    readonly events: readonly SallyportEvent[];
    readonly ended: SallyportEvent;
  }[] = [];

  /** Detections of one side of an exchange: one attack is one finding, however many saw it. */
  seeDetections(system: string | null, detections: readonly Detection[], at: string, demo: boolean): void {
    for (const { leading, also } of asFindings(detections)) {
      const { detector, technique, severity } = leading;
      this.#count({ subject: `system:${system}`, detector, technique, also, severity, demo }, at);
    }
  }

  /** Alerts that security owns, and events that a reviewer found wrong, must be dealt with even when they are over. */
  seeEvent(event: SallyportEvent): void {
    const { type, subject, data, at, demo } = event;
    if (livesAnew(event) !== null) {
      this.#before.push({ counted: this.#counted.values(), events: this.#events, ended: event });
      this.#counted = new Map();
      this.#events = [];
    }
    if (type === 'alert-opened' && data['owner'] === 'security') {
      const severity = data['severity'] as Severity;
      const technique = String(data['rule']);
      this.#count({ subject, detector: 'alert', technique, also: [], severity, demo }, at);
    }
    if (type === 'state-diverged')
      for (const { row } of (data['rows'] ?? []) as { row: string }[])
        this.#count(
          {
            subject: subjectOf(row),
            detector: 'state',
            technique: `row-not-in-record:${row.split('/', 1)[0]!}`,
            also: [],
            severity: 'critical',
            demo,
          },
          at,
        );
    if (type === 'system-quarantined') {
      // What ended before it began again is not over.
      this.#events = this.#events.filter((one) => one.type !== RELEASED || one.subject !== subject);
      this.#count({ subject, ...UNUSABLE, also: [], severity: 'high', demo }, at);
    }
    if (type === 'review-signed')
      for (const holder of (data['unexpected'] ?? []) as string[])
        this.#count(
          {
            subject: holder,
            detector: 'review',
            technique: 'unexpected-access',
            also: [],
            severity: 'high',
            demo,
          },
          at,
        );
    if (WRITTEN.has(type)) this.#events.push(event);
  }

  #count(found: Found, at: string): void {
    const print = fingerprint(found.subject, found);
    const known = this.#counted.get(print);
    this.#counted.set(print, {
      ...found,
      fingerprint: print,
      also: union(known?.also ?? [], found.also),
      severity: known ? worse(known.severity, found.severity) : found.severity,
      firstAt: known?.firstAt ?? at,
      lastAt: at,
      count: (known?.count ?? 0) + 1,
    });
  }

  async write(tx: Connection): Promise<void> {
    for (const { counted, events, ended } of this.#before) {
      await write(tx, counted, events);
      await retire(tx, ended);
    }
    await write(tx, this.#counted.values(), this.#events);
  }
}

async function write(
  tx: Connection,
  counted: Iterable<Counted>,
  events: readonly SallyportEvent[],
): Promise<void> {
  for (const one of counted) await upsertCounted(tx, one);
  for (const event of events) {
    if (event.type === 'detections-noted') await upsertNoted(tx, event);
    else if (event.type === 'scan-completed') await closeUnseen(tx, event);
    else if (event.type === RELEASED) await closeCounted(tx, event, UNUSABLE);
    else await decide(tx, event);
  }
}

const openOn = (db: Connection, target: string): Promise<FindingRow[]> =>
  db.selectFrom('findings').selectAll().where('target', '=', target).where('status', '=', 'open').execute();

/** What must be dealt with, as the record says it. */
export class Findings {
  readonly #db: Kysely<Database>;
  readonly #quarantined: Quarantine;
  /** What the log says of findings of scans. */
  log: LogRows | null = null;

  /** @param quarantined rows that do not follow from the record, as `findings/FINGERPRINT` */
  constructor(db: Kysely<Database>, quarantined: Quarantine = new Quarantine()) {
    this.#db = db;
    this.#quarantined = quarantined;
  }

  /** Every open finding, and the latest of those that are over. */
  async list(): Promise<Finding[]> {
    const all = this.#db.selectFrom('findings').selectAll();
    const [open, over] = await Promise.all([
      all.where('status', '=', 'open').orderBy('last_at', 'desc').orderBy('fingerprint').execute(),
      all
        .where('status', '<>', 'open')
        .orderBy('last_at', 'desc')
        .orderBy('fingerprint')
        .limit(RESOLVED_MAX)
        .execute(),
    ]);
    const rows = [...open, ...over];
    const order = ({ status, last_at }: FindingRow): string => `${status === 'open' ? 1 : 0} ${last_at}`;
    const said = await this.#asTheLogSays(rows, () => true);
    return said === rows
      ? rows.map(toFinding)
      : said.sort((a, b) => (order(a) > order(b) ? -1 : 1)).map(toFinding);
  }

  async find(print: string): Promise<Finding | null> {
    const rows = await this.#db.selectFrom('findings').selectAll().where('fingerprint', '=', print).execute();
    const [row] = await this.#asTheLogSays(rows, ({ fingerprint: own }) => own === print);
    return row ? toFinding(row) : null;
  }

  /** Findings of scans: all that are open, and those that were resolved since. */
  async ofScans(resolvedSince: string): Promise<Finding[]> {
    const rows = await this.#db
      .selectFrom('findings')
      .selectAll()
      .where('target', 'is not', null)
      .where((e) => e.or([e('status', '=', 'open'), e('resolved_at', '>=', resolvedSince)]))
      .execute();
    const all = await this.#asTheLogSays(
      rows,
      ({ status, resolved_at: at }) => status === 'open' || (at !== null && at >= resolvedSince),
    );
    return all.map(toFinding);
  }

  /** Open findings of a target of scans: those in the state, and those of which the log says so. */
  async openOn(target: string, tx: Connection = this.#db): Promise<Finding[]> {
    const open = new Map((await openOn(tx, target)).map((row) => [row.fingerprint, toFinding(row)]));
    if (this.log === null) return [...open.values()];
    for (const row of await this.log.ask((db) => openOn(db, target))) {
      const said = toFinding(row);
      const is = open.get(said.fingerprint);
      open.set(said.fingerprint, is ? { ...said, severity: worse(is.severity, said.severity) } : said);
    }
    return [...open.values()];
  }

  /** Rows with those that do not follow from the log as it says they are. @param wanted which of those are asked for */
  async #asTheLogSays(rows: FindingRow[], wanted: (row: FindingRow) => boolean): Promise<FindingRow[]> {
    const prints = new Set(keysOf('findings', this.#quarantined));
    if (this.log === null || prints.size === 0) return rows;
    const said = await this.log.ask((db) => db.selectFrom('findings').selectAll().execute());
    const isOf = (row: FindingRow): boolean => prints.has(row.fingerprint);
    return [...rows.filter((row) => !isOf(row)), ...said.filter((row) => isOf(row) && wanted(row))];
  }
}
