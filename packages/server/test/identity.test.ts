import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { totpCode, totpStep } from '../../access/src/factors/totp.ts';
import { SoftwarePasskey } from '../../access/test/software-passkey.ts';
import { type TestServer, testServer } from './harness.ts';
import { addPasskey, browserOf, ok, PASSWORD, signedIn } from './people.ts';

describe('who somebody is, over HTTP', () => {
  let server: TestServer;
  before(async () => {
    server = await testServer();
  });
  after(() => server.stop());

  const age = (minutes: number): Promise<unknown> =>
    server.control.installation.store.change(async (tx) => {
      const at = new Date(Date.now() - minutes * 60_000).toISOString();
      await tx.updateTable('sessions').set({ proven_at: at }).execute();
      return { result: undefined, event: [] };
    });
  const bytesOf = (secret: string): Buffer => {
    const bits = [...secret]
      .map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0'))
      .join('');
    return Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
  };

  it('a password and a code that were phished make no passkey of an account that has one', async () => {
    const ann = await signedIn(server, [{ role: 'operator' }]);
    const { id, secret } = await ok<{ id: string; secret: string }>(
      await ann.call('POST', '/api/v1/account/authenticators', { name: 'app' }),
      201,
    );
    const code = (steps: number): string => totpCode(bytesOf(secret), totpStep(Date.now()) + steps);
    await ok(await ann.call('POST', `/api/v1/account/authenticators/${id}/confirm`, { code: code(-1) }), 200);
    const thief = browserOf(server);
    const { pending } = await ok<{ pending: string }>(
      await thief.call('POST', '/api/v1/session', { name: ann.name, password: PASSWORD }),
      202,
    );
    await ok(await thief.call('POST', '/api/v1/session', { pending, proof: { code: code(0) } }), 201);
    const { factors } = await ok<{ factors: { id: string }[] }>(
      await thief.call('GET', '/api/v1/account'),
      200,
    );
    for (const [method, path, body] of [
      ['POST', '/api/v1/account/passkey-creation', undefined],
      ['POST', '/api/v1/account/authenticators', { name: 'evil' }],
      ['POST', '/api/v1/account/recovery-codes', undefined],
      ...factors.map((one) => ['DELETE', `/api/v1/account/factors/${one.id}`, undefined] as const),
      ['POST', '/api/v1/account/password', { current: PASSWORD, password: `another ${PASSWORD}` }],
    ] as const) {
      const answer = await thief.call(method, path, body);
      assert.deepEqual(
        [answer.status, ((await answer.json()) as { error: { code: string } }).error.code],
        [403, 'proof-needed'],
        `${method} ${path}`,
      );
    }
    // The passkey that another session began to make is not finished by this one.
    const begun = await ok<{ ticket: string; options: { challenge: string } }>(
      await ann.call('POST', '/api/v1/account/passkey-creation'),
      200,
    );
    const passkey = new SoftwarePasskey(server.controlUrl).create(begun.options);
    const added = await thief.call('POST', '/api/v1/account/passkeys', {
      ticket: begun.ticket,
      name: 'evil',
      passkey,
    });
    assert.equal(added.status, 403);
    await addPasskey(server, ann);
  });

  it('ending other sessions, and forgetting devices, asks who it is first', async () => {
    const ben = await signedIn(server, [{ role: 'viewer' }]);
    const { sessions, devices } = await server.control.accounts.sessions.list(ben.id);
    await age(6);
    for (const path of ['sessions', `sessions/${sessions[0]!.id}`, `devices/${devices[0]!.id}`]) {
      const answer = await ben.call('DELETE', `/api/v1/account/${path}`);
      assert.equal(((await answer.json()) as { error: { code: string } }).error.code, 'proof-needed', path);
    }
    await age(0);
    await ok(await ben.call('DELETE', '/api/v1/account/sessions'), 204);
  });
});
