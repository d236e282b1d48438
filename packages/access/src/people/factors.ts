import { CodedError, clock, newEvent, newId, type SallyportEvent } from '@sallyport/core';
import type { Connection, FactorKind, FactorRow, PersonRow } from '@sallyport/store';
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import { OpenChallenges } from '../factors/open-challenges.ts';
import {
  passkeyCreation,
  passkeyRequest,
  type RelyingParty,
  type StoredPasskey,
  verifyCreation,
  verifyPasskey,
} from '../factors/passkeys.ts';
import { newRecoveryCodes, recoveryHash } from '../factors/recovery-codes.ts';
import { base32, driftsOf, matchTotp, newTotpSecret, totpUri } from '../factors/totp.ts';
import { newToken, tokenHash } from '../token.ts';
import type { AccessHome } from './home.ts';
import type { Begun, PersonSessions, Who } from './sessions.ts';
import { LEVEL, requireStrongest, strongest } from './strength.ts';

/** How long a challenge works, in milliseconds. */
const CHALLENGE_MS = 5 * 60_000;
const FACTORS_MAX = 20;

/** What somebody shows to prove who they are. */
export type Proof =
  | { readonly code: string }
  | { readonly recoveryCode: string }
  | { readonly ticket: string; readonly passkey: AuthenticationResponseJSON };

/** A proof that holds: how it was given, and the level that it gives. */
export interface Held {
  readonly method: FactorKind;
  readonly level: number;
  readonly event: SallyportEvent | null;
  /** COSE public key of the passkey that signed, base64url. */
  readonly publicKey?: string;
}

/** Further factors of people: enrolled, proven, removed. */
export class PersonFactors {
  readonly #home: AccessHome;
  readonly #sessions: PersonSessions;
  readonly #challenges = new OpenChallenges();

  constructor(home: AccessHome, sessions: PersonSessions) {
    this.#home = home;
    this.#sessions = sessions;
  }

  /** Kinds that somebody could prove themselves with now. */
  async kinds(personId: string, tx?: Connection): Promise<FactorKind[]> {
    const factors = await this.#home.store.factors.list(personId, undefined, tx);
    return [...new Set(factors.filter(isUsable).map(({ kind }) => kind))];
  }

  /** Who asks for a change of factors, as they are in its transaction. @throws CodedError `proof-needed`, `not-signed-in` */
  async requireStrongest(tx: Connection | undefined, who: Who): Promise<void> {
    // Two changes at the same time: the second sees what the first added.
    if (tx) await this.#home.store.people.oneAtATime(tx);
    const session = await this.#sessions.current(tx, who);
    requireStrongest(session, await this.kinds(who.person.id, tx), clock.nowMs());
    // Each change of a password or factor passes here; a link that was made for them before is void with it.
    if (tx) await this.#home.store.tickets.endHandedOn(tx, { personId: who.person.id });
  }

  /** What somebody holds, as shown: no secrets. */
  async list(personId: string): Promise<FactorRow[]> {
    return (await this.#home.store.factors.list(personId))
      .filter(({ confirmedAt }) => confirmedAt !== null)
      .map((factor) => ({ ...factor, secret: '' }));
  }

  /** What a browser is asked to sign; any passkey of the site where nobody is named. The ticket works once. */
  async challenge(site: RelyingParty, personId: string | null): Promise<{ ticket: string; options: object }> {
    const own = personId === null ? [] : await this.#home.store.factors.list(personId, 'passkey');
    const options = await passkeyRequest(
      site,
      own.map(({ handle }) => handle),
    );
    if (personId === null)
      return { ticket: this.#challenges.issue(options.challenge, CHALLENGE_MS), options };
    return { ticket: await this.#ticket(personId, options.challenge), options };
  }

  async #ticket(personId: string, challenge: string): Promise<string> {
    const ticket = newToken();
    const now = clock.nowMs();
    await this.#home.store.tickets.put({
      hash: tokenHash(ticket),
      kind: 'passkey',
      personId,
      data: { challenge },
      createdAt: new Date(now).toISOString(),
      expiresAt: new Date(now + CHALLENGE_MS).toISOString(),
    });
    return ticket;
  }

  /** Whose passkey it is that signed. @throws CodedError `factor-invalid` */
  async owner(passkey: AuthenticationResponseJSON): Promise<string> {
    const factor = await this.#home.store.factors.byHandle(String(passkey.id).slice(0, 1_024));
    if (factor?.kind !== 'passkey') throw new CodedError('factor-invalid', 'this passkey is not known here');
    return factor.personId;
  }

  /**
   * Checks a proof and uses it up, in the transaction of what it is for: a code and a challenge work once, whoever
   * races. The challenge must be one that was made for this person, or for nobody in particular.
   * @throws CodedError `factor-invalid`
   */
  async prove(tx: Connection, person: PersonRow, proof: Proof, site: RelyingParty): Promise<Held> {
    const { factors, tickets } = this.#home.store;
    const at = clock.nowIso();
    if ('code' in proof) {
      for (const factor of await factors.list(person.id, 'totp', tx)) {
        if (!isUsable(factor)) continue;
        const drifts = driftsOf(factor.counter, factor.usedAt);
        const step = matchTotp(this.#open(factor), proof.code.replaceAll(' ', ''), clock.nowMs(), drifts);
        if (step !== null && (await factors.advance(tx, factor.id, step, at)))
          return { method: 'totp', level: LEVEL.two, event: null };
      }
      throw new CodedError(
        'factor-invalid',
        'the code is wrong, over or was used before; type the one that is shown now',
      );
    }
    if ('recoveryCode' in proof) {
      if (!(await factors.useUp(tx, person.id, recoveryHash(person.id, proof.recoveryCode), at)))
        throw new CodedError('factor-invalid', 'the recovery code is wrong, or was used before');
      const left = (await factors.list(person.id, 'recovery-code', tx)).filter(isUsable).length;
      const event = newEvent('recovery-code-used', {
        actor: `person:${person.id}`,
        subject: `person:${person.id}`,
        data: { left },
      });
      return { method: 'recovery-code', level: LEVEL.two, event };
    }
    const unbound = this.#challenges.read(proof.ticket);
    if (unbound !== null) {
      await this.#useUp(tx, proof.ticket, at);
      return this.proveChallenge(tx, person, unbound, proof.passkey, site);
    }
    const ticket = await tickets.use(tx, 'passkey', tokenHash(proof.ticket), at);
    if (ticket?.personId !== person.id)
      throw new CodedError('factor-invalid', 'the challenge is used or expired; begin again');
    return this.proveChallenge(tx, person, String(ticket.data['challenge']), proof.passkey, site);
  }

  /** Lets a challenge that was not kept be used once. @throws CodedError `factor-invalid` */
  async #useUp(tx: Connection, ticket: string, at: string): Promise<void> {
    const expiresAt = new Date(Date.parse(at) + CHALLENGE_MS).toISOString();
    const used = { hash: tokenHash(ticket), kind: 'passkey', personId: null, data: {} } as const;
    await this.#home.store.tickets.put({ ...used, createdAt: at, expiresAt }, tx).catch((cause: Error) => {
      throw new CodedError('factor-invalid', 'the challenge is used or expired; begin again', { cause });
    });
  }

  /** What a browser is asked to sign with a passkey of somebody; null when they have none. */
  async request(site: RelyingParty, personId: string, challenge: Uint8Array): Promise<object | null> {
    const own = await this.#home.store.factors.list(personId, 'passkey');
    if (own.length === 0) return null;
    return passkeyRequest(
      site,
      own.map(({ handle }) => handle),
      challenge,
    );
  }

  /** Checks what a passkey signed. Whoever calls sees to it that a challenge is used once. @throws CodedError `factor-invalid` */
  async proveChallenge(
    tx: Connection,
    person: PersonRow,
    challenge: string,
    passkey: AuthenticationResponseJSON,
    site: RelyingParty,
  ): Promise<Held> {
    const { factors } = this.#home.store;
    const at = clock.nowIso();
    const own = (await factors.list(person.id, 'passkey', tx)).find(({ handle }) => handle === passkey.id);
    if (!own) throw new CodedError('factor-invalid', 'this passkey is not known here');
    const stored = JSON.parse(own.secret) as StoredPasskey;
    const { handle, counter } = own;
    const next = await verifyPasskey(site, challenge, passkey, {
      ...stored,
      handle,
      counter,
    });
    // A counter that does not move on is a copy; authenticators that keep none answer zero.
    if (next > 0 && !(await factors.advance(tx, own.id, next, at)))
      throw new CodedError('factor-invalid', 'the passkey was copied: its counter did not move on');
    if (next === 0) await factors.used(tx, own.id, at);
    return { method: 'passkey', level: LEVEL.resistant, event: null, publicKey: stored.publicKey };
  }

  #open(factor: FactorRow): Uint8Array {
    return this.#home.secrets.open(`totp ${factor.id}`, factor.secret);
  }

  async #room(personId: string, tx?: Connection): Promise<FactorRow[]> {
    const own = (await this.#home.store.factors.list(personId, undefined, tx)).filter(
      ({ kind }) => kind !== 'recovery-code',
    );
    if (own.length >= FACTORS_MAX)
      throw new CodedError(
        'request-invalid',
        `a person has at most ${FACTORS_MAX} factors; remove one first`,
      );
    return own;
  }

  /** Makes the secret of an authenticator app; it counts once its first code was shown. */
  async beginTotp(who: Who, name: string): Promise<{ id: string; secret: string; uri: string }> {
    await this.#room(who.person.id);
    const { store, secrets } = this.#home;
    const id = newId('fac');
    const secret = newTotpSecret();
    await store.change(async (tx) => {
      await this.requireStrongest(tx, who);
      // One that was begun and never confirmed is forgotten.
      for (const old of await store.factors.list(who.person.id, 'totp', tx))
        if (old.confirmedAt === null) await store.factors.remove(tx, who.person.id, { id: old.id });
      await store.factors.insert(tx, {
        id,
        personId: who.person.id,
        kind: 'totp',
        name,
        handle: id,
        secret: secrets.seal(`totp ${id}`, secret),
        counter: 0,
        createdAt: clock.nowIso(),
        confirmedAt: null,
        usedAt: null,
      });
      return { result: undefined, event: [] };
    });
    return { id, secret: base32(secret), uri: totpUri(secret, who.person.name) };
  }

  /** Takes the first code of an authenticator app. @throws CodedError `factor-invalid` */
  async confirmTotp(who: Who, id: string, code: string): Promise<Begun> {
    const { store } = this.#home;
    return store.change(async (tx) => {
      await this.requireStrongest(tx, who);
      const factor = (await store.factors.list(who.person.id, 'totp', tx)).find((one) => one.id === id);
      if (!factor || factor.confirmedAt !== null)
        throw new CodedError('not-found', 'there is no such authenticator that waits for its first code');
      const step = matchTotp(this.#open(factor), code.replaceAll(' ', ''), clock.nowMs());
      const at = clock.nowIso();
      if (step === null || !(await store.factors.advance(tx, id, step, at)))
        throw new CodedError(
          'factor-invalid',
          'the code is wrong; see whether the clock of the device is right',
        );
      await store.factors.confirm(tx, id, at);
      return this.#added(tx, who, { id, kind: 'totp', name: factor.name }, LEVEL.two);
    });
  }

  /** What a browser is asked to make a passkey from. */
  async beginPasskey(who: Who, site: RelyingParty): Promise<{ ticket: string; options: object }> {
    await this.requireStrongest(undefined, who);
    const own = await this.#room(who.person.id);
    const known = own.filter(({ kind }) => kind === 'passkey').map(({ handle }) => handle);
    const options = await passkeyCreation(site, who.person, known);
    return { ticket: await this.#ticket(who.person.id, options.challenge), options };
  }

  /** Takes the passkey that a browser made. @throws CodedError `factor-invalid` */
  async addPasskey(
    who: Who,
    site: RelyingParty,
    input: { ticket: string; name: string; passkey: RegistrationResponseJSON },
  ): Promise<Begun> {
    const { store } = this.#home;
    return store.change(async (tx) => {
      await this.requireStrongest(tx, who);
      const at = clock.nowIso();
      const ticket = await store.tickets.use(tx, 'passkey', tokenHash(input.ticket), at);
      if (ticket?.personId !== who.person.id)
        throw new CodedError('factor-invalid', 'the challenge is used or expired; begin again');
      await this.#room(who.person.id, tx);
      const made = await verifyCreation(site, String(ticket.data['challenge']), input.passkey);
      const id = newId('fac');
      await store.factors.insert(tx, {
        id,
        personId: who.person.id,
        kind: 'passkey',
        name: input.name,
        handle: made.handle,
        secret: JSON.stringify(made.passkey),
        counter: made.counter,
        createdAt: at,
        confirmedAt: at,
        usedAt: at,
      });
      return this.#added(tx, who, { id, kind: 'passkey', name: input.name }, LEVEL.resistant);
    });
  }

  /** A factor that was shown just now proves its holder: the session rises with it, and gets another token. */
  async #added(
    tx: Connection,
    who: Who,
    factor: { id: string; kind: FactorKind; name: string },
    level: number,
  ): Promise<{ result: Begun; event: SallyportEvent[] }> {
    const { begun, event } = await this.#sessions.renew(tx, who, level, factor.kind);
    const subject = `person:${who.person.id}`;
    const own = (await this.#home.store.factors.list(who.person.id, undefined, tx)).filter(isUsable);
    // With the first factor, sessions that a password alone began are over: one of them may be somebody else's.
    const others =
      own.length === 1
        ? await this.#sessions.end(
            tx,
            subject,
            subject,
            { personId: who.person.id, butHash: begun.session.hash },
            'first factor added',
          )
        : null;
    const added = newEvent('factor-added', { actor: subject, subject, data: factor });
    return { result: begun, event: [added, event, ...(others ? [others] : [])] };
  }

  /** Makes recovery codes; those before are void. Shown this once. @throws CodedError `conflict` without another factor */
  async newRecoveryCodes(who: Who): Promise<string[]> {
    const { store } = this.#home;
    const codes = newRecoveryCodes();
    const subject = `person:${who.person.id}`;
    await store.change(async (tx) => {
      await this.requireStrongest(tx, who);
      const own = (await store.factors.list(who.person.id, undefined, tx)).filter(isUsable);
      if (!own.some(({ kind }) => kind !== 'recovery-code'))
        throw new CodedError(
          'conflict',
          'recovery codes stand in for a factor; add a passkey or an authenticator app first',
        );
      await store.factors.remove(tx, who.person.id, { kind: 'recovery-code' });
      const at = clock.nowIso();
      for (const code of codes)
        await store.factors.insert(tx, {
          id: newId('fac'),
          personId: who.person.id,
          kind: 'recovery-code',
          name: '',
          handle: recoveryHash(who.person.id, code),
          secret: '',
          counter: 0,
          createdAt: at,
          confirmedAt: at,
          usedAt: null,
        });
      return {
        result: undefined,
        event: newEvent('recovery-codes-created', { actor: subject, subject, data: { codes: codes.length } }),
      };
    });
    return codes;
  }

  /**
   * Removes a factor; other sessions end, and this one is worth no more than what is left.
   * @param levelNeeded what the person's roles ask for: the last factor that gives it stays
   * @throws CodedError `not-found`, `conflict`, `proof-needed`
   */
  async remove(who: Who, id: string, levelNeeded: number): Promise<void> {
    const { store } = this.#home;
    const subject = `person:${who.person.id}`;
    await store.change(async (tx) => {
      await this.requireStrongest(tx, who);
      const own = (await store.factors.list(who.person.id, undefined, tx)).filter(isUsable);
      const factor = own.find((one) => one.id === id && one.kind !== 'recovery-code');
      if (!factor) throw new CodedError('not-found', 'there is no such factor');
      const rest = own.filter((one) => one.id !== id);
      // Codes that stand in for nothing would be all that was asked for.
      const kinds = rest.some(({ kind }) => kind !== 'recovery-code') ? rest.map(({ kind }) => kind) : [];
      const left = strongest(kinds.filter((kind) => kind !== 'recovery-code'));
      if (levelNeeded > LEVEL.one && left < levelNeeded)
        throw new CodedError('conflict', 'your roles need this factor; add another one first');
      await store.factors.remove(tx, who.person.id, { id });
      if (kinds.length === 0) await store.factors.remove(tx, who.person.id, { kind: 'recovery-code' });
      const others = { personId: who.person.id, butHash: who.session.hash };
      const ended = await this.#sessions.end(tx, subject, subject, others, 'factor removed');
      // What a provider vouched for is not ours to take away.
      const isOurs = !who.session.methods.includes('provider');
      await this.#sessions.lower(tx, who, isOurs ? left : LEVEL.resistant);
      const data = { id, kind: factor.kind, name: factor.name };
      const removed = newEvent('factor-removed', { actor: subject, subject, data });
      return { result: undefined, event: [removed, ...(ended ? [ended] : [])] };
    });
  }
}

/** Whether a factor could prove somebody now. */
const isUsable = ({ kind, confirmedAt, usedAt }: FactorRow): boolean =>
  confirmedAt !== null && (kind !== 'recovery-code' || usedAt === null);
