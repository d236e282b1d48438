import { existsSync } from 'node:fs';
import { CodedError, clock, InTurn, newEvent } from '@sallyport/core';
import {
  isSuite,
  newRootKey,
  openRootKey,
  openSigningKey,
  parentOf,
  rewrapFile,
  SUITE_NAMES,
  type SuiteName,
} from '@sallyport/vault';
import { announceUnheld, systemsOnHold } from './content-expiry.ts';
import type { Control } from './control.ts';
import { changeRoot, logKeyPath, nextPath, takeLogKey, takePlace } from './key-home.ts';
import { wrappedFiles } from './key-listing.ts';
import { logName, pinLog, publishVerifierKeys } from './verifier-files.ts';

/** What can be changed for a new one. */
export const ROTATIONS = ['root', 'kek', 'data', 'log', 'files'] as const;
export type Rotation = (typeof ROTATIONS)[number];

/** How far one is. */
export interface RotationProgress {
  readonly what: Rotation;
  readonly done: number;
  readonly of: number;
}

/** What a rotation came to. */
export interface RotationOutcome {
  readonly what: Rotation;
  readonly suite: SuiteName | null;
  /** Keys made new. */
  readonly made: number;
  /** Keys wrapped anew. */
  readonly wrapped: number;
  /** Keys that wrap or sign nothing any more, destroyed. */
  readonly destroyed: number;
  /** Of the log, where its key was changed: to be handed to whoever verifies it. */
  readonly verifierKeys?: readonly string[];
  /** Of `files`: how many were sealed again, and the digests of those that are not what they were. */
  readonly sealed?: number;
  readonly corrupt?: readonly string[];
}

/** Changes keys for new ones while calls go on, and destroys them. */
export class KeyDesk {
  readonly #control: Control;
  #progress: RotationProgress | null = null;
  readonly #turn = new InTurn();
  /** Large files take hours: what changes or destroys keys does not wait for them. */
  readonly #files = new InTurn();

  constructor(control: Control) {
    this.#control = control;
  }

  /** What is under way. */
  get progress(): RotationProgress | null {
    return this.#progress;
  }

  /** One change after the other. */
  #next<T>(work: () => Promise<T>, turn = this.#turn): Promise<T> {
    return turn.do(work).finally(() => {
      this.#progress = null;
    });
  }

  /**
   * Changes keys for new ones while calls go on. Cut short, what is there opens, and the next rotation ends it.
   * @param suite for `kek`: what wraps from now on
   * @throws CodedError `request-invalid`, `key-provider-unavailable`
   */
  rotate(actor: string, what: Rotation, suite?: string): Promise<RotationOutcome> {
    if (suite !== undefined && (what !== 'kek' || !isSuite(suite)))
      return Promise.reject(
        new CodedError(
          'request-invalid',
          `\`suite\` goes with \`kek\` and is one of ${SUITE_NAMES.join(', ')}`,
        ),
      );
    const work: Readonly<Record<Rotation, () => Promise<RotationOutcome>>> = {
      root: () => this.#root(),
      kek: () => this.#keyEncryption(suite as SuiteName | undefined),
      data: () => this.#data(),
      log: () => this.#log(),
      files: () => this.#reseal(),
    };
    const change = async (): Promise<RotationOutcome> => {
      const outcome = await work[what]();
      await this.#control.installation.announce(
        newEvent('vault-rotated', { actor, subject: `vault:${what}`, data: { ...outcome } }),
      );
      return outcome;
    };
    return this.#next(change, what === 'files' ? this.#files : this.#turn);
  }

  #tell(what: Rotation): (done: number, of: number) => void {
    return (done, of) => {
      this.#progress = { what, done, of };
    };
  }

  /** A new root key in the place of the one before. What keeps it elsewhere changes its own: then every key is wrapped there anew. */
  async #root(): Promise<RotationOutcome> {
    const { installation } = this.#control;
    const { folder, ring, rootKey } = installation;
    const wrapped = ring.list().length;
    if (rootKey.kind === 'transit') {
      await ring.changeRoot(rootKey, this.#tell('root'));
      return { what: 'root', suite: null, made: 0, wrapped, destroyed: 0 };
    }
    if (rootKey.kind !== 'file')
      throw new CodedError(
        'request-invalid',
        `the root is kept by ${rootKey.kind}: make a new one, name it as \`keys.root\` and this one as \`keys.previous\`, and start again`,
      );
    newRootKey(nextPath(rootKey));
    const next = openRootKey(nextPath(rootKey), folder, false);
    const settle = () => takePlace(folder, next, rootKey);
    installation.rootKey = await changeRoot(folder, ring, rootKey, next, settle, this.#tell('root'));
    return { what: 'root', suite: null, made: 1, wrapped, destroyed: 1 };
  }

  async #keyEncryption(suite: SuiteName | undefined): Promise<RotationOutcome> {
    const { installation } = this.#control;
    const { ring, dataKeys } = installation;
    const active = ring.list().filter(({ id }) => ring.isCurrent(id));
    for (const { purpose, owner } of active) await ring.rotate(purpose, owner, suite);
    let wrapped = await dataKeys.rewrap(this.#tell('kek'));
    for (const file of wrappedFiles(installation)) if (rewrapFile(file, ring)) wrapped++;
    const destroyed = await this.#dropRetired();
    return { what: 'kek', suite: ring.suite, made: active.length, wrapped, destroyed };
  }

  /** Destroys keys that nothing needs any more: neither what is stored, nor a backup that is kept. */
  async #dropRetired(): Promise<number> {
    const { installation } = this.#control;
    const { ring, dataKeys } = installation;
    const parents = wrappedFiles(installation).flatMap((file) => parentOf(file) ?? []);
    const oldest = await this.#control.backups.oldestKept();
    return ring.dropRetired(new Set([...dataKeys.parents(), ...parents]), oldest);
  }

  /** The same, after every change that is under way. */
  dropRetired(): Promise<number> {
    return this.#next(() => this.#dropRetired());
  }

  /**
   * A new key that signs the log. The one before signs along until the next change, so that whoever verifies with it
   * can take the new one from the log itself.
   */
  async #log(): Promise<RotationOutcome> {
    const { installation } = this.#control;
    const { folder, ring, ledger, rootKey, id } = installation;
    const name = logName(id);
    const before = { name, ...(await openSigningKey(logKeyPath(folder), ring, 'ledger')) };
    const next = { name, ...(await openSigningKey(logKeyPath(folder, 'next'), ring, 'ledger')) };
    const destroyed = existsSync(logKeyPath(folder, 'previous')) ? 1 : 0;
    await ledger.useSigners(next, before);
    installation.signers = [next, before];
    takeLogKey(folder);
    publishVerifierKeys(ledger, rootKey, id, before);
    pinLog(folder, rootKey.path, ledger, before, false);
    return {
      what: 'log',
      suite: null,
      made: 1,
      wrapped: 0,
      destroyed,
      verifierKeys: [ledger.verifierKey, ledger.quantumSafeVerifierKey],
    };
  }

  /** New keys for what is said from now on; what was said before opens with those before. */
  async #data(): Promise<RotationOutcome> {
    const { dataKeys } = this.#control.installation;
    const today = clock.nowIso().slice(0, 10);
    const systems = await this.#control.systems();
    for (const [at, { name }] of systems.entries()) {
      await dataKeys.renew(`system:${name}`, today);
      this.#tell('data')(at + 1, systems.length);
    }
    await this.#control.publish();
    return { what: 'data', suite: null, made: systems.length, wrapped: 0, destroyed: 0 };
  }

  /** Stored files of models and data sealed again, as files are sealed now. */
  async #reseal(): Promise<RotationOutcome> {
    const done = await (await this.#control.inventory()).reseal(this.#tell('files'));
    return { what: 'files', suite: null, made: 0, wrapped: 0, destroyed: 0, ...done };
  }

  /**
   * Destroys every key of a system or person: what was said is gone, in backups too. The record stays whole.
   * @param purpose `system:NAME` or `subject:NAME`
   * @throws CodedError `not-found`
   */
  shred(actor: string, purpose: string): Promise<{ readonly purpose: string; readonly keys: number }> {
    return this.#next(async () => {
      const { installation } = this.#control;
      const name = purpose.slice(purpose.indexOf(':') + 1);
      const also = purpose.startsWith('system:') ? [`pseudonyms:${name}`] : [];
      const { dataKeys } = installation;
      if (!dataKeys.list().some((key) => key.purpose === purpose))
        throw new CodedError('not-found', `there are no keys of \`${purpose.slice(0, 80)}\``);
      const held = new CodedError(
        'conflict',
        `\`${name}\` is on hold: nothing of it is destroyed until that is lifted`,
      );
      const isSystem = purpose.startsWith('system:');
      if (isSystem && (await systemsOnHold(this.#control)).has(name)) throw held;
      // First the intention: a crash between leaves a shredding that was recorded and not done, never one that was done unseen.
      const event = newEvent('vault-shredded', { actor, subject: purpose, data: { purpose } });
      if (!isSystem) await installation.announce(event);
      else if (!(await announceUnheld(this.#control, name, event))) throw held;
      const keys = [purpose, ...also].reduce((sum, one) => sum + dataKeys.shred(one), 0);
      // Systems that go on get keys of their own again.
      await this.#control.publish();
      return { purpose, keys };
    });
  }
}
