import { CodedError, clock, InTurn, newEvent } from '@sallyport/core';
import type { GatewayPool } from '@sallyport/gateway';
import {
  ALERT_EVENTS,
  type AlertWindow,
  closedEvent,
  evaluateAlerts,
  type OpenAlert,
  OpenAlerts,
  openedEvent,
  type RecordWindow,
  type RollupExchange,
  Rollups,
  type Whereabouts,
} from '@sallyport/monitor';
import type { ExchangeRow } from '@sallyport/store';
import { accessWindow } from './access-window.ts';
import type { Control } from './control.ts';
import { Locations } from './locations.ts';
import { log } from './log.ts';
import { credentialsOf } from './secrets/credentials.ts';

const WINDOW_MINUTES = 5;

/** Watches what goes on, ourselves included, and opens and closes alerts; each is an event. */
export class Monitor {
  readonly #control: Control;
  readonly #workersWanted: number;
  readonly #open = new OpenAlerts();
  readonly #rollups = new Rollups();
  readonly #locations = new Locations();
  #unrecordedBefore = 0;
  /** When gateway workers stood still, within the window. */
  #stuckAtMs: number[] = [];
  /** What workers said at the last tick. */
  #told: { readonly tallies: ReturnType<GatewayPool['tallies']>; readonly size: number } = {
    tallies: [],
    size: 0,
  };
  readonly #turn = new InTurn();

  /** @param workersWanted gateway workers that should run */
  constructor(control: Control, workersWanted: number) {
    this.#control = control;
    this.#workersWanted = workersWanted;
  }

  /** Alerts that wait for someone, gravest and oldest first. */
  get open(): readonly OpenAlert[] {
    return this.#open.list;
  }

  /** Counts exchanges as they end. @returns ends it */
  follow(): () => void {
    return this.#control.installation.watch((rows) => {
      for (const row of rows) if (row.demo === 0 && row.synthetic === 0) this.#rollups.add(counted(row));
    });
  }

  /** Takes up alerts that waited when the server stopped, however old. */
  async restore(): Promise<void> {
    for await (const { event } of this.#control.installation.store.events.all(ALERT_EVENTS))
      this.#open.fold(event);
  }

  /** Calls without a key came that are not recorded one by one. */
  unauthenticated(count: number): void {
    this.#rollups.unauthenticated(count, clock.nowMs());
  }

  /** A gateway worker stood still and is being replaced: recorded, and an alert at once. */
  async workerStuck(worker: number): Promise<void> {
    this.#stuckAtMs.push(clock.nowMs());
    await this.#control.installation.announce(
      newEvent('worker-stuck', { actor: 'sallyport', subject: 'organisation', data: { worker } }),
    );
    await this.tick();
  }

  /** Judges the last minutes; one judgement at a time, or an alert would open twice. */
  tick(): Promise<void> {
    return this.#turn.do(() => this.#judge());
  }

  async #judge(): Promise<void> {
    const window = await this.#window();
    const going = this.open.filter(({ over }) => over === null);
    const { opened, closed } = evaluateAlerts(window, going);
    for (const alert of opened) {
      const event = openedEvent(alert);
      this.#open.fold(event);
      log('warn', `alert: ${alert.detail}`, { rule: alert.rule, subject: alert.subject, do: alert.action });
      await this.#control.installation.announce(event);
    }
    for (const alert of closed) {
      const event = closedEvent(alert, this.#open.find(alert)?.acknowledged === null);
      this.#open.fold(event);
      await this.#control.installation.announce(event);
    }
  }

  /**
   * Somebody looks after an alert; the first who does. One that is over goes with it.
   * @param mastery courses of theirs that are current
   * @throws CodedError `not-found`, `conflict`, `not-permitted` to whom it is about, or why it cannot be recorded: then it is not looked after yet
   */
  async acknowledge(
    actor: string,
    which: { readonly rule: string; readonly subject: string; readonly note: string },
    mastery: readonly string[],
  ): Promise<OpenAlert> {
    const isOwn = await this.#control.fourEyes.couldBe(actor, which.subject);
    const alert = this.#open.find(which);
    if (!alert) throw new CodedError('not-found', 'no such alert is open');
    if (alert.acknowledged)
      throw new CodedError('conflict', `${alert.acknowledged.by} looks after it already`);
    if (isOwn)
      throw new CodedError(
        'not-permitted',
        'another person looks after an alert about you: it is about you, your service account, or someone who made or opened your account less than 24 hours ago; ask someone else',
      );
    const at = clock.nowMs();
    const { rule, subject, severity, since } = alert;
    const seconds = Math.round((at - Date.parse(since)) / 1_000);
    const data = { rule, severity, since, seconds, note: which.note, mastery };
    const event = newEvent('alert-acknowledged', { actor, subject, data }, at);
    // Before it is recorded, so that of two at once the second is told.
    this.#open.fold(event);
    const now = this.#open.find(which);
    await this.#control.installation.announce(event).catch((fault: unknown) => {
      // Nobody is said to look after it of whom the record says nothing.
      if (this.#open.find(which) === now) this.#open.put(alert);
      throw fault;
    });
    return { ...alert, acknowledged: { by: actor, at: event.at } };
  }

  /** A system was removed: alerts about it are over, and none opens for what came before. */
  forget(system: string): Promise<void> {
    return this.#turn.do(async () => {
      await this.#control.installation.flush();
      this.#rollups.drop(system);
      for (const alert of this.open)
        if (alert.subject === `system:${system}`) {
          const event = closedEvent(alert, false);
          this.#open.fold(event);
          await this.#control.installation.announce(event);
        }
    });
  }

  /** Looks up places, where a file of them is configured. */
  #place(): ((address: string) => Promise<Whereabouts['place']>) | null {
    const { locations } = this.#control.config.access;
    return locations === undefined
      ? null
      : (address) =>
          this.#locations.place(locations, address).catch((fault: Error) => {
            // Other alerts go on without.
            log('error', 'impossible travel is not noticed', { fault: fault.message });
            return null;
          });
  }

  /** What each worker was told is durable must have come out of the log by the tick after. */
  async #compareTallies(): Promise<void> {
    const { gateway, installation } = this.#control;
    const { tallies, size } = this.#told;
    await installation.flush();
    // A projection that is behind has lost nothing.
    if ((await installation.store.exchanges.cursor()) < size) return;
    for (const { worker, run, tally } of tallies) installation.gaps.compare(worker, run, tally);
    this.#told = { tallies: gateway?.tallies() ?? [], size: installation.ledger.size };
  }

  async #record(now: number): Promise<RecordWindow> {
    const { config, installation, witnesses, backups } = this.#control;
    await this.#compareTallies();
    const made = config.backup ? (await backups.last()).made : null;
    return {
      missing: installation.gaps.missing,
      refusedBy: witnesses.states().flatMap(({ name, refuses }) => (refuses === null ? [] : [name])),
      backup: config.backup
        ? {
            hours: made ? (now - Date.parse(made.at)) / 3_600_000 : null,
            hoursMax: 2 * config.backup.everyHours,
          }
        : null,
    };
  }

  async #window(): Promise<AlertWindow> {
    const { installation, gateway } = this.#control;
    const { exchanges } = installation.store;
    const behind = installation.ledger.size - (await exchanges.cursor());
    const now = clock.nowMs();
    const unrecorded = this.#control
      .stats()
      .flatMap((stats) => Object.entries(stats.requests))
      .filter(([label]) => label.endsWith('\trecord-unavailable'))
      .reduce((sum, [, n]) => sum + n, 0);
    const fresh = unrecorded - this.#unrecordedBefore;
    this.#unrecordedBefore = unrecorded;
    const probe = await installation.store.events.latest('probe-completed');
    this.#stuckAtMs = this.#stuckAtMs.filter((atMs) => atMs > now - WINDOW_MINUTES * 60_000);
    return {
      minutes: WINDOW_MINUTES,
      ...this.#rollups.window(now, WINDOW_MINUTES),
      unrecorded: fresh,
      workers: gateway?.size ?? 0,
      workersWanted: this.#workersWanted,
      workersStuck: this.#stuckAtMs.length,
      behind,
      quarantined: this.#control.snapshots.quarantined.map(({ name, why }) => ({ system: name, why })),
      credentials: await credentialsOf(this.#control),
      leftOut: (await installation.store.exchanges.leftOut()).length,
      probeMinutes: probe ? (now - Date.parse(probe.at)) / 60_000 : null,
      access: await accessWindow(
        installation.store,
        this.#place(),
        await this.#control.keyOwners.orphans(),
        await this.#control.fourEyes.stillIn(await installation.store.people.list()),
      ),
      record: await this.#record(now),
    };
  }
}

/** What an answer must not hold. That business denied it is no leak. */
const LEAKS = /"detector":"(?:secret|pii|canary|system-prompt-leak|training-echo|link)"/;
/** Of those, what is never in a question that a system only watched would have been denied for. */
const LEAKS_WATCHED = /"detector":"(?:canary|system-prompt-leak|training-echo)"/;

/** What alerts are judged by, of one row. In observe mode an answer that would have been denied is a leak. */
function counted(row: ExchangeRow): RollupExchange {
  const would = row.would_be === 'deny';
  const leak =
    (row.code === 'output-denied' && LEAKS.test(row.detections)) ||
    (would && row.action !== 'deny' && LEAKS_WATCHED.test(row.detections));
  return {
    system: row.system,
    actor: row.actor,
    atMs: Date.parse(row.at),
    outcome: row.outcome,
    attack: would && row.detections.includes('"detector":"injection"'),
    leak,
    refused: row.code === 'upstream-credential-refused',
  };
}
