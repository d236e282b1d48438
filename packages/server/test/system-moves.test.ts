import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { serveAtShop } from './deployed.ts';
import { followed } from './followed.ts';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

const PATH = '/api/v1/systems/shop/settings';
const ELSEWHERE = { urls: ['https://elsewhere.example'], apiKeyRef: null };
const OPENED = { allowPrivate: true };
const codeOf = async (response: Response): Promise<string> => {
  const text = await response.text();
  return response.status < 400 ? 'done' : (JSON.parse(text) as { error: { code: string } }).error.code;
};

describe('a system that leads elsewhere is another system', () => {
  let fake: FakeSystem;
  let server: TestServer;
  let operator: TestPerson;
  const add = async (name: string, url: string, more: object = {}): Promise<void> => {
    const system = { name, dialect: 'openai', urls: [url], mode: 'enforce', ...more };
    await ok(await operator.call('POST', '/api/v1/systems', system), 201);
  };
  const edit = async ({ call }: Pick<TestPerson, 'call'>, change: object, path = PATH): Promise<string> =>
    codeOf(await call('POST', path, change));
  const urls = async (): Promise<readonly string[]> =>
    (await server.control.systems()).find(({ name }) => name === 'shop')!.config.urls;
  /** A program that operates. @returns calls as it */
  const program = async (name: string): Promise<TestPerson['call']> => {
    const about = { name, purpose: 'x', owner: null, grants: [{ role: 'operator' }] };
    const { id } = await server.control.accounts.programs.add('test', about);
    const { key } = await server.control.apiKeys.create('test', { name, systems: [], program: id });
    return (method, path, body) =>
      fetch(`${server.controlUrl}${path}`, {
        method,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
  };
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({ systems: { fixed: enforced(fake) } });
    operator = await signedIn(server, [{ role: 'operator' }]);
    await add('shop', 'https://shop.example');
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  it('emergency access leads no calls elsewhere', async () => {
    const responder = await signedIn(server, [{ role: 'responder' }]);
    const reason = 'the only administrator cannot be reached and calls fail';
    await ok(await responder.call('POST', '/api/v1/break-glass', { reason, minutes: 30 }), 201);
    for (const change of [ELSEWHERE, OPENED]) assert.equal(await edit(responder, change), 'not-permitted');
    assert.deepEqual(await urls(), ['https://shop.example']);
    assert.equal(await edit(responder, { limits: { requestsPerMinute: 5 } }), 'done');
  });

  it('nor an old proof, nor a program', async () => {
    const stale = await signedIn(server, [{ role: 'operator' }]);
    await server.control.installation.store.change(async (tx) => {
      const at = new Date(Date.now() - 600_000).toISOString();
      await tx.updateTable('sessions').set({ proven_at: at }).where('person_id', '=', stale.id).execute();
      await followed(tx, 'sessions');
      return { result: undefined, event: [] };
    });
    const call = await program('mover');
    for (const change of [ELSEWHERE, OPENED, { urls: ['https://shop.example', 'https://two.example'] }]) {
      assert.equal(await edit(stale, change), 'proof-needed', JSON.stringify(change));
      assert.equal(await edit({ call }, change), 'not-permitted', JSON.stringify(change));
    }
    assert.deepEqual(await urls(), ['https://shop.example']);
    // Where calls went before, they may go on.
    await ok(
      await operator.call('POST', PATH, { urls: ['https://shop.example', 'https://two.example'] }),
      200,
    );
    const same = { urls: ['https://two.example', 'https://shop.example'], allowPrivate: false };
    for (const who of [stale, { call }]) assert.equal(await edit(who, same), 'done');
    // What leads to a place that is left is gated there no more.
    const left = { urls: ['https://shop.example'] };
    assert.equal(await edit(stale, left), 'proof-needed');
    assert.equal(await edit({ call }, left), 'not-permitted');
    assert.equal(await edit(operator, left), 'done');
  });

  it('what is asked of a change is asked about the system that it changes, whatever came before it', async (t) => {
    const { control } = server;
    const call = await program('late');
    let [goOn, isInTurn] = [() => {}, () => {}];
    const held = new Promise<void>((done) => {
      goOn = done;
    });
    const begun = new Promise<void>((done) => {
      isInTurn = done;
    });
    const trial = control.snapshots.trial.bind(control.snapshots);
    t.mock.method(
      control.snapshots,
      'trial',
      async (systems: Parameters<typeof trial>[0]) => {
        isInTurn();
        await held;
        return trial(systems);
      },
      { times: 1 },
    );
    const moving = edit(operator, { urls: ['https://moved.example'] });
    await begun;
    // To where calls go as it asks, and no longer when its turn comes.
    const asked = t.mock.method(control, 'editSystem');
    const back = edit({ call }, { urls: ['https://shop.example'] });
    while (asked.mock.callCount() === 0) await new Promise((tick) => setTimeout(tick, 5));
    goOn();
    assert.equal(await moving, 'done');
    assert.equal(await back, 'not-permitted');
    assert.deepEqual(await urls(), ['https://moved.example']);
    assert.equal(await edit(operator, { urls: ['https://shop.example'] }), 'done');
  });

  it('what served at the old place does not serve at the new one', async () => {
    const { store } = server.control.installation;
    await serveAtShop(server);
    const serving = async (): Promise<number> =>
      (await store.inventory.deployments(true)).filter(({ place }) => place === 'system:shop').length;
    assert.equal(await edit(operator, { urls: ['https://shop.example'], models: ['m'] }), 'done');
    assert.equal(await serving(), 1, 'it stays where it is');
    assert.equal(await edit(operator, { urls: ['https://new.example', 'https://shop.example'] }), 'done');
    assert.equal(await serving(), 0);
    await server.control.installation.flush();
    assert.equal((await store.events.latest('version-withdrawn'))!.subject, 'system:shop');
  });

  it('one that is held, or judges for another, stays where it is', async () => {
    await add('judge', 'https://judge.example');
    await add('judged', 'https://judged.example', { judge: { system: 'judge', model: 'm' } });
    const path = '/api/v1/systems/judge/settings';
    assert.equal(await edit(operator, ELSEWHERE, path), 'conflict');
    const admin = await signedIn(server, [{ role: 'administrator' }]);
    await ok(await admin.call('POST', '/api/v1/holds', { system: 'shop', reason: 'a case' }), 201);
    for (const change of [ELSEWHERE, { urls: ['https://shop.example'] }])
      assert.equal(await edit(operator, change), 'conflict');
    assert.equal(await edit(operator, { models: [] }), 'done');
  });

  it('which models route to it says who may add a system, not who holds it alone', async () => {
    await add('toy', 'https://toy.example', { models: ['toy-1'] });
    const holder = await signedIn(server, [{ role: 'operator', system: 'toy' }]);
    const path = '/api/v1/systems/toy/settings';
    for (const one of ['shop', 'shop/gpt', 'gpt'])
      assert.equal(await edit(holder, { models: ['toy-1', one] }, path), 'not-permitted', one);
    for (const models of [['toy-1'], []]) assert.equal(await edit(holder, { models }, path), 'done');
    assert.equal(await edit(operator, { models: ['gpt', 'fixed'] }, path), 'done');
    // The name of a system is that system's, whatever others list.
    const key = await server.key(['toy', 'fixed']);
    assert.equal((await server.chat(key, 'hello', { model: 'fixed' })).status, 200);
  });
});
