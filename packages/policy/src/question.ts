/** A Cedar entity as the engine takes it. */
export interface Entity {
  readonly uid: EntityUid;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly parents: readonly EntityUid[];
}

/** Type and id of an entity. */
export interface EntityUid {
  readonly type: string;
  readonly id: string;
}

/** What Cedar is asked: may `principal` do `action` to `resource`? */
export interface Question {
  readonly principal: EntityUid;
  readonly action: EntityUid;
  readonly resource: EntityUid;
  readonly context: Readonly<Record<string, unknown>>;
  readonly entities: readonly Entity[];
}

/** A system as policies see it. */
export interface SystemFacts {
  readonly name: string;
  readonly demo: boolean;
  readonly dialect: string;
  /** Such as `production`; empty when nobody said. */
  readonly environment?: string;
  /** What data goes through it, such as `health`. */
  readonly dataClasses?: readonly string[];
}

/**
 * A system of which only the name is known: it is gone, or never was. A policy that reads more of it decides nothing, and
 * what it would decide is refused.
 */
export type UnknownSystem = Pick<SystemFacts, 'name'>;

/** A data set as policies see it. */
export interface DatasetFacts {
  readonly name: string;
  /** What is in it, such as `health`. */
  readonly dataClasses: readonly string[];
}

/** May this key do this with this system? */
export interface GatewayRequest {
  readonly key: { readonly id: string; readonly systems: readonly string[]; readonly demo: boolean };
  readonly system: SystemFacts;
  readonly operation: string;
  readonly model: string;
  readonly stream: boolean;
  /** Wall-clock time; policies see its minute. */
  readonly nowMs: number;
}

/** Who asks something of the control plane. */
export type Actor =
  | {
      readonly kind: 'person';
      readonly id: string;
      readonly name: string;
      /** Roles held on what is asked about. */
      readonly roles: readonly string[];
      /** Holds a role beyond viewer anywhere. */
      readonly privileged: boolean;
      /** Is an administrator of everything. */
      readonly administrator: boolean;
      /** Courses that are passed and current. */
      readonly mastery: readonly string[];
      /** Holds emergency access now. */
      readonly emergency?: boolean;
      /** Actors who lately made this person an approver, or could have taken over the account. */
      readonly beholden?: readonly string[];
    }
  | {
      readonly kind: 'program';
      readonly id: string;
      readonly name: string;
      readonly roles: readonly string[];
      /** Holds a role that emergency access gave. */
      readonly emergency?: boolean;
    }
  | { readonly kind: 'local'; readonly name: string };

/** Roles that make somebody privileged are all but this one. */
export const UNPRIVILEGED_ROLE = 'viewer';
/** The role that needs a factor resistant to phishing. */
export const ADMINISTRATOR_ROLE = 'administrator';

/**
 * A person as policies see them.
 * @param roles held on what is asked about @param anywhere roles held on anything
 */
export function personActor(
  { id, name }: { readonly id: string; readonly name: string },
  roles: readonly string[],
  anywhere: readonly string[] = roles,
  mastery: readonly string[] = [],
): Extract<Actor, { kind: 'person' }> {
  return {
    kind: 'person',
    id,
    name,
    roles: [...new Set(roles)],
    privileged: anywhere.some((role) => role !== UNPRIVILEGED_ROLE),
    administrator: anywhere.includes(ADMINISTRATOR_ROLE),
    mastery,
  };
}

/** What something is asked about. */
export type Target =
  | { readonly kind: 'organisation' }
  | ({ readonly kind: 'system' } & (SystemFacts | UnknownSystem))
  | { readonly kind: 'person'; readonly id: string }
  | ({ readonly kind: 'dataset' } & DatasetFacts)
  | {
      readonly kind: 'proposal';
      readonly id: string;
      readonly author: string;
      /** Who is behind it besides: who made, changed or owned what it is about. */
      readonly behind?: readonly string[];
      /** Every actor that is the same human as the author or one of these; the author alone when absent. */
      readonly parties?: readonly string[];
    };

/** May this person, program or command do this at the control plane? */
export interface ControlRequest {
  readonly actor: Actor;
  readonly action: string;
  readonly target: Target;
  /** 1 one factor, 2 two, 3 resistant to phishing. */
  readonly level: number;
  readonly provenSecondsAgo: number;
  readonly address: string;
  readonly nowMs: number;
}

const uid = (type: string, id: string): EntityUid => ({ type, id });

/** Milliseconds of the minutes in which policies see time. */
const MINUTE_MS = 60_000;

/** Time as policies see it: the minute in UTC, and the day of the week from 1, Monday. */
function timeFacts(nowMs: number): { now: unknown; weekday: number } {
  const minute = new Date(Math.floor(nowMs / MINUTE_MS) * MINUTE_MS);
  return {
    now: { __extn: { fn: 'datetime', arg: minute.toISOString() } },
    weekday: minute.getUTCDay() || 7,
  };
}

function systemEntity(facts: SystemFacts | UnknownSystem): Entity {
  const own = { uid: uid('System', facts.name), parents: [] };
  if (!('dialect' in facts)) return { ...own, attrs: { name: facts.name } };
  const { name, demo, dialect, environment = '', dataClasses = [] } = facts;
  return { ...own, attrs: { name, demo, dialect, environment, dataClasses } };
}

/** Words a gateway request for Cedar. @param timed whether policies look at the time */
export function gatewayQuestion(request: GatewayRequest, timed: boolean): Question {
  const { key, system, operation, model, stream, nowMs } = request;
  return {
    principal: uid('Key', key.id),
    action: uid('Action', 'invoke'),
    resource: uid('System', system.name),
    context: { operation, model, stream, ...(timed ? timeFacts(nowMs) : {}) },
    entities: [
      {
        uid: uid('Key', key.id),
        attrs: { demo: key.demo },
        parents: key.systems.map((name) => uid('System', name)),
      },
      systemEntity(system),
    ],
  };
}

/** How an actor is written in the record. */
export const actorText = (actor: Actor): string =>
  actor.kind === 'local' ? `local:${actor.name}` : `${actor.kind}:${actor.id}`;

function principalOf(actor: Actor): Entity {
  const roles = actor.kind === 'local' ? [] : actor.roles.map((role) => uid('Role', role));
  const name = actor.name;
  const text = actorText(actor);
  switch (actor.kind) {
    case 'local':
      return { uid: uid('Local', name), attrs: { actor: text }, parents: [] };
    case 'program':
      return {
        uid: uid('Program', actor.id),
        attrs: { name, actor: text, emergency: actor.emergency ?? false },
        parents: roles,
      };
    case 'person': {
      const { privileged, administrator, mastery, emergency = false, beholden = [] } = actor;
      const attrs = { name, actor: text, privileged, administrator, mastery, emergency, beholden };
      return { uid: uid('Person', actor.id), attrs, parents: roles };
    }
  }
}

function resourceOf(target: Target): { uid: EntityUid; entity: Entity | null } {
  switch (target.kind) {
    case 'organisation':
      return { uid: uid('Organisation', 'self'), entity: null };
    case 'person':
      return { uid: uid('Person', target.id), entity: null };
    case 'system':
      return { uid: uid('System', target.name), entity: systemEntity(target) };
    case 'dataset': {
      const own = uid('Dataset', target.name);
      const { name, dataClasses } = target;
      return { uid: own, entity: { uid: own, attrs: { name, dataClasses }, parents: [] } };
    }
    case 'proposal': {
      const own = uid('Proposal', target.id);
      const { author, parties = [author] } = target;
      return { uid: own, entity: { uid: own, attrs: { author, parties }, parents: [] } };
    }
  }
}

/** Words a request to the control plane for Cedar. @param groups action groups that the action is in, all of them */
export function controlQuestion(
  request: ControlRequest,
  groups: readonly string[],
  timed: boolean,
): Question {
  const { actor, action, target, level, provenSecondsAgo, address, nowMs } = request;
  const principal = principalOf(actor);
  const resource = resourceOf(target);
  return {
    principal: principal.uid,
    action: uid('Action', action),
    resource: resource.uid,
    context: { level, provenSecondsAgo, address, ...(timed ? timeFacts(nowMs) : {}) },
    entities: [
      principal,
      ...(resource.entity ? [resource.entity] : []),
      { uid: uid('Action', action), attrs: {}, parents: groups.map((group) => uid('Action', group)) },
    ],
  };
}
