import { LEVEL } from '@sallyport/access';
import { CodedError, clock } from '@sallyport/core';
import {
  type Actor,
  type Decision,
  groupsOfAction,
  type PolicySet,
  personActor,
  policySchema,
  type Target,
} from '@sallyport/policy';
import type { z } from 'zod';
import type { explanationView } from '../account-schemas.ts';
import type { Control } from '../control.ts';
import { rolesOn } from './authoriser.ts';
import { actorHolding, isOfEmergency } from './emergency.ts';
import { decideOnSystem, systemTarget } from './system-scope.ts';

/** Why a person, program or key may or may not do something. */
export type Explanation = z.infer<typeof explanationView>;

/** What is asked: `person:ann`, `see-traffic`, `system:chat`. */
export interface Asked {
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
}

function split(text: string, what: string): [string, string] {
  const at = text.indexOf(':');
  if (at < 1) throw new CodedError('request-invalid', `write ${what}, not \`${text.slice(0, 64)}\``);
  return [text.slice(0, at), text.slice(at + 1)];
}

async function targetOf(control: Control, resource: string): Promise<Target> {
  if (resource === 'organisation') return { kind: 'organisation' };
  const [kind, name] = split(
    resource,
    'system:NAME, dataset:NAME, person:NAME, proposal:AUTHOR or organisation',
  );
  if (kind === 'system')
    return systemTarget(
      name,
      (await control.systems()).find((known) => known.name === name),
    );
  if (kind === 'dataset') {
    const known = (await control.datasets()).find((one) => one.name === name);
    return { kind: 'dataset', name, dataClasses: known?.dataClasses ?? [] };
  }
  if (kind === 'person') return { kind: 'person', id: (await control.accounts.directory.find(name)).id };
  if (kind === 'proposal') return { kind: 'proposal', id: 'any', author: name };
  throw new CodedError('request-invalid', `there is no kind of thing \`${kind.slice(0, 32)}\``);
}

async function actorOf(control: Control, { principal, action }: Asked, target: Target): Promise<Actor> {
  const [kind, name] = split(principal, 'person:NAME, program:NAME, key:ID or local:USER');
  if (kind === 'local') return { kind: 'local', name };
  if (kind !== 'person' && kind !== 'program')
    throw new CodedError('request-invalid', `there is no kind of principal \`${kind.slice(0, 32)}\``);
  const { directory, programs } = control.accounts;
  const found = kind === 'person' ? await directory.find(name) : await programs.find(name);
  const { people } = control.installation.store;
  const held = await people.grants(clock.nowIso(), `${kind}:${found.id}`);
  const best = { action, target, level: LEVEL.resistant, provenSecondsAgo: 0, address: '' };
  return actorHolding(
    held,
    action,
    (grants) => {
      // Whoever is shut out holds nothing.
      const roles = found.disabledAt === null ? rolesOn(grants, target).map(({ role }) => role) : [];
      const emergency = grants.some(isOfEmergency);
      if (kind === 'program')
        return { kind, id: found.id, name: found.name, roles: [...new Set(roles)], emergency };
      const anywhere = grants.map(({ role }) => role);
      return { ...personActor(found, roles, anywhere, control.mastery(found.id)), emergency };
    },
    (actor) => control.snapshots.policies.decideControl({ ...best, actor, nowMs: clock.nowMs() }).allowed,
  );
}

/** The policies of a decision, whole. */
const policiesOf = (set: PolicySet, { policyIds }: Decision): Explanation['policies'] =>
  set.policies
    .filter(({ id }) => policyIds.includes(id))
    .map(({ id, effect, text }) => ({ id, effect, text: text.trim() }));

/** Says why somebody may do something, or may not, by the policies that decide now. @throws CodedError */
export async function explain(control: Control, asked: Asked): Promise<Explanation> {
  const set = control.snapshots.policies;
  const target = await targetOf(control, asked.resource);
  if (groupsOfAction(asked.action) === null)
    throw new CodedError(
      'request-invalid',
      `there is no action \`${asked.action.slice(0, 64)}\`; there are ${[...policySchema().groups.keys()].join(', ')}`,
    );
  if (asked.principal.startsWith('key:')) return explainKey(control, asked, target);
  const { actor, target: seen } = await control.fourEyes.see({
    actor: await actorOf(control, asked, target),
    action: asked.action,
    target,
    level: LEVEL.resistant,
    provenSecondsAgo: 0,
    address: '',
    nowMs: clock.nowMs(),
  });
  const ask = (over: { level?: number; provenSecondsAgo?: number; actor?: Actor }): Decision =>
    decideOnSystem(set, {
      actor,
      action: asked.action,
      target: seen,
      level: LEVEL.resistant,
      provenSecondsAgo: 0,
      address: '',
      nowMs: clock.nowMs(),
      ...over,
    });
  const decision = ask({});
  const levels = Object.values(LEVEL);
  const person = actor.kind === 'person' ? actor : null;
  return {
    ...asked,
    allowed: decision.allowed,
    roles: actor.kind === 'local' ? [] : [...actor.roles],
    policies: policiesOf(set, decision),
    levelNeeded: decision.allowed ? (levels.find((level) => ask({ level }).allowed) ?? null) : null,
    freshProof: decision.allowed && person !== null && !ask({ provenSecondsAgo: 1_000_000 }).allowed,
    wouldPermit:
      decision.allowed || person === null
        ? []
        : [...set.roles]
            .filter((role) => ask({ actor: { ...person, roles: [...person.roles, role] } }).allowed)
            .sort(),
  };
}

async function explainKey(control: Control, asked: Asked, target: Target): Promise<Explanation> {
  const set = control.snapshots.policies;
  const id = asked.principal.slice('key:'.length);
  const key = await control.installation.store.keys.byId(id);
  if (!key) throw new CodedError('not-found', `there is no key \`${id.slice(0, 64)}\``);
  if (asked.action !== 'invoke' || target.kind !== 'system')
    throw new CodedError('request-invalid', 'keys `invoke` systems, and do nothing else');
  const dead = key.revokedAt !== null || key.expiresAt <= clock.nowIso();
  const decision = set.decide({
    key: { id: key.id, systems: key.systems, demo: key.demo },
    system: { demo: false, dialect: '', ...target },
    operation: '',
    model: '',
    stream: false,
    nowMs: clock.nowMs(),
  });
  return {
    ...asked,
    allowed: decision.allowed && !dead,
    roles: dead ? ['revoked or expired'] : [],
    policies: policiesOf(set, decision),
    levelNeeded: null,
    freshProof: false,
    wouldPermit: [],
  };
}
