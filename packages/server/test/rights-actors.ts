import { INVOKE } from '@sallyport/policy';
import { type Identity, person, sessionOf, type World } from './rights-model.ts';

/** Roles that act in the model, and what each may hand on: everything else that it comes to hold is a gain. */
const ACTORS: readonly {
  readonly role: string;
  readonly grants: readonly { role: string; system?: string }[];
}[] = [
  { role: 'viewer', grants: [{ role: 'viewer' }] },
  { role: 'analyst@alpha', grants: [{ role: 'analyst', system: 'alpha' }] },
  { role: 'operator@alpha', grants: [{ role: 'operator', system: 'alpha' }] },
  { role: 'operator', grants: [{ role: 'operator' }] },
  { role: 'operator and approver', grants: [{ role: 'operator' }, { role: 'approver' }] },
  { role: 'approver', grants: [{ role: 'approver' }] },
  { role: 'auditor', grants: [{ role: 'auditor' }] },
  { role: 'administrator@alpha', grants: [{ role: 'administrator', system: 'alpha' }] },
  { role: 'responder', grants: [{ role: 'responder' }, { role: 'approver' }] },
  { role: 'administrator', grants: [{ role: 'administrator' }] },
];

/** Whether a role may hand a right on, as the documentation says. */
export const mayHandOn =
  (role: string) =>
  (right: string): boolean => {
    if (role === 'administrator') return true;
    // A responder becomes administrator for an hour; what approves is not among that.
    if (role === 'responder')
      return !/^(?:approve-proposals|decide-reviews|accept-risks|sanction-uses|provision-people) /.test(
        right,
      );
    if (role === 'operator@alpha' || role === 'administrator@alpha') return right === `${INVOKE} alpha`;
    if (role.startsWith('operator')) return right.startsWith(`${INVOKE} `) || right.endsWith(' gamma');
    // Whoever it puts into a group is theirs; it comes to hold nothing itself.
    return false;
  };

let made: Promise<{ role: string; start: Identity[] }[]> | null = null;

/** Everybody who acts in the model: people of each role, and programs. Makes the world's other inhabitants, too. */
export function actors(world: World): Promise<{ role: string; start: Identity[] }[]> {
  made ??= populate(world);
  return made;
}

async function populate(world: World): Promise<{ role: string; start: Identity[] }[]> {
  const { programs } = world.control.accounts;
  const { apiKeys } = world.control;
  const add = async (name: string, grants: { role: string; system?: string }[], systems: string[]) => {
    const { id } = await programs.add('test', { name, purpose: 'x', owner: null, grants });
    const key = await apiKeys.create('test', { name, systems, program: id });
    return { id: key.id, key: key.key };
  };
  const idp = await add('idp', [{ role: 'provisioner' }], ['alpha']);
  await add('analyst-everywhere', [{ role: 'analyst' }], ['alpha']);
  const helper = await add('helper', [{ role: 'operator', system: 'alpha' }], ['alpha']);
  await apiKeys.create('test', { name: 'beta', systems: ['beta'] });
  await world.control.accounts.provisioner.create('test', {
    userName: 'kept',
    externalId: null,
    displayName: 'kept',
    email: null,
    active: true,
  });
  await person(world, 'bystander', [{ role: 'approver' }]);
  const all: { role: string; start: Identity[] }[] = [];
  for (const { role, grants } of ACTORS) {
    const { id } = await person(world, role.replaceAll(/[^a-z]/g, '-'), grants);
    all.push({ role, start: [{ kind: 'person', id, cookie: await sessionOf(world, id) }] });
  }
  all.push({ role: 'operator@alpha', start: [{ kind: 'program', ...helper }] });
  all.push({ role: 'provisioner', start: [{ kind: 'program', ...idp }] });
  return all;
}
