import { hash } from 'node:crypto';
import { CodedError, clock, newEvent, newId } from '@sallyport/core';
import type { Connection, GrantRow, KeyRow, ProgramRow } from '@sallyport/store';
import { KEY_PATTERN } from './api-key.ts';
import type { ClientCertificate } from './client-certificate.ts';
import { outsideScope } from './key-scope.ts';
import type { Directory } from './people/directory.ts';
import { giveGrant, given, type NewGrant, newGrant } from './people/grants.ts';
import type { AccessHome } from './people/home.ts';

/** A service account that shows a key of its own. */
export interface KnownProgram {
  readonly program: ProgramRow;
  readonly key: KeyRow;
  /** What it holds, in force now. */
  readonly grants: readonly GrantRow[];
}

/** A service account as shown. */
export interface ProgramView extends ProgramRow {
  readonly grants: readonly GrantRow[];
}

/** Service accounts: programs with keys and roles of their own, and somebody who answers for each. */
export class ServiceAccounts {
  readonly #home: AccessHome;
  readonly #directory: Directory;

  constructor(home: AccessHome, directory: Directory) {
    this.#home = home;
    this.#directory = directory;
  }

  async list(): Promise<ProgramView[]> {
    const { programs, people } = this.#home.store;
    const grants = await people.grants(clock.nowIso());
    return (await programs.list()).map((program) => ({
      ...program,
      grants: grants.filter(({ holder }) => holder === `program:${program.id}`),
    }));
  }

  /** One by id or name. @throws CodedError `not-found` */
  async find(idOrName: string): Promise<ProgramRow> {
    const program = await this.#home.store.programs.find(idOrName);
    if (!program) throw new CodedError('not-found', `there is no program \`${idOrName.slice(0, 64)}\``);
    return program;
  }

  /** Adds one. @throws CodedError `request-invalid`, `conflict` */
  async add(
    actor: string,
    input: { name: string; purpose: string; owner: string | null; grants: readonly NewGrant[] },
  ): Promise<ProgramRow> {
    const { store } = this.#home;
    if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(input.name))
      throw new CodedError('request-invalid', 'the name is lower-case letters, digits and hyphens');
    const program: ProgramRow = {
      id: newId('prg'),
      name: input.name,
      purpose: input.purpose,
      owner: input.owner,
      createdAt: clock.nowIso(),
      createdBy: actor,
      disabledAt: null,
    };
    const grants = input.grants.map((grant) =>
      newGrant(this.#home.roles(), `program:${program.id}`, actor, grant),
    );
    await store.change(async (tx) => {
      await store.people.oneAtATime(tx);
      if (await store.programs.find(input.name, tx))
        throw new CodedError('conflict', `a program \`${input.name}\` exists already`);
      await store.programs.insert(tx, program);
      for (const grant of grants) await store.people.grant(tx, grant);
      const { id, name, purpose, owner } = program;
      const event = newEvent('program-created', {
        actor,
        subject: `program:${id}`,
        data: { name, purpose, owner },
      });
      return { result: undefined, event: [event, ...grants.map((grant) => given(actor, grant))] };
    });
    return program;
  }

  /** Shuts one out, with all its keys, or lets it in again. Whoever calls hands the keys to the gateway then. */
  async setDisabled(actor: string, idOrName: string, disabled: boolean, why = ''): Promise<void> {
    const { store } = this.#home;
    const program = await this.find(idOrName);
    const work = async (tx: Connection) => {
      await store.programs.setDisabled(tx, program.id, disabled ? clock.nowIso() : null);
      const type = disabled ? 'program-disabled' : 'program-enabled';
      const data = { name: program.name, why };
      return { result: undefined, event: newEvent(type, { actor, subject: `program:${program.id}`, data }) };
    };
    await (disabled ? store.shutOut(work) : store.change(work));
  }

  /** Says who answers for one: a person who is here. @throws CodedError `not-found`, `request-invalid` */
  async setOwner(actor: string, idOrName: string, personIdOrName: string): Promise<void> {
    const { store } = this.#home;
    const program = await this.find(idOrName);
    const { id: owner, disabledAt } = await this.#directory.find(personIdOrName);
    if (disabledAt !== null)
      throw new CodedError(
        'request-invalid',
        'who is shut out answers for nothing; name someone who is here',
      );
    await store.change(async (tx) => {
      await store.programs.setOwner(tx, program.id, owner);
      const data = { name: program.name, owner, before: program.owner };
      const subject = `program:${program.id}`;
      return { result: undefined, event: newEvent('program-changed', { actor, subject, data }) };
    });
  }

  /** Gives a role. @throws CodedError `conflict` when it holds it already */
  async grant(actor: string, idOrName: string, input: NewGrant): Promise<GrantRow> {
    const { store } = this.#home;
    const program = await this.find(idOrName);
    const grant = newGrant(this.#home.roles(), `program:${program.id}`, actor, input);
    return store.change(async (tx) => ({
      result: grant,
      event: await giveGrant(store, tx, actor, program.name, grant),
    }));
  }

  /** Takes a role away, at once. @throws CodedError `not-found` */
  async ungrant(actor: string, idOrName: string, grantId: string): Promise<void> {
    const { store } = this.#home;
    const program = await this.find(idOrName);
    await store.shutOut(async (tx) => {
      const event = await this.#directory.takeAway(tx, actor, `program:${program.id}`, grantId, 'taken away');
      if (event.length === 0) throw new CodedError('not-found', `\`${program.name}\` has no such grant`);
      return { result: undefined, event };
    });
  }

  /**
   * Who shows a key at the control plane. Keys of no service account open nothing there, nor do those that are narrowed
   * to models or operations.
   * @throws CodedError `key-unknown`, `key-revoked`, `key-expired`, `out-of-scope`
   */
  async recognise(
    secret: string,
    address: string,
    certificate: ClientCertificate | null = null,
  ): Promise<KnownProgram> {
    const { store } = this.#home;
    const nowMs = clock.nowMs();
    const key = KEY_PATTERN.test(secret) ? await store.keys.byHash(hash('sha256', secret, 'hex')) : null;
    const program = key?.program ? await store.programs.find(key.program) : null;
    if (!key || !program) throw new CodedError('key-unknown');
    if (key.revokedAt !== null || program.disabledAt !== null) throw new CodedError('key-revoked');
    if (Date.parse(key.expiresAt) <= nowMs) throw new CodedError('key-expired');
    const outside = outsideScope(key.scope, {
      model: null,
      operation: 'control-plane',
      address,
      certificate,
      atMs: nowMs,
    });
    if (outside !== null) throw new CodedError('out-of-scope', `the key is not meant for ${outside}`);
    const grants = await store.people.grants(new Date(nowMs).toISOString(), `program:${program.id}`);
    return { program, key, grants };
  }
}
