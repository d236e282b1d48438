import { join } from 'node:path';
import {
  type Apart,
  CodedError,
  clock,
  endApart,
  InTurn,
  newEvent,
  newId,
  type SallyportEvent,
  type ScanKind,
  type Watch,
} from '@sallyport/core';
import type { ScanOutcome } from '@sallyport/registry';
import type { NotedUse } from '@sallyport/store';
import type { Control } from './control.ts';
import { noteGatewayUse } from './gateway-use.ts';
import { log } from './log.ts';
import { noteDetections, PLACE_CHARACTERS_MAX, type ScanTarget, shownPath } from './noted-detections.ts';
import { brokenReport, runWholeScanJob, type ScanJob, type ScanJobReport } from './scan-job.ts';
import { treeFingerprint } from './tree-fingerprint.ts';

/** Version of the scanner, as results say it. */
export const SCANNER_VERSION = '0.1.0';
/** Bytes of JSON that one event of detections holds: an entry of the log takes 65,535. */
const EVENT_BYTES_MAX = 40_000;
/** Characters of all places together that a scan could not read. */
const UNCLEAR_CHARACTERS_MAX = 16_000;
const DAY_MS = 86_400_000;
/** What was scanned less long ago is not scanned again: an hour within a day, for the next look to be in time. */
const AGAIN_MS = 23 * 3_600_000;
/** How long a version may be without a scan while it is registered. */
const REGISTERING_MS = 3_600_000;

/** Splits what events carry into as many as fit. */
function chunks<T>(items: readonly T[]): T[][] {
  const out: T[][] = [];
  let bytes = EVENT_BYTES_MAX;
  for (const item of items) {
    const size = JSON.stringify(item).length + 1;
    if (bytes + size > EVENT_BYTES_MAX) {
      out.push([]);
      bytes = 0;
    }
    out.at(-1)!.push(item);
    bytes += size;
  }
  return out;
}

/** Why what was found harmless may not pass as the model or data set that it is registered as; null where it may. */
async function gapOf({ files }: ScanJobReport, { target }: ScanTarget): Promise<string | null> {
  const kind = /^(model|dataset):/.exec(target)?.[1];
  if (kind !== 'model' && kind !== 'dataset') return null;
  const { recognitionGap } = await import('@sallyport/scan');
  return recognitionGap(files, kind);
}

const countOf = ({ files }: ScanJobReport, format: string): number =>
  files.filter((file) => file.format === format).length;

/** Scans what is watched and what is registered, and puts into the record what it finds. */
export class ScanDesk {
  readonly #control: Control;
  /** Fingerprints of watched folders when they were scanned last. */
  readonly #seen = new Map<string, string>();
  readonly #scans = new Set<Apart>();
  #watching: Promise<void> = Promise.resolve();
  /** When the last scan of each watched folder ends. */
  readonly #turns = new Map<string, InTurn>();
  #closed = false;

  constructor(control: Control) {
    this.#control = control;
  }

  /** Folder of imported advisories. */
  get advisories(): string {
    return join(this.#control.installation.folder, 'advisories');
  }

  /** Scans, and records what was found: findings come of it, and go when a later scan no longer sees them. */
  async scan(
    actor: string,
    target: ScanTarget,
    job: Omit<ScanJob, 'kind'>,
  ): Promise<ScanOutcome & { report: ScanJobReport }> {
    const { installation } = this.#control;
    const startedMs = clock.nowMs();
    const onStart = (child: Apart): void => {
      this.#scans.add(child);
      child.once('exit', () => this.#scans.delete(child));
    };
    const report = await runWholeScanJob({ ...job, kind: target.kind }, onStart, () => !this.#closed).catch(
      (fault: unknown) => {
        if (this.#closed || !(fault instanceof CodedError) || fault.code !== 'internal') throw fault;
        return brokenReport(job.paths, fault.message);
      },
    );
    if (this.#closed) throw new CodedError('internal', 'the server stops; scan again when it is back');
    const scan = newId('scn');
    const { kept, found, leftOut } = noteDetections(report, target);
    const { files, bytes, verdicts } = report.summary;
    // Of what is not told it is not known that it is harmless.
    const isHeldBack = leftOut > 0 && !['malicious', 'suspicious'].includes(report.summary.verdict);
    const verdict = isHeldBack ? 'incomplete' : report.summary.verdict;
    // Cut as places are, which are held against it.
    const unclear = report.unclear.map((path) => shownPath(target.root, path).slice(0, PLACE_CHARACTERS_MAX));
    const isKnown =
      leftOut === 0 && !unclear.includes('.') && unclear.join('').length <= UNCLEAR_CHARACTERS_MAX;
    const common = { actor, subject: target.subject };
    const events: SallyportEvent[] = [
      ...chunks(kept).map((some) =>
        newEvent('detections-noted', { ...common, data: { scan, detections: some } }),
      ),
      ...(await this.#useEvents(report, scan, target, common)),
      newEvent('scan-completed', {
        ...common,
        data: {
          scan,
          began: new Date(startedMs).toISOString(),
          kind: target.kind,
          target: target.target,
          tool: 'sallyport',
          version: SCANNER_VERSION,
          verdict,
          verdicts,
          files,
          bytes,
          detections: found,
          leftOut,
          durationMs: clock.nowMs() - startedMs,
          ...(report.packages === undefined ? {} : { packages: report.packages }),
          ...(target.kind === 'dependencies' ? { advisories: report.advisories?.newest ?? null } : {}),
          images: countOf(report, 'container-image'),
          prompts: countOf(report, 'prompt'),
          ...(report.hits === undefined ? {} : { uses: report.hits.length }),
          // Of what was not read whole nothing is closed: nothing at all where that is the root itself.
          unclear: isKnown ? unclear : null,
        },
      }),
    ];
    await installation.store.change(async () => ({ result: undefined, event: events }));
    await installation.flush();
    const isHarmless = verdict === 'clean' || verdict === 'review' || verdict === 'unrecognised';
    const gap = isHarmless ? await gapOf(report, target) : null;
    const passed = isHarmless && gap === null;
    const unknown = verdicts.unrecognised;
    const summary = [
      `${files} files scanned: ${verdict}`,
      ...(found > 0 ? [`${found} detections`] : []),
      ...(leftOut > 0 ? [`${leftOut} of them left out, the mildest`] : []),
      ...(gap !== null ? [gap] : []),
      ...(unknown > 0 ? [`${unknown} files not recognised, nothing was looked for in them`] : []),
    ].join(', ');
    return { scan, verdict, passed, summary, report };
  }

  /** Uses of AI that are new, or were seen again on another day. */
  async #useEvents(
    report: ScanJobReport,
    scan: string,
    { root }: ScanTarget,
    common: { actor: string; subject: string },
  ): Promise<SallyportEvent[]> {
    if (!report.hits || report.hits.length === 0) return [];
    const known = new Map(
      (await this.#control.installation.store.aiUses.list()).map((use) => [use.fingerprint, use]),
    );
    const day = clock.nowIso().slice(0, 10);
    const uses = report.hits
      .filter((hit) => {
        const before = known.get(hit.fingerprint);
        return (
          !before || ((hit.lastAt ?? clock.nowIso()) > before.lastAt && before.lastAt.slice(0, 10) !== day)
        );
      })
      .map(
        ({ where, ...hit }): NotedUse => ({
          ...hit,
          place: (hit.kind === 'traffic' ? where : shownPath(root, where)).slice(0, PLACE_CHARACTERS_MAX),
        }),
      );
    return chunks(uses).map((some) => newEvent('ai-uses-noted', { ...common, data: { scan, uses: some } }));
  }

  /** Scans one watched folder for everything that it is watched for, once at a time: what is recorded last was read last. */
  scanWatch(actor: string, watch: Watch): Promise<readonly ScanOutcome[]> {
    const turn = this.#turns.get(watch.name) ?? new InTurn();
    this.#turns.set(watch.name, turn);
    return turn.do(() => this.#scanWatch(actor, watch));
  }

  async #scanWatch(actor: string, watch: Watch): Promise<readonly ScanOutcome[]> {
    if (this.#closed) throw new CodedError('internal', 'the server stops; scan again when it is back');
    const outcomes: ScanOutcome[] = [];
    const decided = (await this.#control.installation.store.aiUses.list())
      .filter(
        ({ decision, until }) =>
          decision !== null && decision !== 'stop' && (until === null || until > clock.nowIso()),
      )
      .map(({ fingerprint }) => fingerprint);
    const faults: unknown[] = [];
    for (const kind of watch.for) {
      const target: ScanTarget = {
        kind,
        target: `folder:${watch.name}`,
        subject: watch.system === undefined ? `folder:${watch.name}` : `system:${watch.system}`,
        root: watch.folder,
      };
      const job = {
        paths: [watch.folder],
        exclude: watch.exclude,
        logs: kind === 'sources' ? watch.logs : [],
        advisories: this.advisories,
        decided,
      };
      try {
        const { report: _, ...outcome } = await this.scan(actor, target, job);
        outcomes.push(outcome);
      } catch (fault) {
        faults.push(fault);
      }
    }
    // One way of looking that fails does not keep the others from it.
    if (faults.length > 0) throw faults[0];
    return outcomes;
  }

  /** Scans watched folders that changed, and those that were not scanned for a day; one after the other, and never twice at once. */
  watch(): Promise<void> {
    this.#watching = this.#watching
      .then(async () => {
        for (const watch of this.#control.config.inventory.watch)
          if (!this.#closed) await this.#watchOne(watch);
        if (!this.#closed)
          await this.#watchVersions().catch((fault: Error) => this.#notWatched('versions', fault));
        if (!this.#closed) await noteGatewayUse(this.#control);
      })
      .catch((fault: Error) => {
        if (!this.#closed) log('error', 'a scan of what is watched failed', { fault: fault.message });
      });
    return this.#watching;
  }

  /** Ends scans that are under way; what they would have found, the next one finds. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const child of this.#scans) endApart(child);
    await this.#watching;
  }

  async #watchOne(watch: Watch): Promise<void> {
    try {
      const now = await treeFingerprint(watch.folder, this.advisories);
      const last = await this.#lastScan(`folder:${watch.name}`, watch.for);
      if (this.#seen.get(watch.name) === now && clock.nowMs() - last < AGAIN_MS) return;
      await this.scanWatch('sallyport', watch);
      this.#seen.set(watch.name, now);
    } catch (fault) {
      this.#notWatched(`folder ${watch.name}`, fault as Error);
    }
  }

  #notWatched(what: string, { message: fault }: Error): void {
    if (!this.#closed) log('error', 'what is watched is not scanned; the rest is', { what, fault });
  }

  /** Stored versions that serve, or wait to: what was not known yesterday may be known today. */
  async #watchVersions(): Promise<void> {
    const { store } = this.#control.installation;
    const versions = await store.inventory.versions();
    if (versions.length === 0) return;
    const assets = new Map((await store.inventory.assets()).map((asset) => [asset.id, asset]));
    const inventory = await this.#control.inventory();
    const { evidenceOf } = await import('@sallyport/registry');
    for (const version of versions) {
      if (this.#closed) return;
      const asset = assets.get(version.asset);
      if (!asset || !version.stored || (asset.kind !== 'model' && asset.kind !== 'dataset')) continue;
      const said = await evidenceOf(store, asset, version);
      const latest = said.find(({ kind }) => kind === 'scan');
      // Whoever registers a version has it scanned at once.
      if (!latest && clock.nowMs() - Date.parse(version.createdAt) < REGISTERING_MS) continue;
      if (latest && clock.nowMs() - Date.parse(latest.at) < AGAIN_MS) continue;
      await inventory
        .rescan('sallyport', asset.kind, asset.name, version.label)
        .catch((fault: Error) => this.#notWatched(`${asset.kind} ${asset.name} ${version.label}`, fault));
    }
  }

  async #lastScan(target: string, kinds: readonly ScanKind[]): Promise<number> {
    const { store } = this.#control.installation;
    const events = await store.events.since(
      ['scan-completed'],
      new Date(clock.nowMs() - 2 * DAY_MS).toISOString(),
    );
    const times = kinds.map((kind) =>
      Math.max(
        0,
        ...events
          .filter(({ data }) => data['target'] === target && data['kind'] === kind)
          .map(({ at }) => Date.parse(at)),
      ),
    );
    return Math.min(...times);
  }
}
