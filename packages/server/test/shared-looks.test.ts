import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { testServer } from './harness.ts';
import { signedIn } from './people.ts';

/** As long as a look takes where there is much to look at. */
const LOOK_MS = 200;

it('looks at all rows and all controls are shared by everyone who asks meanwhile', async () => {
  const server = await testServer();
  try {
    const viewer = await signedIn(server, [{ role: 'viewer' }], false);
    const { granting, reviews } = server.control.installation.store;
    let looks = 0;
    const digests = granting.digests.bind(granting);
    granting.digests = async () => {
      looks++;
      await delay(LOOK_MS);
      return digests();
    };
    let counted = 0;
    const list = reviews.list.bind(reviews);
    reviews.list = async (...given) => {
      counted++;
      await delay(LOOK_MS);
      return list(...given);
    };
    await (await viewer.call('GET', '/api/v1/posture')).text();
    const ofOne = counted;
    for (const path of ['/api/v1/state', '/api/v1/posture']) {
      looks = 0;
      counted = 0;
      const answers = await Promise.all(Array.from({ length: 24 }, () => viewer.call('GET', path)));
      for (const answer of answers) {
        assert.equal(answer.status, 200);
        await answer.text();
      }
      assert.ok(looks <= 6, `${path}: ${looks} looks`);
      assert.ok(counted <= 6 * ofOne, `${path}: ${counted} of ${ofOne}`);
    }
  } finally {
    await server.stop();
  }
});
