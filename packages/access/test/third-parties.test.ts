import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { openSqlite } from '@sallyport/store';
import { behindSystem, closedVendors } from '../src/integrations/behind-system.ts';
import { ThirdParties } from '../src/integrations/third-parties.ts';

const ORIGIN = 'https://api.acme.example';
const MANIFEST = { purpose: 'p', origins: [ORIGIN], systems: ['chat'] };
const ELSEWHERE = { purpose: 'p', origins: ['https://other.example'], systems: [] };
const OPERATOR = 'program:operator';
const APPROVER = 'person:approver';

describe('a third party that was stopped, where a proposal takes nothing away', () => {
  let parties: ThirdParties;
  beforeEach(async () => {
    parties = new ThirdParties(await openSqlite(':memory:'), async (_kind, { origins }) => ({
      certificates: Object.fromEntries(origins.map((origin) => [origin, { key: 'k', issuer: 'i' }])),
      tools: {},
    }));
  });
  const propose = (manifest: object = MANIFEST, kind = 'vendor-model', name = 'acme') =>
    parties.propose(OPERATOR, { name, kind, manifest, owner: null, days: 30 });
  const approve = async (name = 'acme') => parties.approve(APPROVER, name, (await parties.find(name)).digest);
  const stop = (how: 'suspend' | 'end', why = 'an incident') => parties[how]('person:admin', 'acme', why);
  /** Why nothing goes there: by its system, by another system there, by other programs of the server. */
  const refusals = async (): Promise<(string | null)[]> => {
    const all = await parties.list();
    const system = (name: string) => ({ name, urls: [`${ORIGIN}/v1`], dataClasses: [] });
    const [own, other] = ['chat', 'other'].map((name) => behindSystem(all, system(name), false));
    const { allowed, why } = await parties.decide({ origin: ORIGIN }, false);
    return [own?.refusal ?? null, other?.refusal ?? null, allowed ? null : why];
  };
  const requireClosed = async (what: string, words = /an incident/): Promise<void> => {
    for (const refusal of await refusals()) assert.match(refusal ?? 'passes', words, what);
    assert.ok(
      closedVendors(await parties.list()).some(({ url }) => url === ORIGIN),
      what,
    );
  };
  const PASSES = [null, null, null];

  it('is stopped under every proposal until somebody else approves', async () => {
    for (const how of ['suspend', 'end'] as const) {
      await propose();
      await approve();
      await stop(how);
      await requireClosed(how);
      await propose();
      await requireClosed(`${how}: the same again`);
      await propose(ELSEWHERE, 'webhook');
      await requireClosed(`${how}: of another kind, elsewhere`);
      await propose({ ...MANIFEST, systems: [] });
      await requireClosed(`${how}: for no system`);
      await approve();
      assert.deepEqual((await refusals())[2], null, 'approved');
    }
  });

  it('is stopped too where nobody had approved it', async () => {
    await propose();
    assert.deepEqual(await refusals(), PASSES, 'a mere proposal');
    await stop('suspend');
    await requireClosed('suspended');
    await propose();
    await requireClosed('the same again');
    await propose(ELSEWHERE, 'webhook');
    await requireClosed('of another kind, elsewhere');
    await approve();
    assert.deepEqual(await refusals(), PASSES, 'another person let it go');
  });

  it('is held to what was approved until something else is', async () => {
    await propose();
    await approve();
    await propose(ELSEWHERE, 'webhook');
    await requireClosed('approved before', /waits for approval/);
    const { replaces } = await parties.find('acme');
    assert.deepEqual(
      replaces.map(({ kind, origins, systems }) => [kind, origins, systems]),
      [['vendor-model', [ORIGIN], ['chat']]],
      'the approver is shown what is let go',
    );
    const before = closedVendors(await parties.list());
    assert.equal(before.length, 1, 'what is proposed takes nothing away');
    await approve();
    assert.deepEqual(await refusals(), PASSES);
    assert.deepEqual((await parties.find('acme')).replaces, []);
  });

  it('keeps a bounded number of what it was', async () => {
    for (let i = 0; i < 8; i++) {
      await propose({ ...MANIFEST, origins: [`https://a${i}.example`] });
      await stop('suspend');
    }
    await propose({ ...MANIFEST, origins: [`https://a8.example`] });
    await stop('suspend');
    await assert.rejects(propose(), { code: 'conflict' });
    const closed = closedVendors(await parties.list()).map(({ url }) => url);
    for (let i = 0; i <= 8; i++) assert.ok(closed.includes(`https://a${i}.example`));
    await approve();
    await propose();
  });
});
