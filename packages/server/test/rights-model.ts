import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LEVEL, tokenHash } from '@sallyport/access';
import { CodedError, clock, newEvent, parseConfig, type SallyportEvent } from '@sallyport/core';
import { sessionHash } from '../../access/src/token.ts';
import { createApp } from '../src/app.ts';
import { DecisionLog } from '../src/authorisation/decision-log.ts';
import { Control } from '../src/control.ts';
import { Installation } from '../src/installation.ts';
import { SaidEvents } from '../src/said-events.ts';
import type { Call } from './rights-calls.ts';
import { type Moment, RowKeeper } from './rights-rows.ts';

/** What a coalition is: one actor, and every secret that came into its hands. */
export type Identity =
  | { readonly kind: 'person'; readonly id: string; readonly cookie: string }
  | { readonly kind: 'program'; readonly id: string; readonly key: string }
  | { readonly kind: 'key'; readonly id: string; readonly key: string };

/** An installation without listeners, for a model of it. */
export interface World {
  readonly control: Control;
  readonly app: ReturnType<typeof createApp>;
  readonly folder: string;
  readonly rows: RowKeeper;
  /** What the log says of people and things. */
  said: SaidEvents;
  /** Which state that was put back to last. */
  saidAsOf: readonly SallyportEvent[] | null;
}

/** Rows that no rule of rights reads: what is on its way into the log, what the log makes of calls, and times of use. */
const LEFT = ['outbox', 'exchanges', 'events', 'meta', 'attempts', 'devices', 'lineage', 'attestations'];
/** Where Linux keeps files in memory: nothing here has to last. */
const MEMORY = '/dev/shm';

/** A state of the world, to go back to. */
export interface Snapshot {
  readonly moment: Moment;
  readonly said: readonly SallyportEvent[];
}

const ENV = { local: null, address: '127.0.0.1', publicUrl: 'https://localhost' } as const;
/** Two systems, as the small world has them. */
export const SYSTEMS = ['alpha', 'beta'] as const;
const system = (name: string) => ({
  dialect: 'openai',
  urls: [`http://127.0.0.1:9/${name}`],
  allowPrivate: true,
});

let standsAtMs = 0;
/** Has time stand still, but for the steps of a sequence. */
function stopClock(): void {
  standsAtMs = clock.nowMs();
  Object.defineProperty(clock, 'nowMs', { configurable: true, value: () => standsAtMs });
}

/**
 * An installation without listeners, and no one in it but those whom the model makes. Its events go to what the log says
 * of people at once and are not written: rows go back and forth in time, and the log does not. That rows follow from the log
 * has tests of its own.
 */
export async function smallWorld(): Promise<World> {
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'sallyport-rights-'));
  const config = parseConfig({
    systems: { beta: system('beta') },
    access: { groupRoles: { approvers: ['approver'], operators: ['operator@alpha'] } },
  });
  const data = join(folder, 'data');
  const installation = await Installation.open(data, config, join(folder, 'root.key'), true);
  const control = new Control(config, installation);
  await control.addSystem('test', 'alpha', system('alpha'));
  const world: World = {
    control,
    app: createApp(control, ['localhost'], null),
    folder,
    rows: new RowKeeper(join(data, 'state.db'), LEFT),
    said: new SaidEvents((await installation.state.said()).all),
    saidAsOf: null,
  };
  keepInMemory(world);
  stopClock();
  return world;
}

function keepInMemory(world: World): void {
  const { state, store } = world.control.installation;
  Object.assign(store.outbox, {
    enqueue: async () => {},
    settle: async () => {},
    ended: (events: readonly SallyportEvent[], stage: string) => {
      if (stage === 'stored') for (const event of events) world.said.see(event);
    },
  });
  Object.assign(state, { said: async () => world.said, look: async () => false });
  store.preImages.said = null;
  const { authoriser } = world.control;
  authoriser.pace.take = () => {};
  // What was decided is in the record, and decides nothing.
  DecisionLog.prototype.note = async () => {};
}

/** Which time it is now, in milliseconds since 1970. */
export const standsAt = (): number => standsAtMs;

/** Has it be another time. */
export function standAt(ms: number): void {
  standsAtMs = ms;
}

/** Ends it. */
export async function closeWorld({ control, folder, rows }: World): Promise<void> {
  Reflect.deleteProperty(clock, 'nowMs');
  rows.close();
  await control.close();
  rmSync(folder, { recursive: true, force: true });
}

/** Makes a session of a person, as strong as can be. */
export async function sessionOf({ control }: World, id: string): Promise<string> {
  const { store } = control.installation;
  const person = (await store.people.byId(id))!;
  const begun = await store.change(async (tx) => {
    const from = { address: '127.0.0.1', agent: 'model', device: null };
    const done = await control.accounts.sessions.begin(tx, person, from, {
      level: LEVEL.resistant,
      methods: ['passkey'],
    });
    return { result: done.begun, event: [] };
  });
  return `__Host-sallyport_session=${begun.token}`;
}

/** Adds a person of the model. */
export async function person(
  world: World,
  name: string,
  grants: readonly { role: string; system?: string }[],
) {
  return (await world.control.accounts.directory.add('test', { name, grants })).person;
}

/** Makes a call as one of them. */
export async function ask(world: World, who: Identity, call: Call): Promise<Response> {
  const auth: Record<string, string> =
    who.kind === 'person' ? { cookie: who.cookie } : { authorization: `Bearer ${who.key}` };
  return world.app.fetch(
    new Request(`https://localhost${call.path}`, {
      method: call.method,
      headers: { host: 'localhost', 'content-type': 'application/json', ...auth },
      body: call.body === undefined ? null : JSON.stringify(call.body),
    }),
    ENV,
  );
}

/** What the state is now. */
export const save = ({ rows, said }: World): Snapshot => ({ moment: rows.take(), said: [...said.all] });

/** Makes the state what it was. */
export function restore(world: World, { moment, said }: Snapshot): void {
  world.rows.put(moment);
  // Two states may have as many events, and others.
  if (world.saidAsOf !== said || world.said.all.length !== said.length) world.said = new SaidEvents(said);
  world.saidAsOf = said;
}

/** What an answer puts into the hands of its caller. */
async function harvest(world: World, answer: Record<string, unknown>): Promise<Identity[]> {
  const found: Identity[] = [];
  const { key, id, link } = answer as { key?: string; id?: string; link?: string | null };
  if (typeof key === 'string' && typeof id === 'string') {
    const row = await world.control.installation.store.keys.byId(id);
    found.push({ kind: row?.program ? 'program' : 'key', id, key });
  }
  if (typeof link === 'string') {
    const token = new URLSearchParams(new URL(link, 'https://localhost').hash.slice(1)).get('token')!;
    const { open, name } = await world.control.accounts.links.open(token);
    const who = open && name ? await world.control.installation.store.people.byName(name) : null;
    if (who) found.push(await signedIn(world, await opened(world, token, who.id)));
  }
  return found;
}

/** Uses a link up, but for the password, which takes its time: the opener adds a passkey, and the account is theirs. */
async function opened({ control }: World, token: string, id: string): Promise<Identity> {
  const { store } = control.installation;
  await store.change(async (tx) => {
    const ticket = await store.tickets.use(tx, 'set-up', tokenHash(token), clock.nowIso());
    const subject = `person:${id}`;
    const data = { address: '127.0.0.1', maker: ticket!.data['maker'] };
    return { result: null, event: newEvent('setup-link-used', { actor: subject, subject, data }) };
  });
  return { kind: 'person', id, cookie: '' };
}

/** Signs on by the provider, as the subject that an account was linked to. */
async function signedOn(world: World, id: string): Promise<Identity[]> {
  const person = (await world.control.installation.store.people.byId(id))!;
  const said = { externalId: person.externalId!, scimId: null, names: ['me'], grants: [] };
  try {
    await world.control.accounts.directory.fromProvider(said);
  } catch (fault) {
    if (fault instanceof CodedError) return [];
    throw fault;
  }
  return [await signedIn(world, { kind: 'person', id, cookie: '' })];
}

/** Signs a person in again whose session is over: a change of roles ends sessions. */
export async function signedIn(world: World, one: Identity): Promise<Identity> {
  if (one.kind !== 'person') return one;
  const hash = sessionHash(one.cookie.slice(one.cookie.indexOf('=') + 1), null);
  if ((world.rows.take().get('sessions') ?? []).some(({ values }) => values['hash'] === hash)) return one;
  try {
    return { ...one, cookie: await sessionOf(world, one.id) };
  } catch (fault) {
    // A person who is shut out cannot; they may be let in again.
    if (fault instanceof CodedError && fault.code === 'not-signed-in') return one;
    throw fault;
  }
}

/** Whom a call and its answer put into the hands of its caller. */
export async function taken(world: World, { path }: Call, text: string): Promise<Identity[]> {
  const linked = /^\/api\/v1\/people\/(.+)\/provider$/.exec(path)?.[1];
  if (linked !== undefined) return signedOn(world, linked);
  let body: unknown = null;
  try {
    body = JSON.parse(text);
  } catch {}
  return body !== null && typeof body === 'object' ? harvest(world, body as never) : [];
}
