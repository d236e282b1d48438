import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { clock } from '@sallyport/core';
import { ChangePace, ChangesTooFast } from '../src/authorisation/change-pace.ts';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

/** Requests that one account gets answered in a burst. */
const BURST = 5_000;

describe('the pace of an account', () => {
  it('lets a burst pass, then ten a second, whatever the clock does', () => {
    const pace = new ChangePace();
    const now = 1_000_000;
    for (let n = 0; n < BURST; n++) pace.take('a', now);
    assert.throws(() => pace.take('a', now), { code: 'rate-limited', retryAfterSeconds: 1 });
    pace.take('b', now);
    for (let n = 0; n < 10; n++) pace.take('a', now + 1_000);
    assert.throws(() => pace.take('a', now + 1_000), ChangesTooFast);
    assert.throws(() => pace.take('a', now - 1_000_000), ChangesTooFast, 'a clock set back gives nothing');
    pace.take('a', now + 2_000_000);
  });
});

describe('how fast an account may change things', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let admin: TestPerson;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({ systems: { main: enforced(fake) } });
    admin = await signedIn(server, [{ role: 'administrator' }]);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  it('is bounded; other accounts and revocations go on', async () => {
    const made = await admin.call('POST', '/api/v1/programs', {
      name: 'flood',
      purpose: 'a test',
      grants: [{ role: 'operator' }],
    });
    const program = await ok<{ id: string; name: string }>(made, 201);
    const { key } = await ok<{ key: string }>(
      await admin.call('POST', `/api/v1/programs/${program.name}/keys`, {}),
      201,
    );
    const { id } = await ok<{ id: string }>(
      await admin.call('POST', '/api/v1/keys', { name: 'caller', systems: ['main'] }),
      201,
    );
    const as = (method: string, path: string, body?: object): Promise<Response> =>
      fetch(`${server.controlUrl}${path}`, {
        method,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
      });

    const { authoriser, installation } = server.control;
    const drain = (): void => {
      for (let n = 0; n < BURST; n++) authoriser.pace.take(`program:${program.id}`, clock.nowMs());
    };
    assert.throws(() => {
      drain();
      drain();
    }, ChangesTooFast);
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => as('POST', '/api/v1/guard/check', { text: 'hello' })),
    );
    const slow = answers.find(({ status }) => status === 429);
    assert.match(slow?.headers.get('retry-after') ?? 'no refusal', /^\d+$/);
    assert.equal((await as('GET', '/api/v1/systems')).status, 200, 'reading goes on');
    assert.equal((await as('POST', `/api/v1/keys/${id}/revoke`, {})).status, 200, 'so does revocation');
    assert.equal((await admin.call('POST', '/api/v1/guard/check', { text: 'hello' })).status, 200);
    await installation.flush();
  });
});
