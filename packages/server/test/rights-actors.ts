import { INVOKE } from '@sallyport/policy';
import type { Bounds } from './rights-explore.ts';
import { ask, type Identity, person, sessionOf, type World } from './rights-model.ts';

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

/** What a role may hand on, as the documentation says. */
export const boundsOf = (role: string): Bounds => ({ all: role === 'administrator', may: mayHandOn(role) });

const mayHandOn =
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

/** A role that acts in a world of its own, and as whom. */
export interface Acting {
  readonly name: string;
  readonly role: string;
  /** Calls of the longest sequences that `prove` tries, every one. */
  readonly depth: number;
  readonly start: (world: World) => Promise<Identity[]>;
}

/** Where four calls take longer than there is time for. */
const DEPTHS: Readonly<Record<string, number>> = {
  responder: 3,
  administrator: 3,
  'operator and approver': 3,
};

/** All who act in the model: people of each role, and two programs. */
export const ACTING: readonly Acting[] = [
  ...ACTORS.map(({ role, grants }) => ({
    name: role,
    role,
    depth: DEPTHS[role] ?? 4,
    start: async (world: World): Promise<Identity[]> => {
      await populate(world);
      const { id } = await person(world, 'actor', grants);
      return [{ kind: 'person', id, cookie: await sessionOf(world, id) }];
    },
  })),
  ...(['operator@alpha', 'provisioner'] as const).map((role) => ({
    name: `program, ${role}`,
    role,
    depth: 4,
    start: async (world: World): Promise<Identity[]> => {
      const programs = await populate(world);
      return [{ kind: 'program', ...programs[role] }];
    },
  })),
];

/** Makes the world's other inhabitants: an approver whose proposals wait, one person whom a directory keeps, three programs. */
async function populate(world: World) {
  const { programs, provisioner } = world.control.accounts;
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
  await provisioner.create('test', {
    userName: 'kept',
    externalId: null,
    displayName: 'kept',
    email: null,
    active: true,
  });
  await person(world, 'bystander', [{ role: 'approver' }]);
  const manifest = { purpose: 'x', origins: ['http://127.0.0.1:9'], systems: ['beta'], allowPrivate: true };
  const { id: proposer } = await person(world, 'proposer', [{ role: 'operator' }]);
  await propose(world, proposer, '/api/v1/integrations', { name: 'partner', kind: 'vendor-model', manifest });
  await propose(world, proposer, '/api/v1/sources', { pattern: 'https://data.example/waits' });
  return { 'operator@alpha': helper, provisioner: idp };
}

async function propose(world: World, id: string, path: string, body: object): Promise<void> {
  const who: Identity = { kind: 'person', id, cookie: await sessionOf(world, id) };
  const answer = await ask(world, who, { method: 'POST', path, body });
  if (answer.status >= 300) throw new Error(`${path}: ${await answer.text()}`);
}
