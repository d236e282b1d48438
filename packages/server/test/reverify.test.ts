import assert from 'node:assert/strict';
import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { newEvent } from '@sallyport/core';
import { contentPath, entriesPath, TILE_WIDTH, tilePath } from '@sallyport/ledger';
import { AuditMemory } from '../src/audit/audit-memory.ts';
import { auditRunning } from '../src/audit/running-audit.ts';
import type { ProbeContext } from '../src/probes/probe-context.ts';
import { type ledgerVerify, tamperDrill } from '../src/probes/record-probes.ts';
import { behindSqlite } from './behind.ts';
import {
  completion,
  enforced,
  type FakeSystem,
  fakeSystem,
  scratch,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';

/** Bundles of 256 entries that the log has: more than are looked at anew each time. */
const BUNDLES = 34;
/** Two entries and two contents each: they fill the first bundles. */
const CALLS = 384;

describe('a record that is verified again and again while the server runs', () => {
  let server: TestServer;
  let fake: FakeSystem;
  const data = join(scratch(), 'data');
  const memory = new AuditMemory();
  const audit = (signal?: AbortSignal) => auditRunning(server.control.installation, memory, signal);
  const folder = (): string => server.control.installation.ledger.folder;
  const problems = async (): Promise<string[]> => {
    const { log, content, state } = await audit();
    return [...log.problems, ...content.problems, ...state.problems].map(
      ({ file, message }) => `${file}: ${message}`,
    );
  };
  const probe = (run: (context: ProbeContext) => ReturnType<typeof ledgerVerify>) =>
    run({
      installation: server.control.installation,
      memory,
      signal: new AbortController().signal,
      publish: async () => {},
    } as unknown as ProbeContext);

  before(async () => {
    fake = await fakeSystem();
    fake.answer = (_req, res) => sendJson(res, completion('ok'));
    server = await testServer({ systems: { main: enforced(fake) }, data });
    const key = await server.key(['main']);
    const { installation } = server.control;
    for (let done = 0; done < CALLS; done += 64)
      await Promise.all(Array.from({ length: 64 }, async () => (await server.chat(key, 'hello')).text()));
    while (installation.ledger.size < BUNDLES * TILE_WIDTH)
      await Promise.all(
        Array.from({ length: TILE_WIDTH }, () =>
          installation.announce(
            newEvent('alert-acknowledged', { actor: 'sallyport', subject: 'organisation', data: {} }),
          ),
        ),
      );
    await server.control.installation.flush();
    await server.control.installation.ledger.checkpointNow();
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  it('reads everything once, then what is new, a sample, and a part of the rest', async () => {
    // The server reports of itself meanwhile.
    const { ledger } = server.control.installation;
    const least = ledger.checkpoint.size;
    assert.ok(least >= BUNDLES * TILE_WIDTH);
    assert.deepEqual(await problems(), []);
    const { size } = ledger.checkpoint;
    const { read } = memory.bundles;
    assert.ok(least <= read && read <= size, `${read} of ${least} to ${size}`);
    assert.deepEqual(await problems(), []);
    assert.ok(memory.bundles.read < size, `${memory.bundles.read} of ${size}`);
    let [once, again] = [await audit(), await audit()];
    for (let i = 0; i < 20 && once.log.size !== again.log.size; i++) [once, again] = [again, await audit()];
    assert.equal(once.log.size, again.log.size);
    assert.equal(once.log.rootHash, again.log.rootHash);
    assert.equal(
      again.content.checked + again.content.unchecked,
      once.content.checked + once.content.unchecked,
    );
  });

  /** Changes a file so that its times say that it was not. */
  const changed = async (path: string, change: (bytes: Buffer) => Buffer): Promise<string> => {
    const file = join(folder(), path);
    const good = readFileSync(file);
    const { atime, mtime } = statSync(file);
    writeFileSync(file, change(Buffer.from(good)));
    utimesSync(file, atime, mtime);
    const found = [await problems(), await problems()];
    writeFileSync(file, good);
    assert.deepEqual(await problems(), [], `${path}, put back`);
    for (const message of found[0]!.filter((one) => !one.startsWith('state.db')))
      assert.ok(found[1]!.includes(message), `${message}: it goes on saying so`);
    return found[0]!.join('\n');
  };
  const flipped = (bytes: Buffer): Buffer => {
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    return bytes;
  };

  it('finds an entry that is changed in a file that was verified before, wherever it lies', async () => {
    for (const bundle of [0, 9, 20, 31])
      assert.match(
        await changed(entriesPath(bundle, TILE_WIDTH), flipped),
        /does not match its hash|cut short/,
      );
    assert.match(await changed(tilePath(0, 9, TILE_WIDTH), flipped), /does not match its hash/);
  });

  it('finds content that goes missing beside the sample', async () => {
    const cut = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length - 5);
    assert.match(await changed(contentPath(1), cut), /is missing, and no event says that it was destroyed/);
    assert.match(await changed(contentPath(1), () => Buffer.alloc(0)), /is missing, and no event says/);
  });

  it('finds rows that go missing beside the sample, by their number', async () => {
    behindSqlite(data, 'delete from events where leaf_index = 2560');
    for (let run = 0; run < 3; run++) assert.match((await problems()).join('\n'), /missing in the state/);
  });

  it('ends at once when it is asked to', async () => {
    const closing = new AbortController();
    closing.abort(new Error('closing'));
    await assert.rejects(audit(closing.signal), /closing/);
  });

  it('is drilled without a copy of the log: the changed byte is found in the file where it is', async () => {
    const found = await probe(tamperDrill);
    assert.deepEqual(found, {
      passed: true,
      detail: 'a changed byte in a copy of the log was found and placed',
    });
  });
});
