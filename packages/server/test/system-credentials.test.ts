import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { diagnose } from '../src/doctor.ts';
import { exposure } from '../src/exposure.ts';
import { reachSystems } from '../src/system-reach.ts';
import {
  enforced,
  everySystem,
  exchangeOf,
  type FakeSystem,
  fakeSystem,
  scratch,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';
import { signedIn } from './people.ts';

const SET = 'TEST_CREDENTIAL_SET';
const UNSET = 'TEST_CREDENTIAL_UNSET';
const messages = [{ role: 'user', content: 'Hello' }];
const CALLS: Record<string, [path: string, body: object]> = {
  openai: ['/v1/chat/completions', { model: 'openai', messages }],
  anthropic: ['/v1/messages', { model: 'anthropic', max_tokens: 9, messages }],
  ollama: ['/api/chat', { model: 'ollama', messages }],
  oip: ['/v2/models/oip/infer', { inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [1] }] }],
};

describe('the credential of an AI system', () => {
  let fake: FakeSystem;
  let server: TestServer;
  const folder = scratch();
  before(async () => {
    process.env[SET] = 'a-credential-of-the-provider';
    delete process.env[UNSET];
    writeFileSync(join(folder, 'empty'), '\n');
    fake = await fakeSystem();
    const with_ = (apiKeyRef: string | undefined, more: object = {}): Record<string, unknown> =>
      enforced(fake, { ...(apiKeyRef === undefined ? {} : { apiKeyRef }), ...more });
    server = await testServer({
      config: { secrets: { environment: [SET, UNSET] } },
      systems: {
        ...Object.fromEntries(
          Object.keys(CALLS).map((dialect) => [dialect, with_(`env:${SET}`, { dialect })]),
        ),
        unset: with_(`env:${UNSET}`),
        nowhere: with_('file:no/such/file'),
        empty: with_(`file:${join(folder, 'empty')}`),
        bare: with_(undefined),
      },
    });
  });
  after(async () => {
    delete process.env[SET];
    await server.stop();
    await fake.close();
  });
  const alerts = async (): Promise<Map<string, string>> => {
    await server.control.installation.flush();
    await server.control.monitor!.tick();
    return new Map(
      server.control.monitor!.open.map(({ rule, subject, detail }) => [`${rule} ${subject}`, detail]),
    );
  };

  for (const [dialect, [path, body]] of Object.entries(CALLS))
    for (const stream of [false, true])
      for (const said of [JSON.stringify({ error: { message: 'Incorrect API key: a-cre…ider' } }), 'no JSON'])
        it(`${dialect}${stream ? ', streamed' : ''}: refused with ${said.slice(0, 9)} is told as ours, not as the caller's key`, async () => {
          fake.answer = (_req, res) => sendJson(res, said, 401);
          const response = await server.post(path, await server.key([dialect]), { ...body, stream });
          const text = await response.text();
          assert.equal(response.status, 401, text);
          assert.match(text, /upstream-credential-refused/);
          assert.match(text, /your API key is not the cause/);
          assert.ok(text.includes(exchangeOf(response)));
          assert.doesNotMatch(
            text,
            /Incorrect|TEST_|no JSON|a-cre/,
            'nothing of the provider, no name of a secret',
          );
          const [row] = await server.control.exchanges({ limit: 1 });
          assert.deepEqual([row!.code, row!.outcome], ['upstream-credential-refused', 'upstream-error']);
        });

  it('is named to the operator where it is refused, with what to do', async () => {
    const open = await alerts();
    assert.match(
      open.get('credential-refused system:openai')!,
      /^it refused env:TEST_CREDENTIAL_SET, in 4 calls/,
    );
    fake.answer = (_req, res) => sendJson(res, '{}', 401);
    await (await server.post('/s/bare/v1/chat/completions', await server.key(['bare']), { messages })).text();
    assert.match((await alerts()).get('credential-refused system:bare')!, /none is set, in 1 call within/);
  });

  for (const status of [403, 404, 429, 500])
    it(`what a system refuses otherwise (${status}) is told as it says`, async () => {
      fake.answer = (_req, res) => sendJson(res, JSON.stringify({ error: { message: 'its word' } }), status);
      const response = await server.chat(await server.key(['openai']), 'Hello');
      assert.equal(response.status, status);
      assert.match(await response.text(), /its word/);
    });

  it('that is missing: the caller learns no name, the operator which variable or file and why', async () => {
    fake.answer = (_req, res) => sendJson(res, '{}', 401);
    const cause = {
      unset: `${UNSET} is not set in the environment of the server (env:${UNSET})`,
      nowhere: `file:no/such/file is missing, unreadable or empty, which is relative to ${process.cwd()}, where the server was started`,
      empty: `file:${join(folder, 'empty')} is missing, unreadable or empty`,
    };
    const viewer = await signedIn(server, [{ role: 'viewer' }]);
    const { systems } = (await (await viewer.call('GET', '/api/v1/systems')).json()) as {
      systems: { name: string; credentialLack: string | null }[];
    };
    const doctor = new Map(
      (await diagnose(server.control, await everySystem(server))).map((one) => [one.check, one]),
    );
    const open = await alerts();
    for (const [name, why] of Object.entries(cause)) {
      const response = await server.chat(await server.key([name]), 'Hello');
      const text = await response.text();
      assert.match(text, /upstream-credential-missing/);
      assert.doesNotMatch(text, /TEST_|no\/such|empty/);
      assert.equal(systems.find((one) => one.name === name)!.credentialLack, why);
      assert.deepEqual(
        [doctor.get(`credential of ${name}`)!.ok, doctor.get(`credential of ${name}`)!.detail],
        [false, why],
      );
      assert.ok(open.get(`credential-missing system:${name}`)!.includes(why));
      const [reached] = (await reachSystems(server.control, [name])).get(name)!;
      assert.ok(reached!.detail.includes(why), reached!.detail);
      const operator = await signedIn(server, [{ role: 'operator' }]);
      const tried = await operator.call('POST', `/api/v1/systems/${name}/try`, { text: 'Hello' });
      assert.ok((await tried.text()).includes(why));
    }
    assert.equal(systems.find(({ name }) => name === 'openai')!.credentialLack, null);
    assert.equal(open.has('credential-missing system:openai'), false);
  });

  it('the doctor tells variables that are set from those that are not', async () => {
    const told = (await diagnose(server.control, await everySystem(server))).find(
      ({ check }) => check === 'variables of the environment',
    )!;
    assert.deepEqual([told.level, told.detail], ['warning', `not set: ${UNSET}`]);
    const open = (await exposure(server.control)).find(({ what }) => /^variables/.test(what))!;
    assert.ok(open.detail.startsWith(`${SET}: open to `));
    assert.doesNotMatch(open.detail, /root and root/);
  });
});
