import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { stringify } from 'yaml';
import {
  enforced,
  type FakeSystem,
  fakeSystem,
  scratch,
  sendEvents,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';

const LOAN = {
  id: 'loan',
  on: 'row',
  when: 'input.amount > 50000.0 && output.approve > 0.5',
  tests: {
    match: [{ input: { amount: 60_000 }, output: { approve: 0.9 } }],
    miss: [{ input: { amount: 10 }, output: { approve: 0.9 } }],
  },
};
const tensor = (name: string, value: number): object => ({
  name,
  shape: [1],
  datatype: 'FP64',
  data: [value],
});

describe('a call of a classifier that two readers may take otherwise', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    const rules = join(scratch(), 'rules');
    mkdirSync(rules);
    writeFileSync(join(rules, 'ours.yaml'), stringify({ conditions: [LOAN] }));
    server = await testServer({
      config: { rules },
      systems: { scorer: enforced(fake, { dialect: 'oip' }), main: enforced(fake) },
    });
    key = await server.key(['scorer', 'main']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  const infer = (...inputs: object[]): Promise<Response> =>
    server.post('/v2/models/scorer/infer', key, { inputs });
  const answers = (...outputs: object[]): string => JSON.stringify({ model_name: 'c', outputs });

  it('has each tensor once, in requests and in answers', async () => {
    fake.answer = (_req, res) => sendJson(res, answers(tensor('approve', 0.1)));
    assert.equal((await infer(tensor('amount', 60_000), tensor('age', 30))).status, 200);
    const twice = await infer(tensor('amount', 60_000), tensor('amount', 1));
    assert.equal(twice.status, 400);
    assert.match(await twice.text(), /`inputs\.1`: another tensor has the same `name`/);
    for (const [first, second] of [
      [0.9, 0.1],
      [0.1, 0.9],
    ] as const) {
      fake.answer = (_req, res) =>
        sendJson(res, answers(tensor('approve', first), tensor('approve', second)));
      const response = await infer(tensor('amount', 60_000));
      assert.equal(response.status, 502);
      assert.match(await response.text(), /upstream-invalid/);
    }
  });

  it('is answered whole: a stream is refused where the operation has none', async () => {
    fake.answer = (_req, res) => sendEvents(res, [`data: ${answers(tensor('approve', 0.9))}\n\n`]);
    const response = await infer(tensor('amount', 60_000));
    assert.equal(response.status, 502);
    assert.match(await response.text(), /the answer is a stream, and this operation has none/);
    const embedded = await server.post('/s/main/v1/embeddings', key, { model: 'm', input: 'hello' });
    assert.equal(embedded.status, 502);
    assert.doesNotMatch(await embedded.text(), /approve/);
  });
});
