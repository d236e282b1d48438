import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DIALECT_TABLE } from '@sallyport/models';
import { ABOUT_MODELS } from '@sallyport/store';
import { reachSystems } from '../src/system-reach.ts';
import { completion, type FakeSystem, fakeSystem, sendJson, type TestServer, testServer } from './harness.ts';

describe('the first hour', () => {
  let fake: FakeSystem;
  let server: TestServer;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer();
    await server.control.addSystem('test', 'shop', {
      dialect: 'openai',
      urls: [fake.url],
      allowPrivate: true,
      mode: 'observe',
    });
    key = await server.key(['shop']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const call = async (status: number): Promise<void> => {
    const response = await server.chat(key, 'hello');
    assert.equal(response.status, status, await response.text());
  };
  const done = async (): Promise<string[]> =>
    (await server.control.firstHour()).steps.filter((step) => step.done).map(({ id }) => id);
  const told = async (id: string): Promise<string> =>
    (await server.control.firstHour()).steps.find((step) => step.id === id)!.detail;

  it('no calls yet: absence is told as absence', async () => {
    assert.deepEqual(await done(), ['connect', 'key']);
    assert.match(await told('connect'), /`shop` is named; the first call shows whether it answers/);
    const { exchanges, inspected, answered } = await server.control.report('test', 'shop');
    assert.deepEqual([exchanges, inspected, answered], [0, 0, 0]);
    assert.deepEqual(await done(), ['connect', 'key'], 'a report of nothing was read by nobody');
  });

  it('a system whose calls would fail is not connected', async () => {
    fake.answer = (_req, res) => sendJson(res, '{"error":{"message":"no"}}', 401);
    await reachSystems(server.control, ['shop']);
    assert.deepEqual(await done(), ['key']);
    assert.match(await told('connect'), /`shop` is named, and its calls would fail: .* answers with 401/);
    fake.answer = (_req, res) => sendJson(res, '{"data":[]}');
    await reachSystems(server.control, ['shop']);
    assert.deepEqual(await done(), ['connect', 'key']);
  });

  it('calls that failed connect nothing, and are no first call; nor is a list of models', async () => {
    fake.answer = (_req, res) => sendJson(res, '{"error":{"message":"no"}}', 500);
    for (let n = 0; n < 2; n++) assert.ok((await server.chat(key, 'hello')).status >= 500);
    const models = await fetch(`${server.gatewayUrl}/v1/models`, {
      headers: { authorization: `Bearer ${key}` },
    });
    assert.equal(models.status, 200);
    await models.text();
    const { exchanges, inspected, answered, failed } = await server.control.report('test', 'shop');
    assert.deepEqual([exchanges, inspected, answered, failed], [3, 2, 0, 2]);
    assert.deepEqual(await done(), ['key']);
    assert.match(await told('connect'), /`shop` has answered none of 2 calls/);
    assert.match(await told('call'), /none of \d+ calls was answered/);
  });

  it('what asks a model nothing is known for every dialect', () => {
    const asking = Object.values(DIALECT_TABLE).flatMap(({ operations }) =>
      operations.filter(({ method, id }) => method === 'GET' || id === 'show').map(({ id }) => id),
    );
    assert.deepEqual([...new Set(asking)].sort(), [...ABOUT_MODELS].sort());
  });

  it('what would have been blocked is read while nothing is', async () => {
    fake.answer = (_req, res) => sendJson(res, completion('hello'));
    await call(200);
    assert.deepEqual(await done(), ['connect', 'key', 'call'], 'it was read before there was an answer');
    assert.equal(await told('call'), '1 call was answered, and is in the record');
    await server.control.setMode('test', 'shop', 'enforce');
    await server.control.report('test', 'shop');
    assert.deepEqual(await done(), ['connect', 'key', 'call', 'enforce']);
    assert.match(await told('report'), /`shop` enforces already/);
    const { events } = server.control.installation.store;
    await server.control.installation.flush();
    assert.equal(await events.latest('guide-completed'), null);
    await server.control.setMode('test', 'shop', 'observe');
    await server.control.report('test', 'shop');
    await server.control.setMode('test', 'shop', 'enforce');
    // Someone waits for the answer: it waits for no probe.
    server.control.probeIfOlder = () => new Promise(() => {});
    // Reading it again, now that it blocks, takes nothing back.
    await server.control.report('test', 'shop');
    const all = await Promise.all([done(), done()]);
    assert.deepEqual(
      all.map(({ length }) => length),
      [5, 5],
    );
    Reflect.deleteProperty(server.control, 'probeIfOlder');
    await server.control.installation.flush();
    assert.equal((await events.latest('guide-completed'))!.data['system'], 'shop');
    assert.equal((await events.since(['guide-completed'], new Date(0).toISOString())).length, 1);
    assert.equal((await server.controls()).get('GOV-10')!.evidence.length, 2);
  });
});
