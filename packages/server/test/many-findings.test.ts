import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { learnProfile } from '@sallyport/guard';
import { stringify } from 'yaml';
import {
  chunk,
  completion,
  enforced,
  type FakeSystem,
  fakeSystem,
  scratch,
  seenIn,
  sendEvents,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';

const finding = (technique: string): object => ({ output: { findings: [{ detector: 'pii', technique }] } });
const NO_IBAN = {
  id: 'no-iban',
  on: 'call',
  systems: ['main'],
  when: 'output.findings.exists(f, f.technique == "iban")',
  tests: { match: [finding('iban')], miss: [finding('email')] },
};
const OLD = {
  id: 'old',
  on: 'row',
  severity: 'low',
  mode: 'shadow',
  when: 'input.age > 20.0',
  tests: { match: [{ input: { age: 30 } }], miss: [{ input: { age: 10 } }] },
};
const RICH = {
  id: 'rich',
  on: 'row',
  when: 'input.amount > 2900.0',
  tests: { match: [{ input: { amount: 2_950 } }], miss: [{ input: { amount: 10 } }] },
};
const mails = Array.from(
  { length: 70 },
  (_, n) => `Write to a${n}.person${n}@mail${n}.example.com for this. `,
);
const KEY = 'AKIAQ3EGZ7RT5LWPN2VH';
const IBAN = 'DE89 3704 0044 0532 0130 00';
const end = 'And that is all there is to say about it, for now and for later too. '.repeat(3);

describe('many findings hide no other', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    const folder = scratch();
    mkdirSync(join(folder, 'rules'));
    writeFileSync(join(folder, 'rules', 'ours.yaml'), stringify({ conditions: [NO_IBAN, OLD, RICH] }));
    const known = Array.from({ length: 500 }, (_, n) => [1_000 + n * 4, 20 + (n % 50)]);
    const profile = join(folder, 'profile.json');
    writeFileSync(profile, JSON.stringify(learnProfile(['amount', 'age'], known)));
    server = await testServer({
      config: { rules: join(folder, 'rules') },
      systems: {
        main: enforced(fake),
        plain: enforced(fake),
        scorer: enforced(fake, { dialect: 'oip', profile }),
      },
    });
    key = await server.key(['main', 'plain', 'scorer']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  const ask = (system: string, stream: boolean, said: string): Promise<Response> => {
    const all = [...mails, `${said} ${end}`];
    fake.answer = (_req, res) =>
      stream
        ? sendEvents(res, [...all.map((content) => chunk({ content })), 'data: [DONE]\n\n'])
        : sendJson(res, completion(all.join('')));
    const body = { model: 'm', stream, messages: [{ role: 'user', content: 'hello' }] };
    return server.post(`/s/${system}/v1/chat/completions`, key, body);
  };

  for (const stream of [false, true])
    it(`${stream ? 'in a stream' : 'whole'}: the gravest is in the record, and conditions see all`, async () => {
      const denied = await ask('plain', stream, `key ${KEY}`);
      assert.match(await denied.text(), /output-denied/);
      assert.match(await seenIn(server, denied), /secret\//);
      const judged = await ask('main', stream, `IBAN ${IBAN} is theirs.`);
      assert.match(await judged.text(), /output-denied/);
      assert.match(await seenIn(server, judged), /condition\/no-iban/);
      const good = await ask('main', stream, 'No account is known.');
      assert.doesNotMatch(await good.text(), /output-denied|@mail/);
    });

  it('in rows: one that is denied is found behind many that are only told', async () => {
    fake.answer = (_req, res) =>
      sendJson(res, JSON.stringify({ outputs: [{ name: 'y', shape: [1], datatype: 'FP64', data: [0.5] }] }));
    const infer = (rows: number[][]): Promise<Response> =>
      server.post('/v2/models/scorer/infer', key, {
        inputs: [{ name: 'x', shape: [rows.length, 2], datatype: 'FP64', data: rows.flat() }],
      });
    const told = Array.from({ length: 80 }, () => [1_500.5, 30]);
    const odd = await infer([...told, [9_000_000, 40]]);
    assert.equal(odd.status, 403);
    assert.match(await seenIn(server, odd), /schema\/out-of-range/);
    const usual = Array.from({ length: 80 }, () => [1_500, 30]);
    assert.equal((await infer(usual)).status, 200);
    const rich = await infer([...usual, [2_960, 40]]);
    assert.equal(rich.status, 403);
    assert.match(await seenIn(server, rich), /condition\/rich/);
  });
});
