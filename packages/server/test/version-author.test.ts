import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { controlSocketPath } from '@sallyport/server';
import { scratch, testServer } from './harness.ts';
import { ok, signedIn } from './people.ts';

/** Registers as `sallyport model register` does. */
function register(data: string, body: object): Promise<{ status: number; text: string }> {
  return new Promise((done, fail) => {
    const content = Buffer.from(JSON.stringify(body));
    const headers = {
      host: 'localhost',
      'content-type': 'application/json',
      'content-length': content.length,
    };
    const where = { socketPath: controlSocketPath(data), method: 'POST', path: '/api/v1/versions', headers };
    const req = request(where, (res) => {
      let text = '';
      res.on('data', (piece: Buffer) => (text += piece.toString()));
      res.on('end', () => done({ status: res.statusCode!, text }));
    });
    req.on('error', fail);
    req.end(content);
  });
}

it('a version that a command registers has the person as its author whom an administrator named for that user', async () => {
  const server = await testServer();
  try {
    const folder = join(scratch(), 'model');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'config.json'), '{}');
    const admin = await signedIn(server, [{ role: 'administrator' }]);
    const person = await signedIn(server, [{ role: 'approver' }]);
    const author = async (label: string): Promise<string> => {
      const { status, text } = await register(server.data, {
        kind: 'model',
        name: 'a/model',
        path: folder,
        label,
      });
      assert.equal(status, 201, text);
      const asset = await server.control.installation.store.inventory.asset('model', 'a/model');
      return (await server.control.installation.store.inventory.version(asset!.id, label))!.createdBy;
    };
    const user = userInfo().username;
    assert.equal(await author('1'), `local:${user}`);
    await ok(await admin.call('POST', `/api/v1/people/${person.id}/local-user`, { user }), 200);
    assert.equal(await author('2'), `person:${person.id}`);
  } finally {
    await server.stop();
  }
});
