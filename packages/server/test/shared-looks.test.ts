import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { testServer } from './harness.ts';
import { signedIn } from './people.ts';

/** As long as a look takes where there is much to look at. */
const LOOK_MS = 200;

it('looks at all rows are shared by everyone who asks meanwhile', async () => {
  const server = await testServer();
  try {
    const viewer = await signedIn(server, [{ role: 'viewer' }], false);
    const { granting } = server.control.installation.store;
    let looks = 0;
    const digests = granting.digests.bind(granting);
    granting.digests = async () => {
      looks++;
      await delay(LOOK_MS);
      return digests();
    };
    const answers = await Promise.all(Array.from({ length: 24 }, () => viewer.call('GET', '/api/v1/state')));
    for (const answer of answers) {
      assert.equal(answer.status, 200);
      await answer.text();
    }
    assert.ok(looks <= 6, `${looks} looks`);
  } finally {
    await server.stop();
  }
});
