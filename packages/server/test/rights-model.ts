import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LEVEL } from '@sallyport/access';
import { clock, parseConfig, type SallyportEvent } from '@sallyport/core';
import { INVOKE, policySchema, type Target } from '@sallyport/policy';
import { type Connection, GRANTING_TABLES, type GrantingTable } from '@sallyport/store';
import { createApp } from '../src/app.ts';
import type { Principal } from '../src/authorisation/authoriser.ts';
import { systemTarget } from '../src/authorisation/system-scope.ts';
import { Control } from '../src/control.ts';
import { Installation } from '../src/installation.ts';
import { SaidEvents } from '../src/said-events.ts';
import { followed } from './followed.ts';
import { type Call, callsOf } from './rights-calls.ts';

/** What a coalition is: one actor, and every secret that came into its hands. */
export type Identity =
  | { readonly kind: 'person'; readonly id: string; readonly cookie: string }
  | { readonly kind: 'program'; readonly id: string; readonly key: string }
  | { readonly kind: 'key'; readonly id: string; readonly key: string };

/** A sequence of calls that gained something, and what. */
export interface Gain {
  readonly role: string;
  readonly calls: readonly string[];
  readonly gained: readonly string[];
}

/** How much was looked at. */
export interface Explored {
  readonly states: number;
  readonly calls: number;
  readonly done: number;
  /** Calls of the longest sequences of which every one was tried: beyond, calls ran out. */
  readonly whole: number;
  readonly gains: readonly Gain[];
}

/** An installation without listeners, for a model of it. */
export interface World {
  readonly control: Control;
  readonly app: ReturnType<typeof createApp>;
  readonly folder: string;
  /** What the log itself says of people. */
  readonly said: () => Promise<SaidEvents>;
}

/** State that a change could touch, and that a step back restores. */
const TABLES = [
  'people',
  'grants',
  'factors',
  'sessions',
  'devices',
  'tickets',
  'api_keys',
  'programs',
  'provisioned',
  'groups',
  'group_members',
  'systems',
  'integrations',
  'holds',
  'reviews',
  'review_items',
  'assets',
  'asset_versions',
  'deployments',
  'data_sources',
  'findings',
  'events',
] as const;
interface Snapshot {
  readonly tables: ReadonlyMap<string, readonly Record<string, unknown>[]>;
  /** What the log says of people by then. */
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

/** An installation without listeners, and nobody in it but those whom the model makes. */
export async function smallWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-rights-'));
  const config = parseConfig({
    systems: { beta: system('beta') },
    access: { groupRoles: { approvers: ['approver'], operators: ['operator@alpha'] } },
  });
  const installation = await Installation.open(join(folder, 'data'), config, join(folder, 'root.key'), true);
  const control = new Control(config, installation);
  await control.addSystem('test', 'alpha', system('alpha'));
  const app = createApp(control, ['localhost'], null);
  const said = installation.state.said.bind(installation.state);
  return { control, app, folder, said };
}

/** Ends it. */
export async function closeWorld({ control, folder }: World): Promise<void> {
  await control.close();
  rmSync(folder, { recursive: true, force: true });
}

/** Makes a session of somebody, as strong as can be. */
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

/** Adds somebody who is of the model. */
export async function person(
  world: World,
  name: string,
  grants: readonly { role: string; system?: string }[],
) {
  return (await world.control.accounts.directory.add('test', { name, grants })).person;
}

async function ask(world: World, who: Identity, call: Call): Promise<Response> {
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

async function save({ control }: World): Promise<Snapshot> {
  await control.installation.flush();
  const said = [...(await control.installation.state.said()).all];
  const tables = new Map<string, readonly Record<string, unknown>[]>();
  await control.installation.store.change(async (tx) => {
    for (const table of TABLES)
      tables.set(
        table,
        (await tx
          .selectFrom(table as never)
          .selectAll()
          .execute()) as never,
      );
    return { result: undefined, event: [] };
  });
  return { tables, said };
}

/** Has the log say what it said by then, and what is recorded from now on: events stay in it. */
async function sayAsOf({ control, said }: World, known: readonly SallyportEvent[]): Promise<void> {
  const own = new SaidEvents(known);
  let seen = (await said()).all.length;
  control.installation.state.said = async () => {
    const { all } = await said();
    for (; seen < all.length; seen++) own.see(all[seen]!);
    return own;
  };
}

/** Has the log say what rows are, where it holds those of their table. */
const touched = async (tx: Connection, table: string): Promise<void> => {
  if (Object.hasOwn(GRANTING_TABLES, table)) await followed(tx, table as GrantingTable);
};

async function restore(world: World, snapshot: Snapshot): Promise<void> {
  const { control } = world;
  await control.authoriser.flush();
  await control.installation.flush();
  await control.installation.store.change(async (tx) => {
    for (const table of TABLES) await touched(tx, table);
    for (const table of [...TABLES].reverse()) await tx.deleteFrom(table as never).execute();
    for (const table of TABLES) {
      const rows = snapshot.tables.get(table)!;
      for (let at = 0; at < rows.length; at += 40)
        await tx
          .insertInto(table as never)
          .values(rows.slice(at, at + 40) as never)
          .execute();
      await touched(tx, table);
    }
    return { result: undefined, event: [] };
  });
  await sayAsOf(world, snapshot.said);
}

/** Everything that an identity may do to anything of the small world, in words. */
async function rights(world: World, who: readonly Identity[]): Promise<Set<string>> {
  const { control } = world;
  const { store } = control.installation;
  const now = clock.nowIso();
  const people = (await store.people.list()).filter(({ createdBy }) => createdBy === 'test');
  const targets: Target[] = [
    { kind: 'organisation' },
    ...(await control.systems()).map((one) => systemTarget(one.name, one)),
    ...people.map(({ id }) => ({ kind: 'person', id }) as const),
    { kind: 'proposal', id: 'any', author: 'person:someone-else' },
  ];
  const held = new Set<string>();
  const add = (principal: Principal): void => {
    for (const [action, { appliesTo }] of Object.entries(policySchema().actions))
      for (const target of targets)
        if (
          action !== INVOKE &&
          appliesTo?.resourceTypes.some((type) => type.toLowerCase() === target.kind) &&
          !action.startsWith('own-') &&
          control.authoriser.mayAtBest(principal, action, target, '127.0.0.1')
        )
          held.add(
            `${action} ${target.kind === 'organisation' ? '' : 'name' in target ? target.name : target.id}`,
          );
  };
  for (const one of who) {
    if (one.kind === 'person') {
      const found = await store.people.byId(one.id);
      if (!found || found.disabledAt !== null) continue;
      const session = { level: LEVEL.resistant, provenAt: now } as never;
      add({
        kind: 'person',
        who: { person: found, session, grants: await store.people.grants(now, `person:${one.id}`) },
      });
      continue;
    }
    const key = await store.keys.byId(one.id);
    if (!key || key.revokedAt !== null || key.expiresAt <= now) continue;
    const program = key.program ? await store.programs.find(key.program) : null;
    if (program?.disabledAt) continue;
    for (const name of key.systems) held.add(`${INVOKE} ${name}`);
    if (program)
      add({
        kind: 'program',
        known: { program, key, grants: await store.people.grants(now, `program:${program.id}`) },
      });
  }
  return held;
}

/** What a change left, without times, ids of rows that nobody looks at, and secrets: states that are alike are one. */
async function digest(world: World, who: readonly Identity[]): Promise<string> {
  const { store } = world.control.installation;
  const people = await store.people.list();
  const nameOf = (holder: string): string => {
    const id = holder.slice(holder.indexOf(':') + 1);
    return people.find((one) => one.id === id)?.name ?? holder.replace(/_.*/, '');
  };
  const grants = (await store.people.grants(clock.nowIso())).map(
    ({ holder, role, system: on, origin }) => `${nameOf(holder)} ${role}@${on} ${origin}`,
  );
  const keys = (await store.keys.list()).map(
    ({ systems, program, revokedAt, name }) => `${name} ${systems} ${program !== null} ${revokedAt !== null}`,
  );
  return JSON.stringify([
    grants.sort(),
    keys.sort(),
    people.map(({ name, disabledAt, shutOutBy, localUser }) => [
      name,
      disabledAt !== null,
      shutOutBy,
      localUser,
    ]),
    (await store.programs.list()).map(({ name, disabledAt }) => [name, disabledAt !== null]),
    (await store.integrations.list()).map(({ name, status, proposedBy }) => [
      name,
      status,
      nameOf(proposedBy),
    ]),
    (await store.inventory.sources()).map(({ pattern, status, proposedBy }) => [
      pattern,
      status,
      nameOf(proposedBy),
    ]),
    (await world.control.systems()).map(({ name, config }) => [name, config.mode, config.urls]),
    [...(await rights(world, who))].sort(),
  ]);
}

/** Approvals by the coalition of what is its own. */
async function ownApprovals(world: World, who: readonly Identity[]): Promise<string[]> {
  const own = new Set(who.map((one) => `${one.kind}:${one.id}`));
  const { store } = world.control.installation;
  const proposals = [...(await store.inventory.sources()), ...(await store.integrations.list())];
  return proposals.flatMap((one) =>
    one.approvedBy !== null && own.has(one.approvedBy) && own.has(one.proposedBy)
      ? [`approved its own ${'pattern' in one ? one.pattern : one.name}`]
      : [],
  );
}

/** What an answer puts into the hands of whoever asked. */
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
    // Whoever opens it chooses a password and adds a passkey: the account is theirs.
    if (who) found.push({ kind: 'person', id: who.id, cookie: await sessionOf(world, who.id) });
  }
  return found;
}

interface State {
  readonly snapshot: Snapshot;
  readonly who: readonly Identity[];
  readonly calls: readonly string[];
}

/**
 * Tries every sequence of calls of one actor, breadth first; states that are alike are looked at once.
 * @param may whether the actor could be granted a right, or may hand it on
 * @param budget calls at most
 */
export async function explore(
  world: World,
  role: string,
  start: readonly Identity[],
  depth: number,
  may: (right: string) => boolean,
  budget = Number.POSITIVE_INFINITY,
): Promise<Explored> {
  const first = await save(world);
  const base = await rights(world, start);
  const seen = new Set([await digest(world, start)]);
  const gains: Gain[] = [];
  let level: State[] = [{ snapshot: first, who: start, calls: [] }];
  let calls = 0;
  let done = 0;
  let whole = 0;
  for (let at = 0; at < depth; at++) {
    const next: State[] = [];
    for (const state of level) {
      await restore(world, state.snapshot);
      const possible = await callsOf(world.control);
      for (const identity of state.who)
        for (const call of possible) {
          if (calls >= budget) break;
          calls++;
          const answer = await ask(world, identity, call);
          const text = await answer.text();
          if (answer.status >= 300) continue;
          done++;
          let body: unknown = null;
          try {
            body = JSON.parse(text);
          } catch {}
          const linked = /^\/api\/v1\/people\/(.+)\/provider$/.exec(call.path)?.[1];
          const taken: Identity[] =
            linked === undefined
              ? []
              : [{ kind: 'person', id: linked, cookie: await sessionOf(world, linked) }];
          const more = body !== null && typeof body === 'object' ? await harvest(world, body as never) : [];
          // A change of roles ends sessions: the same person signs in again.
          const who: Identity[] = [];
          for (const one of [...state.who, ...taken, ...more])
            who.push(one.kind === 'person' ? { ...one, cookie: await sessionOf(world, one.id) } : one);
          const print = await digest(world, who);
          if (!seen.has(print)) {
            seen.add(print);
            const path = [
              ...state.calls,
              `${identity.kind}: ${call.method} ${call.path} ${JSON.stringify(call.body ?? {})}`,
            ];
            const gained = [
              ...[...(await rights(world, who))].filter((right) => !base.has(right) && !may(right)),
              ...(await ownApprovals(world, who)),
            ];
            if (gained.length > 0) gains.push({ role, calls: path, gained });
            if (at + 1 < depth) next.push({ snapshot: await save(world), who, calls: path });
          }
          await restore(world, state.snapshot);
        }
    }
    if (calls < budget) whole = at + 1;
    level = next;
  }
  await restore(world, first);
  return { states: seen.size, calls, done, whole, gains };
}
