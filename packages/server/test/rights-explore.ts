import { alike } from './rights-alike.ts';
import { type Call, callsOf, proposes, widens } from './rights-calls.ts';
import { approvedSince, ownApprovals, ownPending, rights } from './rights-held.ts';
import {
  ask,
  type Identity,
  restore,
  type Snapshot,
  save,
  signedIn,
  standAt,
  standsAt,
  taken,
  type World,
} from './rights-model.ts';
import { KnownRefusals } from './rights-refusals.ts';
import { ID } from './rights-rows.ts';

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
  /** Calls that were not made, since a role is known not to permit them; and those that were, and were refused again. */
  readonly spared: number;
  readonly checked: number;
  /** Pairs of states that are said to be alike, of which it was tried that they answer every call alike. */
  readonly twins: number;
  /** Calls of the longest sequences of which every one was tried: beyond, calls ran out. */
  readonly whole: number;
  readonly gains: readonly Gain[];
}

/** Milliseconds from one call of a sequence to the next: proofs stay fresh, and emergency access goes on. */
const STEP_MS = 1_000;

interface State {
  readonly snapshot: Snapshot;
  readonly who: readonly Identity[];
  readonly calls: readonly string[];
  /** Whether something waits for approval that the coalition proposed. */
  readonly pending: boolean;
}

/** Of states that were passed over because one like them was seen, how many are looked into all the same, of each role. */
const TWINS_MAX = 4;
/** Of such states, one of so many is kept for that. */
const TWINS_EVERY = 7;

/** What an actor may come to hold. */
export interface Bounds {
  /** Whether the actor could be granted a right, or may hand it on. */
  readonly may: (right: string) => boolean;
  /** Whether it may come to hold every right: then the only gain is to approve what is its own. */
  readonly all: boolean;
}

/**
 * Calls that could still lead to a gain. An actor who may hold everything gains by approving its own alone: the last call
 * approves, and the one before it proposes, or brings in who did, where nothing waits yet. All others are tried at every
 * length. {@link explore} checks that no other call than these does either.
 */
const leading = (calls: readonly Call[], { all }: Bounds, left: number, pending: boolean): readonly Call[] =>
  !all || left > 2 || (left === 2 && pending)
    ? calls
    : calls.filter((call) => (left === 1 ? pending && approves(call) : proposes(call) || widens(call)));

const approves = ({ path }: Call): boolean => path.endsWith('/approve');

/** A call without ids and digests, which states that are alike have of their own. */
const nameless = ({ method, path, body }: Call): string =>
  `${method} ${path} ${JSON.stringify(body ?? {})}`.replaceAll(ID, '').replaceAll(/[0-9a-f]{64}/g, '');

/** The first texts by which two sorted lists differ, or null. */
function differing(some: readonly string[], others: readonly string[]): string | null {
  const at = some.findIndex((one, i) => one !== others[i]);
  if (at < 0 && some.length === others.length) return null;
  return `${some[at] ?? 'nothing'} or ${others[Math.max(at, 0)] ?? 'nothing'}`;
}

/** One exploration of one role. */
class Exploration {
  readonly #world: World;
  readonly #role: string;
  readonly #bounds: Bounds;
  readonly #base: ReadonlySet<string>;
  readonly #seen = new Map<string, State>();
  readonly #twins: [State, State][] = [];
  #met = 0;
  readonly #startMs = standsAt();
  readonly gains: Gain[] = [];
  readonly refusals = new KnownRefusals();
  calls = 0;
  done = 0;

  constructor(world: World, role: string, bounds: Bounds, base: ReadonlySet<string>) {
    this.#world = world;
    this.#role = role;
    this.#bounds = bounds;
    this.#base = base;
  }

  get states(): number {
    return this.#seen.size;
  }

  #print(who: readonly Identity[]): string {
    const { rows, said } = this.#world;
    return alike(rows.take(), [...new Set(who.map(({ kind, id }) => `${kind} ${id}`))], said.all);
  }

  /** Whether a state, which is as things are now, is like none that was seen. */
  isNew(state: State): boolean {
    const print = this.#print(state.who);
    const same = this.#seen.get(print);
    if (same === undefined) this.#seen.set(print, state);
    else if (this.#met++ % TWINS_EVERY === 0 && this.#twins.length < TWINS_MAX)
      this.#twins.push([same, state]);
    return same === undefined;
  }

  /** Has states that are said to be alike answer every call alike, and lead to states that are. @returns how many */
  async compareTwins(): Promise<number> {
    for (const [one, other] of this.#twins) {
      const different = differing(await this.answersOf(one), await this.answersOf(other));
      if (different !== null)
        throw new Error(`not alike: ${one.calls.join(', ')} and ${other.calls.join(', ')}: ${different}`);
    }
    return this.#twins.length;
  }

  /** What every call is answered in a state, and to what it leads, in no order. */
  async answersOf(state: State): Promise<readonly string[]> {
    const world = this.#world;
    restore(world, state.snapshot);
    standAt(this.#startMs + (state.calls.length + 1) * STEP_MS);
    const answers: string[] = [];
    for (const identity of state.who.filter(({ kind }) => kind !== 'key'))
      for (const call of await callsOf(world.control)) {
        const { status, who } = await this.#make(state, identity, call);
        answers.push(`${identity.kind} ${nameless(call)} ${status} ${this.#print(who)}`);
        restore(world, state.snapshot);
      }
    return answers.sort();
  }

  /** Tries every call in a state. @param left calls of a sequence from here on @param budget calls at most */
  async from(state: State, left: number, budget: number): Promise<State[]> {
    const world = this.#world;
    restore(world, state.snapshot);
    standAt(this.#startMs + (state.calls.length + 1) * STEP_MS);
    const possible = leading(await callsOf(world.control), this.#bounds, left, state.pending);
    const next: State[] = [];
    // A key of no service account opens no route of the control plane; there is a test that asks every one.
    for (const identity of state.who.filter(({ kind }) => kind !== 'key'))
      for (const call of possible) {
        if (this.calls >= budget) break;
        this.calls++;
        const key = this.refusals.keyOf(state.snapshot.moment, identity, call);
        if (this.refusals.has(key)) continue;
        const reached = await this.#try(state, identity, call, left, key);
        if (reached) next.push(reached);
        restore(world, state.snapshot);
      }
    return next;
  }

  /** Makes a call in a state. @returns how it was answered, and who is of the coalition then */
  async #make(state: State, identity: Identity, call: Call) {
    const answer = await ask(this.#world, identity, call);
    const text = await answer.text();
    const { status } = answer;
    if (status >= 500) throw new Error(`${call.method} ${call.path}: ${text}`);
    const isLeft = status >= 300 && this.#world.rows.take() === state.snapshot.moment;
    if (isLeft) return { status, text, isLeft, who: state.who };
    const more = status < 300 ? await taken(this.#world, call, text) : [];
    // Who is of the coalition twice is so once.
    const known = new Map([...state.who, ...more].map((one) => [`${one.kind} ${one.id}`, one]));
    const who = await Promise.all([...known.values()].map((one) => signedIn(this.#world, one)));
    return { status, text, isLeft, who };
  }

  async #try(state: State, identity: Identity, call: Call, left: number, key: string): Promise<State | null> {
    const world = this.#world;
    const { status, text, isLeft, who } = await this.#make(state, identity, call);
    this.refusals.note(key, status, text);
    if (isLeft) return null;
    if (status < 300) this.done++;
    const said = `${identity.kind}: ${call.method} ${call.path} ${JSON.stringify(call.body ?? {})}`;
    const calls = [...state.calls, said];
    const pending = await ownPending(world, who);
    const reached = { snapshot: save(world), who, calls, pending };
    const approved = approvedSince(state.snapshot.moment, world.rows.take());
    if (approved && !approves(call)) throw new Error(`${said} approves`);
    // Looked at before states are compared: to take over who proposed it after it was approved leads to the same state.
    const own = approved ? await ownApprovals(world, state.who) : [];
    if (own.length > 0) this.gains.push({ role: this.#role, calls, gained: own });
    if (pending && !state.pending && !proposes(call) && !widens(call)) throw new Error(`${said} proposes`);
    if (left > 1 && !this.isNew(reached)) return null;
    const more = this.#bounds.all
      ? []
      : [...(await rights(world, who))].filter((one) => !this.#base.has(one) && !this.#bounds.may(one));
    if (more.length > 0) this.gains.push({ role: this.#role, calls, gained: more });
    return left > 1 ? reached : null;
  }
}

/**
 * Tries every sequence of calls of one actor, breadth first; states that are alike are looked at once, and a call that
 * changes nothing leads nowhere.
 * @param depth calls of a sequence @param budget calls at most
 */
export async function explore(
  world: World,
  role: string,
  start: readonly Identity[],
  depth: number,
  bounds: Bounds,
  budget = Number.POSITIVE_INFINITY,
): Promise<Explored> {
  const first = save(world);
  const exploration = new Exploration(world, role, bounds, await rights(world, start));
  const begun = { snapshot: first, who: start, calls: [], pending: await ownPending(world, start) };
  exploration.isNew(begun);
  const answers = await exploration.answersOf(begun);
  let level: State[] = [begun];
  let whole = 0;
  for (let at = 0; at < depth; at++) {
    const next: State[] = [];
    for (const state of level) next.push(...(await exploration.from(state, depth - at, budget)));
    if (exploration.calls < budget) whole = at + 1;
    level = next;
  }
  const twins = await exploration.compareTwins();
  const different = differing(answers, await exploration.answersOf(begun));
  if (different !== null) throw new Error(`the first state does not answer as it did: ${different}`);
  restore(world, first);
  const { states, calls, done, gains, refusals } = exploration;
  const { spared, checked } = refusals;
  return { states, calls, done, spared, checked, twins, whole, gains };
}
