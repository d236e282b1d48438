import {
  type Finding,
  fingerprint,
  type SallyportEvent,
  type ScannedFinding,
  SEVERITIES,
  type Severity,
  seenDigest,
} from '@sallyport/core';
import { type Selectable, sql } from 'kysely';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';
import { removedName } from './system-births.ts';

/** A finding as the database has it. */
export type FindingRow = Selectable<Database['findings']>;

/** One detection of a scan, as an event carries it. */
export interface NotedDetection extends ScannedFinding {
  readonly detector: string;
  readonly technique: string;
  readonly severity: Severity;
}

/** What of a scan's end the projection reads. */
export interface ScanEnd {
  readonly scan: string;
  readonly kind: string;
  readonly target: string;
  /** Places of which the scan could not tell: what was found there stays open. Null where that is everything. */
  readonly unclear: readonly string[] | null;
  /** When it began: what another scan saw later stays open. Absent in events of earlier versions. */
  readonly began?: string;
  /** The only place that was looked at; absent where that is all of the target. */
  readonly only?: string;
}

/** What is found, before it is counted. */
export type Found = Pick<Finding, 'subject' | 'detector' | 'technique' | 'also' | 'severity' | 'demo'>;
/** A finding of traffic, alerts or reviews, on its way into the table. */
export type Counted = Found & Pick<Finding, 'fingerprint' | 'firstAt' | 'lastAt' | 'count'>;

/** The graver of two. */
export const worse = (a: Severity, b: Severity): Severity =>
  SEVERITIES.indexOf(a) <= SEVERITIES.indexOf(b) ? a : b;
/** Names that one finding keeps of what else saw it. */
const ALSO_MAX = 64;

/** Names of both, as many as are kept. */
export const union = (a: readonly string[], b: readonly string[]): string[] =>
  [...new Set([...a, ...b])].slice(0, ALSO_MAX);

/** Writes a finding of traffic, alerts or reviews. One that became graver is not accepted any more. */
export async function upsertCounted(tx: Connection, counted: Counted): Promise<void> {
  const known = await tx
    .selectFrom('findings')
    .select(['severity', 'also'])
    .where('fingerprint', '=', counted.fingerprint)
    .executeTakeFirst();
  const also = JSON.stringify(union(JSON.parse(known?.also ?? '[]') as string[], counted.also));
  const severity = known ? worse(known.severity as Severity, counted.severity) : counted.severity;
  const isGraver = known !== undefined && severity !== known.severity;
  await tx
    .insertInto('findings')
    .values({
      fingerprint: counted.fingerprint,
      subject: counted.subject,
      detector: counted.detector,
      technique: counted.technique,
      also,
      severity,
      status: 'open',
      first_at: counted.firstAt,
      last_at: counted.lastAt,
      count: counted.count,
      demo: Number(counted.demo),
    })
    .onConflict((conflict) =>
      conflict.column('fingerprint').doUpdateSet((e) => ({
        last_at: counted.lastAt,
        also,
        severity,
        status: 'open',
        resolved_at: null,
        ...(isGraver ? { accepted: null } : {}),
        count: sql<number>`${e.ref('findings.count')} + ${counted.count}`,
      })),
    )
    .execute();
}

async function close(tx: Connection, print: string, at: string): Promise<void> {
  await tx
    .updateTable('findings')
    .set({ status: 'resolved', resolved_at: at, accepted: null })
    .where('fingerprint', '=', print)
    .execute();
}

/** Closes what was found of a subject, and is there no more. */
export const closeCounted = (
  tx: Connection,
  { at, subject }: SallyportEvent,
  found: Pick<Found, 'detector' | 'technique'>,
): Promise<void> => close(tx, fingerprint(subject, found), at);

/** What was found of a system that is removed is over, and of no other that has its name. */
export async function retire(tx: Connection, { id, at, subject }: SallyportEvent): Promise<void> {
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

/** Writes findings of a scan. */
export async function upsertNoted(
  tx: Connection,
  { subject, at, demo, data }: SallyportEvent,
): Promise<void> {
  const scan = String(data['scan']);
  for (const { detector, technique, severity, ...scanned } of data['detections'] as NotedDetection[]) {
    const print = fingerprint(`${scanned.kind} ${scanned.target}`, { detector, technique }, scanned.place);
    const words = JSON.stringify(scanned);
    const known = await tx
      .selectFrom('findings')
      .select('scanned')
      .where('fingerprint', '=', print)
      .executeTakeFirst();
    const isChanged =
      scanned.seen !== undefined &&
      scanned.seen !== (JSON.parse(known?.scanned ?? '{}') as ScannedFinding).seen;
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
          // Accepted was what was seen then.
          ...(isChanged ? { accepted: null } : {}),
          count: sql<number>`${e.ref('findings.count')} + 1`,
        })),
      )
      .execute();
  }
}

/** Closes what a scan looked for and did not see. */
export async function closeUnseen(tx: Connection, { at, data }: SallyportEvent): Promise<void> {
  const { scan, kind, target, unclear, began, only } = data as unknown as ScanEnd;
  if (unclear === null) return;
  const unseen = tx
    .selectFrom('findings')
    .select(['fingerprint', 'scanned'])
    .where('target', '=', target)
    .where('status', '=', 'open')
    .where('scan', '<>', scan);
  const rows = await (began === undefined ? unseen : unseen.where('last_at', '<=', began)).execute();
  for (const { fingerprint: print, scanned } of rows) {
    const { kind: own, place } = JSON.parse(scanned!) as ScannedFinding;
    if (own !== kind || (only ?? place) !== place) continue;
    if (unclear.some((start) => place.startsWith(start))) continue;
    await close(tx, print, at);
  }
}

/** Digest of a finding as somebody accepts its risk: how often and when last it was seen may go on. */
export const findingDigest = ({ fingerprint: print, severity, status, scanned, accepted }: Finding): string =>
  seenDigest({ fingerprint: print, severity, status, scanned, accepted });

/** What was decided of a finding that is not any more what was looked at decides nothing. */
export async function decide(tx: Connection, { data }: SallyportEvent): Promise<void> {
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

/** A finding as the rest knows it. */
export const toFinding = (row: FindingRow): Finding => ({
  fingerprint: row.fingerprint,
  subject: row.subject,
  detector: row.detector,
  technique: row.technique,
  also: JSON.parse(row.also) as string[],
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
