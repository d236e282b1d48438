import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  CodedError,
  type Config,
  clock,
  NO_KINDS,
  newEvent,
  newId,
  type OutcomeLeaf,
  type SallyportEvent,
  type WorkerLeaf,
} from '@sallyport/core';
import { Ledger, type NoteSigner } from '@sallyport/ledger';
import {
  DataFolderLock,
  type ExchangeRow,
  HELD,
  openPostgres,
  openSqlite,
  PROJECTED_TOGETHER_MAX,
  type Store,
} from '@sallyport/store';
import { type DataKeys, type KeyRing, type RootKey, writeDurably } from '@sallyport/vault';
import { resolveSecret } from './config-file.ts';
import { GapWatch } from './gap-watch.ts';
import { type Keys, openKeys, shredAgain } from './key-home.ts';
import { log } from './log.ts';
import { requireOwnState } from './own-state.ts';
import { RoomKeeper } from './room.ts';
import { StateGuard } from './state-guard.ts';
import { outboxSeal } from './state-watch.ts';
import { clearUnfinished, readId } from './unfinished-start.ts';
import { logName, pinLog, publishVerifierKeys } from './verifier-files.ts';
import { requireWitnessed, witnessedPath } from './witnessed.ts';

/** Milliseconds between projections of what became durable into the store. */
const PROJECT_MS = 200;
/** Milliseconds for which a fault of the record counts: it is tried again once a second. */
const RECORD_FAULT_MS = 10_000;
/** Milliseconds from a failed projection to the next try. */
const RETRY_MS = 1_000;
/** Leaves that wait for projection before they are dropped from memory and read from the log later. */
const BACKLOG_LEAVES_MAX = 50_000;

/** An opened data folder: the lock, the keys, the log, the state. One process holds it. */
export class Installation {
  readonly folder: string;
  readonly id: string;
  rootKey: RootKey;
  /** Keys between the root and the data keys; they lie beside the root, apart from the data. */
  readonly ring: KeyRing;
  readonly dataKeys: DataKeys;
  readonly ledger: Ledger;
  /** Signs the log, and what is said in its name; the one before signs along. */
  signers: readonly [NoteSigner, ...NoteSigner[]];
  readonly store: Store;
  /** Keeps room on the disk for what shuts someone out. */
  readonly room: RoomKeeper;
  /** Whether rows that grant something follow from the log. */
  readonly state: StateGuard;
  /** Id of this run: sequences of workers count anew in each. */
  readonly run = newId('evt').slice(4, 16);
  /** Finds records that were dropped on their way into the log. */
  readonly gaps = new GapWatch(this.run, (gap) => {
    log('error', 'records are missing from the log', { ...gap });
    void this.announce(
      newEvent('record-gap-found', { actor: 'sallyport', subject: 'organisation', data: { ...gap } }),
    ).catch(() => {});
  });
  #recordFault: { readonly message: string; readonly atMs: number } | null = null;
  readonly #lock: DataFolderLock;
  #pending: { index: number; leaf: Uint8Array }[] = [];
  #projecting: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;
  #delivering: Promise<void> = Promise.resolve();
  #behind = false;
  readonly #watchers = new Set<(rows: readonly ExchangeRow[]) => void>();

  private constructor(
    folder: string,
    id: string,
    parts: Pick<Installation, 'ledger' | 'store' | 'signers'> & { keys: Keys; lock: DataFolderLock },
  ) {
    this.folder = folder;
    this.id = id;
    this.#lock = parts.lock;
    this.rootKey = parts.keys.rootKey;
    this.ring = parts.keys.ring;
    this.dataKeys = parts.keys.dataKeys;
    this.ledger = parts.ledger;
    this.signers = parts.signers;
    this.store = parts.store;
    this.state = new StateGuard(this);
    this.room = new RoomKeeper(this);
  }

  /**
   * Opens a data folder, or creates it. Recovers what a crash left: the log, the projection, calls without an end.
   * @throws CodedError `data-locked`, `root-key-missing`, `root-key-wrong`, `ledger-corrupt`
   */
  static async open(
    path: string,
    config: Config,
    rootKeyPath: string | undefined,
    create: boolean,
  ): Promise<Installation> {
    const folder = resolve(path);
    const file = join(folder, 'installation.json');
    const fresh = !existsSync(file);
    if (fresh && !create)
      throw new CodedError(
        'usage',
        `there is no installation in \`${folder}\`; start one with \`sallyport up\``,
      );
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const lock = DataFolderLock.acquire(folder);
    try {
      const known = existsSync(file);
      const id = known ? readId(file) : newId('evt').slice(4, 20);
      if (!known) clearUnfinished(folder);
      const keys = await openKeys(folder, id, config.keys, rootKeyPath, !known);
      const { rootKey, signing, signedBefore } = keys;
      const name = logName(id);
      const signer: NoteSigner = { name, ...signing };
      const earlierSigners: NoteSigner[] = signedBefore ? [{ name, ...signedBefore }] : [];
      if (!known) writeDurably(file, `${JSON.stringify({ id, createdAt: clock.nowIso() })}\n`, 0o600);
      const database = config.database ? resolveSecret(config.database.urlRef) : null;
      if (config.database && database === null)
        throw new CodedError(
          'config-invalid',
          `\`database.urlRef\`: \`${config.database.urlRef}\` holds nothing`,
        );
      const store =
        database === null ? await openSqlite(join(folder, 'state.db')) : await openPostgres(database);
      const hooks: {
        durable: (first: number, leaves: readonly Uint8Array[]) => void;
        fault: (fault: Error) => void;
      } = { durable: () => {}, fault: () => {} };
      const logFolder = join(folder, 'ledger');
      const ledger = await Ledger.open({
        folder: logFolder,
        extending: await requireWitnessed(logFolder, witnessedPath(rootKey, id), config.record),
        signer,
        earlierSigners,
        onDurable: (first, leaves) => hooks.durable(first, leaves),
        onFault: (fault) => {
          hooks.fault(fault as Error);
          log('error', 'the record could not be written', { fault: (fault as Error).message });
        },
      });
      publishVerifierKeys(ledger, rootKey, id, earlierSigners[0] ?? null);
      pinLog(folder, rootKeyPath, ledger, earlierSigners[0] ?? null, !known);
      const installation = new Installation(folder, id, {
        lock,
        keys,
        ledger,
        store,
        signers: [signer, ...earlierSigners],
      });
      hooks.durable = (first, leaves) => installation.#durable(first, leaves);
      hooks.fault = ({ message }) => {
        installation.#recordFault = { message, atMs: clock.nowMs() };
      };
      store.events.sealWith(outboxSeal(() => installation.signers));
      await installation.#catchUp();
      if (signedBefore) await installation.#tellLogKey();
      await installation.#shredAgain();
      if (!known)
        await installation.announce(
          // From here on the log says of every row that grants something what it is.
          Object.assign(
            newEvent('installation-created', {
              actor: 'sallyport',
              subject: 'organisation',
              data: { id, held: HELD },
            }),
            { rows: {} },
          ),
        );
      await installation.state.begin(!known);
      return installation;
    } catch (fault) {
      lock.release();
      throw fault;
    }
  }

  async #catchUp(): Promise<void> {
    const cursor = await this.store.exchanges.cursor();
    if (cursor > this.ledger.size) {
      throw new CodedError(
        'ledger-corrupt',
        `the log has ${this.ledger.size} entries but ${cursor} were seen before: it was cut or rolled back`,
      );
    }
    await requireOwnState(this.ledger, this.store, cursor);
    await this.state.replay(cursor);
    await this.#projectFrom(cursor);
    this.store.onOutbox(() => this.#deliver());
    await this.#deliver();
    await this.endCrashed();
  }

  async #shredAgain(): Promise<void> {
    const events = await this.store.events.since(['vault-shredded'], '1970');
    const keys = shredAgain(
      this,
      events.map(({ subject, at }) => ({ purpose: subject, at })),
    );
    if (keys === 0) return;
    log('warn', 'keys that had been destroyed were back, and are destroyed again', { keys });
    await this.announce(
      newEvent('vault-shredded', {
        actor: 'sallyport',
        subject: 'organisation',
        data: { again: true, keys },
      }),
    );
  }

  /** A change of the log's key that a crash cut short is carried out by the next start, and told then. */
  async #tellLogKey(): Promise<void> {
    const verifierKeys = [this.ledger.verifierKey, this.ledger.quantumSafeVerifierKey];
    const told = await this.store.events.latest('vault-rotated', 'vault:log');
    const [last] = (told?.data['verifierKeys'] ?? []) as string[];
    if (last === verifierKeys[0]) return;
    const data = { what: 'log', made: 1, verifierKeys, resumed: true };
    await this.announce(newEvent('vault-rotated', { actor: 'sallyport', subject: 'vault:log', data }));
  }

  async #projectFrom(cursor: number): Promise<void> {
    let batch: { index: number; leaf: WorkerLeaf | SallyportEvent }[] = [];
    for await (const { index, leaf } of this.ledger.read(cursor)) {
      batch.push({ index, leaf: this.#parse(index, leaf) });
      if (batch.length >= PROJECTED_TOGETHER_MAX) {
        await this.store.exchanges.project(batch);
        batch = [];
      }
    }
    await this.store.exchanges.project(batch);
  }

  /** Calls that a crash cut off get the ending they had: all of earlier runs, or those of one worker that died. */
  async endCrashed(worker?: number, run?: string): Promise<void> {
    await this.flush();
    const isOf = (row: ExchangeRow): boolean =>
      run === undefined || (row.run === run && row.worker === worker);
    const open = (await this.store.exchanges.open()).filter(isOf);
    const entries = open.map((row) => {
      const leaf: OutcomeLeaf = {
        v: 1,
        type: 'exchange-outcome',
        id: row.id,
        at: clock.nowIso(),
        worker: row.worker,
        seq: row.seq,
        run: row.run,
        synthetic: row.synthetic === 1,
        demo: row.demo === 1,
        system: row.system,
        actor: row.actor,
        outcome: 'crashed',
        status: 0,
        code: null,
        output: null,
        verdict: null,
        inputTokens: 0,
        outputTokens: 0,
        tokenKinds: NO_KINDS,
        costMicroUsd: row.reserved_micro_usd,
        restorations: [],
        timingsMs: {},
      };
      return { leaf: Buffer.from(JSON.stringify(leaf)), payload: null };
    });
    if (entries.length === 0) return;
    await this.ledger.append(entries);
    await this.flush();
    log('warn', 'calls cut off by a crash were found and recorded', { count: entries.length });
  }

  #durable(first: number, leaves: readonly Uint8Array[]): void {
    if (this.#pending.length + leaves.length > BACKLOG_LEAVES_MAX) {
      this.#pending = [];
      this.#behind = true;
    }
    if (!this.#behind) leaves.forEach((leaf, i) => this.#pending.push({ index: first + i, leaf }));
    this.#projectLater(PROJECT_MS);
  }

  #projectLater(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.flush();
    }, ms).unref();
  }

  async #project(): Promise<void> {
    if (this.#behind) {
      this.#behind = false;
      this.#pending = [];
      await this.#projectFrom(await this.store.exchanges.cursor());
      return;
    }
    const leaves = this.#pending;
    this.#pending = [];
    for (let at = 0; at < leaves.length; at += PROJECTED_TOGETHER_MAX) {
      const rows = await this.store.exchanges.project(
        leaves
          .slice(at, at + PROJECTED_TOGETHER_MAX)
          .map(({ index, leaf }) => ({ index, leaf: this.#parse(index, leaf) })),
      );
      for (const watcher of this.#watchers) watcher(rows);
    }
  }

  #parse(index: number, bytes: Uint8Array): WorkerLeaf | SallyportEvent {
    const leaf = parseLeaf(bytes);
    this.gaps.see(index, leaf);
    this.state.see(index, leaf);
    return leaf;
  }

  /** Why the record could not be written a moment ago; null when it can. */
  get recordFault(): string | null {
    if (this.room.isShort) return 'the disk is full';
    const fault = this.#recordFault;
    return fault && clock.nowMs() - fault.atMs < RECORD_FAULT_MS ? fault.message : null;
  }

  /** Calls back with exchanges as they are projected, new or changed. @returns ends it */
  watch(watcher: (rows: readonly ExchangeRow[]) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Projects everything durable; reads after it see it. */
  async flush(): Promise<void> {
    this.#projecting = this.#projecting
      .then(() => this.#project())
      .catch((fault: Error) => {
        log('error', 'the projection failed; it is built again from the log', { fault: fault.message });
        this.#behind = true;
        this.#projectLater(RETRY_MS);
      });
    await this.#projecting;
  }

  /** Takes events from the outbox into the log; an event the log already holds is not appended again. */
  #deliver(): Promise<void> {
    const work = this.#delivering.then(async () => {
      for (;;) {
        const waiting = await this.store.events.waiting(200);
        if (waiting.length === 0) return;
        await this.flush();
        const recorded = await this.store.events.recorded(waiting.map(({ event }) => event.id));
        const noted = this.state.noted;
        const fresh = waiting.filter(({ event, sealed }) => {
          const isOwn = sealed || !noted;
          if (!isOwn) this.state.refuse(event);
          return isOwn && !recorded.has(event.id);
        });
        if (fresh.length > 0)
          await this.ledger.append(
            fresh.map(({ event }) => ({ leaf: Buffer.from(JSON.stringify(event)), payload: null })),
          );
        await this.store.events.appended(
          waiting.map(({ seq }) => seq),
          clock.nowIso(),
        );
      }
    });
    this.#delivering = work.catch(() => {});
    return work;
  }

  /** Records an event. */
  announce(event: SallyportEvent): Promise<void> {
    return this.store.announce(event);
  }

  async close(): Promise<void> {
    await this.room.close();
    await this.#delivering;
    await this.flush();
    if (this.#timer) clearTimeout(this.#timer);
    this.state.save();
    await this.ledger.close();
    await this.store.close();
    this.#lock.release();
  }
}

function parseLeaf(leaf: Uint8Array): WorkerLeaf | SallyportEvent {
  return JSON.parse(Buffer.from(leaf.buffer, leaf.byteOffset, leaf.length).toString()) as
    | WorkerLeaf
    | SallyportEvent;
}
