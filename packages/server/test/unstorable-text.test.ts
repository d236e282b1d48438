import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startPostgres } from '../../store/test/postgres.ts';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';
import { browserOf, ok, signedIn, type TestPerson } from './people.ts';

/** Characters that a database does not keep as they are: PostgreSQL refuses one, SQLite replaces the others. */
const UNSTORABLE = ['\u0000', 'a\u0000b', '\ud800', 'x\udfff'];

describe('text that no database keeps, over PostgreSQL', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  let server: TestServer;
  let fake: FakeSystem;
  let admin: TestPerson;
  let paths: Record<string, Record<string, { parameters?: { in: string; name: string }[] }>>;
  before(async () => {
    postgres = await startPostgres();
    process.env['UNSTORABLE_TEXT_DATABASE'] = postgres.url;
    fake = await fakeSystem();
    server = await testServer({
      systems: { main: enforced(fake) },
      config: { database: { urlRef: 'env:UNSTORABLE_TEXT_DATABASE' } },
    });
    admin = await signedIn(server, [{ role: 'administrator' }, { role: 'approver' }]);
    ({ paths } = await ok<{ paths: typeof paths }>(await fetch(`${server.controlUrl}/openapi.json`), 200));
  });
  after(async () => {
    await server.stop();
    await fake.close();
    await postgres.stop();
  });

  it('is refused in each path, query and body, and never our fault', async () => {
    const wrong: string[] = [];
    let asked = 0;
    const ask = async (who: Pick<TestPerson, 'call'>, ...call: Parameters<TestPerson['call']>) => {
      asked++;
      const { status, body } = await who.call(...call);
      await body?.cancel();
      if (status !== 400) wrong.push(`${call[0]} ${call[1]} ${JSON.stringify(call[2])}: ${status}`);
    };
    const nobody = browserOf(server);
    for (const [path, methods] of Object.entries(paths))
      for (const [method, { parameters = [] }] of Object.entries(methods)) {
        const upper = method.toUpperCase();
        const plain = path.replaceAll(/\{[^}]+\}/g, 'x');
        if (plain !== path) await ask(admin, upper, path.replaceAll(/\{[^}]+\}/g, 'a%00b'));
        for (const one of parameters.filter((each) => each.in === 'query'))
          await ask(admin, upper, `${plain}?${one.name}=%00`);
        if (upper === 'GET' || /^\/(?:token|sign-on\/back)/.test(path)) continue;
        for (const text of UNSTORABLE)
          for (const body of [{ name: text }, { name: [{ deep: text }] }, { [text]: 1 }])
            await ask(path === '/api/v1/session' ? nobody : admin, upper, plain, body);
      }
    assert.deepEqual(wrong.slice(0, 20), []);
    assert.ok(asked > 500, `${asked} requests`);
    const found = { name: '\u0000', password: 'x' };
    assert.equal((await nobody.call('POST', '/api/v1/session', found)).status, 400);
  });

  it('is looked at where a text is given to be looked at', async () => {
    const text = 'one\u0000two';
    await ok(await admin.call('POST', '/api/v1/guard/check', { text, channel: 'user' }), 200);
    await ok(await admin.call('POST', '/api/v1/systems/main/try', { text }), 200);
    assert.match(String(fake.requests.at(-1)!.body), /one\\u0000two/);
  });
});
