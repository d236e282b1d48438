import { CodedError, clock, newEvent, newId, type SallyportEvent } from '@sallyport/core';
import type { Connection, DeviceRow, GrantRow, PersonRow, SessionRow } from '@sallyport/store';
import { newToken, sessionHash, tokenHash } from '../token.ts';
import { type AccessHome, type From, levelNeeded } from './home.ts';

/** A session notes what its person does no more often than this. */
const SEEN_EVERY_MS = 15_000;
/** Devices kept of one person; the one not seen for longest goes. */
const DEVICES_MAX = 20;
const AGENT_CHARACTERS_MAX = 256;

/** Somebody who is signed in. */
export interface Who {
  readonly person: PersonRow;
  readonly session: SessionRow;
  /** What they hold, in force now. */
  readonly grants: readonly GrantRow[];
  /** Hash of what the page holds that the session is bound to. */
  readonly page?: string | null;
}

/** A session that begins, or that got another token. Tokens are shown this once. */
export interface Begun {
  readonly token: string;
  readonly session: SessionRow;
  readonly person: PersonRow;
  /** Set when the browser was not known before. */
  readonly device: string | null;
}

/** How a session was proven. */
export interface Proven {
  readonly level: number;
  readonly methods: readonly string[];
  /** Shorter than other sessions, in milliseconds. */
  readonly lifeMs?: number;
  readonly providerSession?: string | null;
  /** When, ISO 8601; now when absent. */
  readonly at?: string;
}

/** Sessions and devices of people: begun, recognised, renewed, ended. */
export class PersonSessions {
  readonly #home: AccessHome;

  constructor(home: AccessHome) {
    this.#home = home;
  }

  /** The device of a browser, when it belongs to this person. */
  async knownDevice(personId: string, token: string | null): Promise<DeviceRow | null> {
    if (token === null) return null;
    const device = await this.#home.store.sessions.device(tokenHash(token));
    return device?.personId === personId ? device : null;
  }

  /**
   * Sees to it that somebody is as they were when a proof was looked at: here still, with the same password and the same
   * link to a provider. Who changes accounts waits until the transaction is over.
   * @throws CodedError `not-signed-in`
   */
  async requireSame(tx: Connection, person: PersonRow): Promise<void> {
    const { people } = this.#home.store;
    await people.oneAtATime(tx);
    const now = await people.byId(person.id, tx);
    if (now?.disabledAt !== null || now.password !== person.password || now.externalId !== person.externalId)
      throw new CodedError('not-signed-in', 'the account changed meanwhile; begin again');
  }

  /**
   * Begins a session in a transaction. Proofs take a while to look at, so it begins only when they hold still.
   * @param person as they were when the proof was looked at
   * @returns the session and its event @throws CodedError `not-signed-in` when the account changed since
   */
  async begin(
    tx: Connection,
    person: PersonRow,
    from: From,
    proven: Proven,
  ): Promise<{ begun: Begun; event: SallyportEvent }> {
    const { store } = this.#home;
    await this.requireSame(tx, person);
    const now = clock.nowMs();
    const at = new Date(now).toISOString();
    const agent = from.agent.slice(0, AGENT_CHARACTERS_MAX);
    const devices = await store.sessions.devices(person.id, tx);
    const known = devices.find(({ hash }) => from.device !== null && hash === tokenHash(from.device));
    const token = newToken();
    let deviceToken: string | null = null;
    let deviceId = known?.id ?? null;
    if (known) await store.sessions.deviceSeen(tx, known.id, from.address, at);
    else {
      deviceToken = newToken();
      deviceId = newId('dev', now);
      for (const { id } of devices.slice(DEVICES_MAX - 1))
        await store.sessions.forgetDevices(tx, person.id, id);
      await store.sessions.putDevice(tx, {
        id: deviceId,
        hash: tokenHash(deviceToken),
        personId: person.id,
        agent,
        address: from.address,
        firstSeenAt: at,
        lastSeenAt: at,
      });
    }
    const session: SessionRow = {
      id: newId('ses', now),
      hash: sessionHash(token, from.page ?? null),
      personId: person.id,
      level: proven.level,
      methods: proven.methods,
      createdAt: at,
      lastSeenAt: at,
      expiresAt: new Date(
        now + Math.min(proven.lifeMs ?? Infinity, this.#home.settings().sessionMs),
      ).toISOString(),
      provenAt: proven.at ?? at,
      address: from.address,
      agent,
      deviceId,
      providerSession: proven.providerSession ?? null,
    };
    await store.sessions.insert(tx, session);
    const grants = await this.grantsOf(session, at, tx);
    const event = newEvent('session-created', {
      actor: `person:${person.id}`,
      subject: `person:${person.id}`,
      data: {
        session: session.id,
        methods: proven.methods,
        level: proven.level,
        levelNeeded: levelNeeded(grants),
        address: from.address,
        newDevice: known === undefined && devices.length > 0,
        newAddress: devices.length > 0 && !devices.some(({ address }) => address === from.address),
      },
    });
    return { begun: { token, session, person, device: deviceToken }, event };
  }

  /**
   * Who a token stands for; null when its session is over.
   * @param active whether the person did something: what a page fetches by itself keeps no session alive
   * @param page hash of what the page holds that asks; null where no page does
   */
  async who(token: string | undefined, active: boolean, page: string | null = null): Promise<Who | null> {
    if (!token) return null;
    const { store } = this.#home;
    const now = clock.nowMs();
    const at = new Date(now).toISOString();
    const session = await store.sessions.live(sessionHash(token, page), at, this.#idleSince(now));
    const person = session ? await store.people.byId(session.personId) : null;
    if (!session || !person) return null;
    if (active && now - Date.parse(session.lastSeenAt) > SEEN_EVERY_MS)
      // Only keeps it from being idle: whoever is signed in goes on where it cannot be noted.
      await store.sessions.seen(session.hash, at).catch(() => {});
    return { person, session, grants: await this.grantsOf(session, at), page };
  }

  /**
   * What the person of a session holds in it. Roles that a sign-on at the provider gave count in sessions that one began:
   * only the provider knows who has left a group since.
   */
  async grantsOf({ personId, methods }: SessionRow, at: string, tx?: Connection): Promise<GrantRow[]> {
    const held = await this.#home.store.people.grants(at, `person:${personId}`, tx);
    return methods.includes('provider') ? held : held.filter(({ origin }) => origin !== 'oidc');
  }

  #idleSince(nowMs: number): string {
    return new Date(nowMs - this.#home.settings().idleMs).toISOString();
  }

  /**
   * Gives a session a new token for what was proven now: the one before is void. It is fresh again when that is not less
   * than it was proven with.
   * @param fresh whether it is fresh again whatever was proven @throws CodedError `not-signed-in`
   */
  async renew(
    tx: Connection,
    who: Who,
    level: number,
    method: string,
    fresh = level >= who.session.level,
  ): Promise<{ begun: Begun; event: SallyportEvent }> {
    const token = newToken();
    const provenAt = fresh ? clock.nowIso() : who.session.provenAt;
    const methods = [...new Set([...who.session.methods, method])];
    const hash = sessionHash(token, who.page ?? null);
    const change = { hash, level: Math.max(level, who.session.level), methods, provenAt };
    if (!(await this.#home.store.sessions.renew(tx, who.session.hash, change)))
      throw new CodedError('not-signed-in');
    const event = newEvent('session-proven', {
      actor: `person:${who.person.id}`,
      subject: `person:${who.person.id}`,
      data: { session: who.session.id, method, level: change.level },
    });
    return {
      begun: { token, session: { ...who.session, ...change }, person: who.person, device: null },
      event,
    };
  }

  /** A session as it is in a transaction. @throws CodedError `not-signed-in` when it is over, or got another token */
  async current(tx: Connection | undefined, { person, session }: Who): Promise<SessionRow> {
    const live = await this.#home.store.sessions.list(person.id, clock.nowIso(), '', tx);
    const own = live.find(({ hash }) => hash === session.hash);
    if (!own) throw new CodedError('not-signed-in');
    return own;
  }

  /** Takes a session down to what its person can still prove. @throws CodedError `not-signed-in` */
  async lower(tx: Connection, { session }: Who, level: number): Promise<void> {
    const { hash, methods, provenAt } = session;
    const change = { hash, level: Math.min(level, session.level), methods, provenAt };
    if (!(await this.#home.store.sessions.renew(tx, hash, change))) throw new CodedError('not-signed-in');
  }

  /** Ends sessions in a transaction. @returns the event, or null when there was none */
  async end(
    tx: Connection,
    actor: string,
    subject: string,
    which: Parameters<AccessHome['store']['sessions']['end']>[1],
    why: string,
  ): Promise<SallyportEvent | null> {
    const ended = await this.#home.store.sessions.end(tx, which);
    if (ended.length === 0) return null;
    return newEvent('session-ended', { actor, subject, data: { sessions: ended.map(({ id }) => id), why } });
  }

  /** Signs out: ends the session of a token. */
  async signOut(token: string, page: string | null = null): Promise<void> {
    const { store } = this.#home;
    const hash = sessionHash(token, page);
    const session = await store.sessions.live(hash, clock.nowIso(), '');
    if (!session) return;
    const subject = `person:${session.personId}`;
    await store.shutOut(async (tx) => ({
      result: undefined,
      event: (await this.end(tx, subject, subject, { hash }, 'signed out')) ?? [],
    }));
  }

  /** Sessions and devices of somebody. */
  async list(personId: string): Promise<{ sessions: SessionRow[]; devices: DeviceRow[] }> {
    const { sessions } = this.#home.store;
    const now = clock.nowMs();
    return {
      sessions: await sessions.list(personId, new Date(now).toISOString(), this.#idleSince(now)),
      devices: await sessions.devices(personId),
    };
  }

  /** Ends sessions of somebody: one, all but one, all. @throws CodedError `not-found` when there was none */
  async endOf(
    actor: string,
    personId: string,
    which: { id?: string; butHash?: string },
    why: string,
  ): Promise<void> {
    const ended = await this.#home.store.shutOut(async (tx) => {
      const event = await this.end(tx, actor, `person:${personId}`, { ...which, personId }, why);
      return { result: event !== null, event: event ?? [] };
    });
    if (!ended && which.id !== undefined) throw new CodedError('not-found', 'there is no such session');
  }

  /** Forgets a device, and ends the sessions on it. @throws CodedError `not-found` */
  async forgetDevice(actor: string, personId: string, id: string): Promise<void> {
    const { store } = this.#home;
    await store.shutOut(async (tx) => {
      const sessions = (await store.sessions.list(personId, '', '', tx)).filter(
        ({ deviceId }) => deviceId === id,
      );
      if ((await store.sessions.forgetDevices(tx, personId, id)) === 0)
        throw new CodedError('not-found', 'there is no such device');
      const events: SallyportEvent[] = [
        newEvent('device-forgotten', { actor, subject: `person:${personId}`, data: { device: id } }),
      ];
      for (const session of sessions) {
        const ended = await this.end(tx, actor, `person:${personId}`, { id: session.id }, 'device forgotten');
        if (ended) events.push(ended);
      }
      return { result: undefined, event: events };
    });
  }
}
