import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseConfig } from '@sallyport/core';
import {
  contentPath,
  fillLedger,
  formatVerifierKey,
  openCheckpoint,
  parseNote,
  parseVerifierKey,
  signedAt,
  verifyProof,
  Witness,
  witnessKeys,
} from '@sallyport/ledger';
import { signingKey } from '@sallyport/vault';
import { auditCopy } from '../src/audit/record-audit.ts';
import { proofsOf } from '../src/log-proofs.ts';
import { enforced, type FakeSystem, fakeSystem, scratch, type TestServer, testServer } from './harness.ts';

/** A witness on a real socket. */
interface Running {
  readonly url: string;
  readonly keys: string[];
  readonly server: Server;
  /** Answers this instead, where it is set. */
  status: number | null;
  /** Says with status 409 that it saw so many entries, where it is set. */
  claims: number | null;
  /** Sends these lines before its own. */
  more: string;
}

async function startWitness(name: string, logKey: () => string | null): Promise<Running> {
  const signer = { name, ...signingKey(Buffer.alloc(64, name.length)) };
  const witness = new Witness({
    folder: mkdtempSync(join(tmpdir(), 'sallyport-witness-')),
    signer,
    keysOf: () => {
      const key = logKey();
      return key === null ? null : [parseVerifierKey(key)];
    },
  });
  const server = createServer(async (req, res) => {
    const pieces: Buffer[] = [];
    for await (const piece of req) pieces.push(piece as Buffer);
    if (running.status !== null) {
      res.writeHead(running.status);
      res.end('no\n');
      return;
    }
    if (running.claims !== null) {
      res.writeHead(409, { 'content-type': 'text/x.tlog.size' });
      res.end(`${running.claims}\n`);
      return;
    }
    const { status, type, body } = await witness.addCheckpoint(Buffer.concat(pieces).toString());
    res.writeHead(status, { 'content-type': type });
    res.end(status === 200 ? running.more + body : body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  server.unref();
  const running: Running = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys: witnessKeys(signer).map(formatVerifierKey),
    server,
    status: null,
    claims: null,
    more: '',
  };
  return running;
}

describe('witnesses of the record', () => {
  let fake: FakeSystem;
  let server: TestServer;
  let one: Running;
  let two: Running;
  let logKey: string | null = null;
  const data = join(scratch(), 'data');
  const start = async (quorum = 2): Promise<void> => {
    server = await testServer({
      data,
      systems: { main: enforced(fake) },
      config: {
        record: {
          witnesses: [one, two].map(({ url, keys }) => ({ url, keys, allowPrivate: true })),
          quorum,
          everySeconds: 3_600,
        },
      },
    });
    logKey = server.control.installation.ledger.verifierKey;
  };
  before(async () => {
    fake = await fakeSystem();
    one = await startWitness('one.example', () => logKey);
    two = await startWitness('second.example', () => logKey);
    await start();
  });
  after(async () => {
    await server.stop();
    await fake.close();
    for (const { server: own } of [one, two]) {
      own.closeAllConnections();
      own.close();
    }
  });
  const round = async () => {
    const { control } = server;
    await control.installation.ledger.checkpointNow();
    await control.witnesses.cosign();
    await control.installation.flush();
    return control.witnesses.states();
  };
  const evidence = async (): Promise<string> => {
    const { status, evidence: told, missing } = (await server.controls()).get('CMP-03')!;
    return `${status}: ${[...told, ...missing].join('; ')}`;
  };

  it('cosign the newest checkpoint, and the record says so once', async () => {
    for (let i = 0; i < 3; i++) {
      const states = await round();
      assert.deepEqual(
        states.map(({ name, fault }) => [name, fault]),
        [
          ['one.example', null],
          ['second.example', null],
        ],
      );
    }
    const cosigned = parseNote(readFileSync(join(data, 'ledger', 'checkpoint.cosigned'), 'utf8'));
    for (const key of [...one.keys, ...two.keys].map(parseVerifierKey))
      assert.ok(signedAt(cosigned, key)! > 0);
    const events = await server.control.installation.store.events.since(['checkpoint-cosigned'], '1970');
    assert.equal(events.length, 1, 'asking makes no entries that are to be asked about');
    assert.match(await evidence(), /entries are cosigned by one\.example, second\.example, 2 of 2 witnesses/);
  });

  it('proofs lead to what they cosigned, so that a quorum can be checked offline', async () => {
    const { installation } = server.control;
    const { ledger, store } = installation;
    await round();
    const [event] = await store.events.since(['checkpoint-cosigned'], '1970');
    const own = [ledger.verifierKey, ledger.quantumSafeVerifierKey].map(parseVerifierKey);
    const keys = [...one.keys, ...two.keys].map(parseVerifierKey);
    const file = join(data, 'ledger', 'checkpoint.cosigned');
    const proven = async (id: string) => {
      const { proofs, witnesses, asked } = await proofsOf(server.control, id);
      assert.equal(asked, 2);
      return { proof: proofs[0]!.proof, witnesses };
    };
    const good = await proven(event!.id);
    assert.deepEqual(good.witnesses, ['one.example', 'second.example']);
    for (const quorum of [1, 2])
      assert.equal(verifyProof(good.proof, own, { keys, quorum }).witnesses.length, 2);
    // It stays one while the log grows; what came behind it leads to the newest checkpoint, until that is cosigned.
    await server.key(['main']);
    await installation.flush();
    const newest = (await store.events.since(['key-created'], '1970')).at(-1)!;
    const fresh = await proven(newest.id);
    assert.deepEqual(fresh.witnesses, []);
    assert.equal(verifyProof(fresh.proof, own).witnesses.length, 0);
    assert.throws(
      () => verifyProof(fresh.proof, own, { keys, quorum: 1 }),
      /by 0 of the witnesses named, and must be by 1/,
    );
    assert.equal(verifyProof((await proven(event!.id)).proof, own, { keys }).witnesses.length, 2);
    await round();
    assert.equal(verifyProof((await proven(newest.id)).proof, own, { keys }).witnesses.length, 2);
    // What lies there and does not hold goes into no proof, nor does what strangers signed.
    const kept = readFileSync(file, 'utf8');
    const ofOne = kept.split('\n').filter((line) => !line.startsWith('— second.example'));
    writeFileSync(file, ofOne.join('\n'));
    assert.deepEqual((await proven(newest.id)).witnesses, [], 'one of two is no quorum');
    writeFileSync(file, kept);
    const stranger = `— stranger.example ${Buffer.alloc(68, 1).toString('base64')}\n`;
    const forged = kept
      .trimEnd()
      .split('\n')
      .at(-1)!
      .replace(/ \S+$/, (line) => ` ${line.slice(1, 7)}${'A'.repeat(90)}`);
    for (const [text, names] of [
      [kept + stranger, ['one.example', 'second.example']],
      [`${kept}${forged}\n`, []],
      ['nothing', []],
    ] as const) {
      writeFileSync(file, text);
      const { proof, witnesses } = await proven(newest.id);
      assert.deepEqual(witnesses, names);
      assert.doesNotMatch(proof, /stranger/);
      assert.ok(verifyProof(proof, own).checkpoint.size > 0);
    }
    writeFileSync(file, kept);
  });

  it('that are out of reach or misbehave are told, and the others go on', async () => {
    two.status = 500;
    assert.deepEqual(
      (await round()).map(({ fault }) => fault),
      [null, 'it answers 500'],
    );
    two.status = null;
    assert.deepEqual(
      (await round()).map(({ fault }) => fault),
      [null, null],
    );
  });

  it('store nothing but their own signatures here, so the server starts again', async () => {
    const lines = (name: string): string =>
      Array.from({ length: 60 }, (_, n) => `— ${name} ${Buffer.alloc(68, n + 1).toString('base64')}\n`).join(
        '',
      );
    one.more = lines('stranger.example');
    two.more = lines('other.example');
    assert.ok((await round()).every(({ fault }) => fault === null));
    for (const name of ['checkpoint.cosigned', null]) {
      const kept = readdirSync(dirname(data)).find((file) => file.endsWith('.witnessed'))!;
      const path = name === null ? join(dirname(data), kept) : join(data, 'ledger', name);
      assert.doesNotMatch(readFileSync(path, 'utf8'), /stranger|other\.example/);
    }
    await server.stop();
    await start();
    // More than any note holds: nothing of it is taken.
    one.more = lines('stranger.example') + lines('other.example');
    assert.match((await round())[0]!.fault!, /over 100 signatures/);
    one.more = two.more = '';
    // What an earlier version stored of a witness does not keep the log from opening.
    await server.stop();
    const kept = readdirSync(dirname(data)).find((file) => file.endsWith('.witnessed'))!;
    const path = join(dirname(data), kept);
    writeFileSync(path, readFileSync(path, 'utf8') + lines('a.example') + lines('b.example'));
    await start();
    assert.ok((await round()).every(({ fault }) => fault === null));
  });

  it('keep no checkpoint that a quorum cosigned from being kept, whatever one of them claims', async () => {
    await server.stop();
    await start(1);
    two.claims = Number.MAX_SAFE_INTEGER;
    const kept = (): number =>
      openCheckpoint(readFileSync(join(data, 'ledger/checkpoint.cosigned'), 'utf8')).size;
    await server.key(['main']);
    const [good, liar] = await round();
    assert.equal(good!.fault, null);
    assert.equal(liar!.refuses, 'rollback');
    assert.equal(kept(), server.control.installation.ledger.checkpoint.size);
    assert.match(await evidence(), /failing: .*refuses: it saw \d+ entries/);
    two.claims = null;
    await server.stop();
    await start();
  });

  it('see a log that was cut or restored, and one that was rewritten', { timeout: 60_000 }, async () => {
    const key = await server.key(['main']);
    await server.stop();
    const copy = join(mkdtempSync(join(tmpdir(), 'sallyport-copy-')), 'data');
    cpSync(data, copy, { recursive: true });
    await start();
    for (let i = 0; i < 20; i++) await (await server.chat(key, `call ${i}`)).text();
    assert.ok((await round()).every(({ fault }) => fault === null));
    await server.stop();
    rmSync(data, { recursive: true });
    cpSync(copy, data, { recursive: true });
    const refusal = { code: 'record-rolled-back' };
    const kept = readdirSync(dirname(data)).find((name) => name.endsWith('.witnessed'))!;
    await assert.rejects(start(), refusal, 'both know');
    one.status = two.status = 500;
    await assert.rejects(start(), refusal, 'what lies apart from the data knows');
    rmSync(join(dirname(data), kept));
    one.status = two.status = null;
    await assert.rejects(start(), (fault: Error) => {
      assert.match(fault.message, /the log has \d+ entries, and its witnesses saw \d+/);
      return true;
    });
    // With neither, it starts; then they tell as soon as they are back.
    one.status = two.status = 500;
    await start();
    one.status = two.status = null;
    for (const { fault, refuses } of await round()) {
      assert.equal(refuses, 'rollback');
      assert.match(fault!, /it saw \d+ entries, and this log has \d+: it was cut or restored/);
    }
    assert.match(await evidence(), /failing: .*refuses: it saw \d+ entries/);
    // Grown beyond what they saw, it is another log.
    for (let i = 0; i < 40; i++) await (await server.chat(key, `other ${i}`)).text();
    assert.ok((await round()).every(({ refuses }) => refuses === 'fork'));
    const told = await server.control.installation.store.events.since(['witness-refused'], '1970');
    assert.deepEqual([...new Set(told.map((event) => event.data['kind']))].sort(), ['fork', 'rollback']);
  });

  it('let a restored log sign again once it has what they saw', { timeout: 60_000 }, async () => {
    await server.stop();
    await Promise.all([one, two].map(({ server: own }) => new Promise((done) => own.close(done))));
    rmSync(data, { recursive: true });
    [one, two] = [
      await startWitness('one.example', () => logKey),
      await startWitness('second.example', () => logKey),
    ];
    for (const name of readdirSync(dirname(data))) rmSync(join(dirname(data), name), { recursive: true });
    await start();
    const key = await server.key(['main']);
    await server.stop();
    const old = join(scratch(), 'data');
    cpSync(data, old, { recursive: true });
    await start();
    for (let i = 0; i < 300; i++) await (await server.chat(key, `call ${i}`)).text();
    assert.ok((await round()).every(({ fault }) => fault === null));
    const { size } = server.control.installation.ledger.checkpoint;
    await server.stop();
    const newer = join(scratch(), 'data');
    cpSync(data, newer, { recursive: true });
    rmSync(data, { recursive: true });
    cpSync(old, data, { recursive: true });
    await assert.rejects(start(), { code: 'record-rolled-back' });
    const log = join(data, 'ledger');
    const keys = ['verifier.key', 'verifier-quantum-safe.key'].map((name) =>
      readFileSync(join(log, name), 'utf8').trim(),
    );
    const copy = join(newer, 'ledger');
    const check = () => auditCopy({ data, config: parseConfig({}), rootKey: `${data}.key` }, copy);
    const kept = join(scratch(), 'content');
    cpSync(join(copy, 'content'), kept, { recursive: true });
    const file = join(copy, contentPath(0));
    const bytes = readFileSync(file);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(file, bytes);
    await assert.rejects(
      fillLedger(log, copy, keys, await check()),
      /1 content of the copy is .* does not open/,
    );
    assert.ok(openCheckpoint(readFileSync(join(log, 'checkpoint'), 'utf8')).size < size, 'nothing was taken');
    cpSync(kept, join(copy, 'content'), { recursive: true });
    const content = await check();
    const { after: filled } = await fillLedger(log, copy, keys, content);
    assert.ok(content.report().checked > 100, JSON.stringify(content.report()));
    assert.ok(filled >= size);
    await start();
    assert.ok((await round()).every(({ fault }) => fault === null));
    await (await server.chat(key, 'and on')).text();
    await assert.rejects(fillLedger(log, copy, keys, await check()), /nothing to fetch/);
  });
});
