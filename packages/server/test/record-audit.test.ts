import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { contentPath } from '@sallyport/ledger';
import {
  enforced,
  exchangeOf,
  type FakeSystem,
  fakeSystem,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';

describe(
  'the probe of the record',
  { skip: process.env['TEST_POSTGRES'] !== undefined && 'it is of the embedded engine' },
  () => {
    let fake: FakeSystem;
    let server: TestServer;
    let path: string;
    const exchanges: string[] = [];
    before(async () => {
      fake = await fakeSystem();
      server = await testServer({ systems: { main: enforced(fake) } });
      const key = await server.key(['main']);
      for (let n = 0; n < 5; n++) {
        const answer = await server.chat(key, `call ${n}`);
        await answer.text();
        exchanges.push(exchangeOf(answer));
      }
      const { ledger } = server.control.installation;
      await ledger.checkpointNow();
      path = join(ledger.folder, contentPath(0));
    });
    after(async () => {
      await server.stop();
      await fake.close();
    });
    /** What the last run of the probe found. */
    const probed = async (): Promise<{ passed: unknown; detail: string; control: string }> => {
      await server.control.probeIfOlder(0);
      const { installation } = server.control;
      await installation.flush();
      const event = await installation.store.events.latest('probe-completed', 'probe:ledger-verify');
      const { status } = (await server.controls()).get('CMP-03')!;
      return { passed: event?.data['passed'], detail: String(event?.data['detail']), control: status };
    };

    it('passes where content and rows are as the log says, and counts them', async () => {
      const { passed, detail } = await probed();
      assert.equal(passed, true, detail);
      assert.match(
        detail,
        /; 10 contents were opened and are what it says, 0 were not in the sample; 7 exchanges/,
      );
    });

    it('passes after calls and answers of no bytes', async () => {
      const own = await server.key(['main']);
      const normal = fake.answer;
      fake.answer = (_req, res) => res.writeHead(200, { 'content-type': 'text/event-stream' }).end();
      await (await server.chat(own, 'hello')).text();
      fake.answer = (_req, res) => res.writeHead(204).end();
      await (await server.chat(own, 'hello')).text();
      fake.answer = (_req, res) => sendJson(res, '{"object":"list","data":[]}');
      const models = await fetch(`${server.gatewayUrl}/s/main/v1/models`, {
        headers: { authorization: `Bearer ${own}` },
      });
      assert.equal(models.status, 200, await models.text());
      fake.answer = normal;
      const { passed, detail } = await probed();
      assert.equal(passed, true, detail);
    });

    it('fails, and CMP-03 with it, where a bit of content was flipped, or its file is gone', async () => {
      /** Other probes make calls of their own meanwhile, whose content is added. */
      const flip = (): void => {
        const bytes = readFileSync(path);
        bytes[200]! ^= 4;
        writeFileSync(path, bytes);
      };
      flip();
      const flipped = await probed();
      assert.equal(flipped.passed, false);
      assert.match(flipped.detail, /exchange `exc_[0-9a-z]+` (does not open|is missing|opens no longer)/);
      assert.equal(flipped.control, 'failing');
      flip();
      assert.equal((await probed()).passed, true);
      const bytes = readFileSync(path);
      rmSync(path);
      const gone = await probed();
      assert.equal(gone.passed, false);
      assert.match(gone.detail, /is missing, and no event says that it was destroyed/);
      writeFileSync(path, Buffer.concat([bytes, existsSync(path) ? readFileSync(path) : Buffer.alloc(0)]));
      assert.equal((await probed()).passed, true);
    });

    it('fails where an exchange was deleted from the state', async () => {
      const db = new DatabaseSync(join(server.data, 'state.db'));
      db.exec('pragma busy_timeout = 5000');
      db.exec(`delete from exchanges where id = '${exchanges[2]}'`);
      db.close();
      const { passed, detail, control } = await probed();
      assert.equal(passed, false);
      assert.ok(
        detail.includes(`exchange \`${exchanges[2]}\` is in the log and missing in the state`),
        detail,
      );
      assert.equal(control, 'failing');
    });
  },
);
