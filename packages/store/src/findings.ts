import {
  type Detection,
  type Finding,
  fingerprint,
  type SallyportEvent,
  type ScannedFinding,
  SEVERITIES,
  type Severity,
  seenDigest,
} from '@sallyport/core';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';
import { livesAnew, removedName } from './system-births.ts';

/** One detection of a scan, as an event carries it. */
export interface NotedDetection extends ScannedFinding {
  readonly detector: string;
  readonly technique: string;
  readonly severity: Severity;
}

/** What a row is about. @param row `TABLE/KEY` */
function subjectOf(row: string): string {
  const [table = '', key = ''] = row.split('/', 2);
  const kind = { api_keys: 'key', systems: 'system', people: 'person', programs: 'program' }[table];
  return kind === undefined ? 'organisation' : `${kind}:${key}`;
}

/** What of a scan's end the projection reads. */
export interface ScanEnd {
  readonly scan: string;
  readonly kind: string;
  readonly target: string;
  /** Places of which the scan could not tell: what was found there stays open. Null where that is everything. */
  readonly unclear: readonly string[] | null;
}

/** What is found, before it is counted. */
type Found = Pick<Finding, 'subject' | 'detector' | 'technique' | 'severity' | 'demo'>;
/** A finding of traffic, alerts or reviews, on its way into the table. */
type Counted = Found & Pick<Finding, 'fingerprint' | 'firstAt' | 'lastAt' | 'count'>;

const worse = (a: Severity, b: Severity): Severity =>
  SEVERITIES.indexOf(a) <= SEVERITIES.indexOf(b) ? a : b;
const LISTED_MAX = 2_000;

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

  /** Detections of an exchange. A rule on trial accuses nobody. */
  seeDetections(system: string | null, detections: readonly Detection[], at: string, demo: boolean): void {
    for (const { detector, technique, severity, shadow } of detections)
      if (!shadow) this.#count({ subject: `system:${system}`, detector, technique, severity, demo }, at);
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
      this.#count({ subject, detector: 'alert', technique: String(data['rule']), severity, demo }, at);
    }
    if (type === 'state-diverged')
      for (const { row } of (data['rows'] ?? []) as { row: string }[])
        this.#count(
          {
            subject: subjectOf(row),
            detector: 'state',
            technique: `row-not-in-record:${row.split('/', 1)[0]!}`,
            severity: 'critical',
            demo,
          },
          at,
        );
    if (type === 'review-signed')
      for (const holder of (data['unexpected'] ?? []) as string[])
        this.#count(
          { subject: holder, detector: 'review', technique: 'unexpected-access', severity: 'high', demo },
          at,
        );
    if (type === 'detections-noted' || type === 'scan-completed' || type === 'finding-decided')
      this.#events.push(event);
  }

  #count(found: Found, at: string): void {
    const print = fingerprint(found.subject, found);
    const known = this.#counted.get(print);
    this.#counted.set(print, {
      ...found,
      fingerprint: print,
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
    else await decide(tx, event);
  }
}

async function upsertCounted(tx: Connection, counted: Counted): Promise<void> {
  await tx
    .insertInto('findings')
    .values({
      fingerprint: counted.fingerprint,
      subject: counted.subject,
      detector: counted.detector,
      technique: counted.technique,
      severity: counted.severity,
      status: 'open',
      first_at: counted.firstAt,
      last_at: counted.lastAt,
      count: counted.count,
      demo: Number(counted.demo),
    })
    .onConflict((conflict) =>
      conflict.column('fingerprint').doUpdateSet((e) => ({
        last_at: counted.lastAt,
        status: 'open',
        count: sql<number>`${e.ref('findings.count')} + ${counted.count}`,
      })),
    )
    .execute();
}

/** What was found of a system that is removed is over, and of no other that has its name. */
async function retire(tx: Connection, { id, at, subject }: SallyportEvent): Promise<void> {
  await tx
    .updateTable('findings')
    .set({
      fingerprint: sql<string>`fingerprint || ${`~${id}`}`,
      subject: removedName(subject),
      status: 'resolved',
      resolved_at: at,
      accepted: null,
    })
    .where('subject', '=', subject)
    .execute();
}

async function upsertNoted(tx: Connection, { subject, at, demo, data }: SallyportEvent): Promise<void> {
  const scan = String(data['scan']);
  for (const { detector, technique, severity, ...scanned } of data['detections'] as NotedDetection[]) {
    const print = fingerprint(`${scanned.kind} ${scanned.target}`, { detector, technique }, scanned.place);
    const words = JSON.stringify(scanned);
    await tx
      .insertInto('findings')
      .values({
        fingerprint: print,
        subject,
        detector,
        technique,
        severity,
        status: 'open',
        first_at: at,
        last_at: at,
        count: 1,
        demo: Number(demo),
        scanned: words,
        scan,
        target: scanned.target,
      })
      .onConflict((conflict) =>
        conflict.column('fingerprint').doUpdateSet((e) => ({
          last_at: at,
          // What came back counts from when it came back.
          first_at: sql<string>`case when ${e.ref('findings.status')} = 'resolved' then ${at} else ${e.ref('findings.first_at')} end`,
          status: 'open',
          resolved_at: null,
          subject,
          severity,
          scanned: words,
          scan,
          count: sql<number>`${e.ref('findings.count')} + 1`,
        })),
      )
      .execute();
  }
}

async function closeUnseen(tx: Connection, { at, data }: SallyportEvent): Promise<void> {
  const { scan, kind, target, unclear } = data as unknown as ScanEnd;
  if (unclear === null) return;
  const rows = await tx
    .selectFrom('findings')
    .select(['fingerprint', 'scanned'])
    .where('target', '=', target)
    .where('status', '=', 'open')
    .where('scan', '<>', scan)
    .execute();
  for (const { fingerprint: print, scanned } of rows) {
    const { kind: own, place } = JSON.parse(scanned!) as ScannedFinding;
    if (own !== kind || unclear.some((start) => place.startsWith(start))) continue;
    await tx
      .updateTable('findings')
      .set({ status: 'resolved', resolved_at: at, accepted: null })
      .where('fingerprint', '=', print)
      .execute();
  }
}

/** Digest of a finding as somebody accepts its risk: how often and when last it was seen may go on. */
export const findingDigest = ({ fingerprint: print, severity, status, scanned, accepted }: Finding): string =>
  seenDigest({ fingerprint: print, severity, status, scanned, accepted });

/** What was decided of a finding that is not any more what was looked at decides nothing. */
async function decide(tx: Connection, { data }: SallyportEvent): Promise<void> {
  const { owner, accepted, seen } = data as {
    owner?: string | null;
    accepted?: Finding['accepted'];
    seen?: string;
  };
  if (seen !== undefined) {
    const row = await tx
      .selectFrom('findings')
      .selectAll()
      .where('fingerprint', '=', String(data['fingerprint']))
      .executeTakeFirst();
    if (!row || findingDigest(toFinding(row)) !== seen) return;
  }
  await tx
    .updateTable('findings')
    .set({
      ...(owner === undefined ? {} : { owner }),
      ...(accepted === undefined ? {} : { accepted: accepted && JSON.stringify(accepted) }),
    })
    .where('fingerprint', '=', String(data['fingerprint']))
    .execute();
}

/** What must be dealt with, as the record says it. */
export class Findings {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** The latest findings, open ones first. */
  async list(): Promise<Finding[]> {
    const rows = await this.#db
      .selectFrom('findings')
      .selectAll()
      .orderBy('status')
      .orderBy('last_at', 'desc')
      .orderBy('fingerprint')
      .limit(LISTED_MAX)
      .execute();
    return rows.map(toFinding);
  }

  async find(print: string): Promise<Finding | null> {
    const row = await this.#db
      .selectFrom('findings')
      .selectAll()
      .where('fingerprint', '=', print)
      .executeTakeFirst();
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
    return rows.map(toFinding);
  }

  /** Open findings of a target of scans. */
  async openOn(target: string, tx: Connection = this.#db): Promise<Finding[]> {
    const rows = await tx
      .selectFrom('findings')
      .selectAll()
      .where('target', '=', target)
      .where('status', '=', 'open')
      .execute();
    return rows.map(toFinding);
  }
}

const toFinding = (row: Selectable<Database['findings']>): Finding => ({
  fingerprint: row.fingerprint,
  subject: row.subject,
  detector: row.detector,
  technique: row.technique,
  severity: row.severity as Severity,
  status: row.status as Finding['status'],
  firstAt: row.first_at,
  lastAt: row.last_at,
  count: row.count,
  demo: row.demo === 1,
  scanned: row.scanned === null ? null : (JSON.parse(row.scanned) as ScannedFinding),
  owner: row.owner,
  accepted: row.accepted === null ? null : (JSON.parse(row.accepted) as Finding['accepted']),
  resolvedAt: row.resolved_at,
});
