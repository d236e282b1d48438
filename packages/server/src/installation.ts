import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  CodedError,
  type Config,
  clock,
  newEvent,
  newId,
  type SallyportEvent,
  toCodedError,
} from '@sallyport/core';
import { Ledger, type NoteSigner } from '@sallyport/ledger';
import {
  DataFolderLock,
  type ExchangeRow,
  HELD,
  openPostgres,
  openSqlite,
  type Store,
} from '@sallyport/store';
import { type DataKeys, type KeyRing, type RootKey, writeDurably } from '@sallyport/vault';
import { resolveSecret } from './config-file.ts';
import { crashedOutcomes } from './crashed-calls.ts';
import { Delivery } from './delivery.ts';
import { GapWatch } from './gap-watch.ts';
import { type Keys, openKeys, shredAgain } from './key-home.ts';
import { log } from './log.ts';
import { requireOwnState } from './own-state.ts';
import { Projection } from './projection.ts';
import { RoomKeeper } from './room.ts';
import { SeenWatch } from './seen-watch.ts';
import { StateGuard } from './state-guard.ts';
import { outboxSeal } from './state-watch.ts';
import { clearUnfinished, readId } from './unfinished-start.ts';
import { logName, pinLog, publishVerifierKeys, toldKeys } from './verifier-files.ts';
import { requireWitnessed, witnessedPath } from './witnessed.ts';

/** Milliseconds for which a fault of the record counts: it is tried again once a second. */
const RECORD_FAULT_MS = 10_000;
/** How often the state is asked whether it is there, and how long it has to answer, milliseconds. */
const STATE_ASKED_MS = 2_000;
const STATE_ANSWERS_MS = 1_000;
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
  /** Whether the log is the one that this machine saw here before. */
  readonly seen: SeenWatch;
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
  #stateAsked: { readonly atMs: number; readonly fault: Promise<string | null> } = {
    atMs: Number.NEGATIVE_INFINITY,
    fault: Promise.resolve(null),
  };
  readonly #lock: DataFolderLock;
  readonly #delivery: Delivery;
  readonly #projection: Projection;

  private constructor(
    folder: string,
    id: string,
    parts: Pick<Installation, 'ledger' | 'store' | 'signers' | 'seen'> & { keys: Keys; lock: DataFolderLock },
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
    this.seen = parts.seen;
    this.#delivery = new Delivery(parts.ledger, parts.store);
    this.state = new StateGuard(this);
    this.room = new RoomKeeper(this);
    this.#projection = new Projection(parts.ledger, parts.store, (index, leaf) => {
      this.gaps.see(index, leaf);
      this.state.see(index, leaf);
    });
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
      const store = await openState(folder, config, create);
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
      const told = toldKeys(folder, rootKeyPath);
      publishVerifierKeys(ledger, rootKey, id, earlierSigners[0] ?? null, told);
      pinLog(folder, rootKeyPath, ledger, earlierSigners[0] ?? null, !known);
      const installation = new Installation(folder, id, {
        lock,
        keys,
        ledger,
        store,
        seen: await SeenWatch.begin(folder, rootKeyPath, ledger, !known),
        signers: [signer, ...earlierSigners],
      });
      hooks.durable = (first, leaves) => installation.#projection.add(first, leaves);
      hooks.fault = ({ message }) => {
        installation.#recordFault = { message, atMs: clock.nowMs() };
      };
      store.outbox.sealWith(outboxSeal(() => installation.signers));
      store.exchanges.livesBy((cursor) => installation.state.lives(cursor));
      await installation.#catchUp();
      if (signedBefore) await installation.#tellLogKey();
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
      // Holds that do not follow from the log are known only now, and stand.
      await installation.#shredAgain();
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
    await this.state.requireOwn();
    await this.state.replay(cursor);
    await this.#projection.from(cursor);
    this.state.refuse(await this.#delivery.left(this.state.noted));
    this.store.onOutbox(() => this.#delivery.own());
    await this.flush();
    await this.endCrashed();
  }

  async #shredAgain(): Promise<void> {
    const events = (await this.state.said()).all.filter(({ type }) => type === 'vault-shredded');
    const keys = shredAgain(
      this,
      events.map(({ subject, at }) => ({ purpose: subject, at })),
      // What came back is kept while it is on hold, and destroyed by the first start after that.
      await this.store.holds.systems(),
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

  /** Calls that a crash cut off get the ending they had: all of earlier runs, or those of one worker that died. The log says which. */
  async endCrashed(worker?: number, run?: string): Promise<void> {
    await this.flush();
    await this.state.readOn();
    const open = this.state.calls.open.filter(
      (call) => run === undefined || (call.run === run && call.worker === worker),
    );
    if (open.length === 0) return;
    await this.ledger.append(crashedOutcomes(open));
    await this.flush();
    log('warn', 'calls cut off by a crash were found and recorded', { count: open.length });
  }

  /** Why the record could not be written a moment ago; null when it can. */
  get recordFault(): string | null {
    if (this.room.isShort) return 'the disk is full';
    const fault = this.#recordFault;
    return fault && clock.nowMs() - fault.atMs < RECORD_FAULT_MS ? fault.message : null;
  }

  /** Why the state cannot be used, as it was some seconds ago at most; null when it can. */
  async stateFault(): Promise<string | null> {
    const nowMs = performance.now();
    if (nowMs < this.#stateAsked.atMs + STATE_ASKED_MS) return this.#stateAsked.fault;
    const asking = Promise.race([
      this.store.ask().then(
        () => null,
        (fault: unknown) => toCodedError(fault).message,
      ),
      setTimeout(STATE_ANSWERS_MS, 'the database does not answer', { ref: false }),
    ]);
    this.#stateAsked = { atMs: nowMs, fault: asking };
    return asking;
  }

  /** Calls back with exchanges as they are projected, new or changed. @returns ends it */
  watch(watcher: (rows: readonly ExchangeRow[]) => void): () => void {
    return this.#projection.watch(watcher);
  }

  /** Projects everything durable; reads after it see it. */
  flush(): Promise<void> {
    return this.#projection.flush();
  }

  /** Records what waits in the outbox, and removes what others put there. */
  async sweep(): Promise<void> {
    await this.#delivery.own();
    this.state.refuse(await this.#delivery.sweep());
  }

  /** Records an event. */
  announce(event: SallyportEvent): Promise<void> {
    return this.store.announce(event);
  }

  async close(): Promise<void> {
    await this.room.close();
    await this.#delivery.idle();
    await this.#projection.close();
    await this.state.close();
    await this.ledger.close();
    await this.seen.note();
    await this.store.close();
    this.#lock.release();
  }
}

/** How often a database that does not answer is tried. */
const AGAIN_MS = 2_000;

/**
 * The state of an installation: in its folder, or in the database that the configuration names.
 * @param waits whether a database that does not answer yet is waited for, as one that starts at the same time does not
 */
async function openState(folder: string, { database }: Config, waits: boolean): Promise<Store> {
  if (!database) return openSqlite(join(folder, 'state.db'));
  const url = resolveSecret(database.urlRef);
  if (url === null)
    throw new CodedError('config-invalid', `\`database.urlRef\`: \`${database.urlRef}\` holds nothing`);
  const endsMs = performance.now() + (waits ? database.waitSeconds * 1000 : 0);
  for (let isFirst = true; ; isFirst = false)
    try {
      return await openPostgres(url);
    } catch (fault) {
      const isOver = performance.now() + AGAIN_MS > endsMs;
      if (isOver || !(fault instanceof CodedError) || fault.code !== 'database-unavailable') throw fault;
      if (isFirst)
        log('warn', 'the start waits for the database', {
          fault: fault.message,
          seconds: database.waitSeconds,
        });
      await setTimeout(AGAIN_MS);
    }
}
