import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { clock, newEvent } from '@sallyport/core';
import { controlSocketPath } from '@sallyport/server';
import { Journal } from '../../ledger/src/journal.ts';
import { testSigner } from '../../ledger/test/signer.ts';
import { expireContent } from '../../server/src/content-expiry.ts';
import {
  enforced,
  exchangeOf,
  type FakeSystem,
  fakeSystem,
  scratch,
  type TestServer,
  testServer,
} from '../../server/test/harness.ts';

const BIN = join(import.meta.dirname, '../bin/sallyport.mjs');
const DAY_MS = 86_400_000;
const postgres = process.env['TEST_POSTGRES'] !== undefined;

interface Found {
  ok: boolean;
  pending: number;
  unauthenticated: number;
  problems: { file: string; entry: number | null; message: string }[];
  content: Record<'result' | 'checked' | 'expired' | 'shredded' | 'unchecked' | 'bad', unknown> & {
    gone: { why: string; system: string; entry: number; contents: number }[];
  };
  state: Record<'result' | 'exchanges' | 'events' | 'rows' | 'missing' | 'different' | 'unknown', unknown> & {
    diverging: { row: string; why: string }[];
  };
}

describe(
  'ledger verify, with content and state',
  { skip: postgres && 'it is of the embedded engine' },
  () => {
    let fake: FakeSystem;
    const home = scratch();
    const data = join(home, 'data');
    const true_ = join(home, 'true');
    const exchanges: string[] = [];
    const keys = new Map<string, string>();

    const run = (...args: string[]): { code: number | null; out: string } => {
      const done = spawnSync(process.execPath, [BIN, 'ledger', 'verify', ...args], { cwd: home });
      return { code: done.status, out: done.stdout.toString() + done.stderr.toString() };
    };
    const verify = (...args: string[]) => run('--data', data, '--root-key', `${data}.key`, ...args);
    const found = (): Found => JSON.parse(verify('--format', 'json').out) as Found;
    const start = (): Promise<TestServer> =>
      testServer({
        data,
        systems: { main: enforced(fake), other: enforced(fake), short: enforced(fake, { contentDays: 30 }) },
      });
    const say = async (server: TestServer, key: string, system: string, text: string): Promise<void> => {
      const body = { model: 'm', messages: [{ role: 'user', content: text }] };
      const answer = await server.post(`/s/${system}/v1/chat/completions`, key, body);
      await answer.text();
      exchanges.push(exchangeOf(answer));
    };
    /** Back to what the server left. */
    const reset = (): void => {
      rmSync(data, { recursive: true, force: true });
      cpSync(true_, data, { recursive: true });
    };
    const contents = (): string => join(data, 'ledger/content');
    const bundles = (): string[] =>
      readdirSync(contents(), { recursive: true, encoding: 'utf8' })
        .filter((name) => /(^|\/)\d{3}$/.test(name))
        .map((name) => join(contents(), name))
        .sort();

    before(async () => {
      fake = await fakeSystem();
      const server = await start();
      const key = await server.key(['main', 'other', 'short']);
      for (const name of ['good', 'revoked', 'longer']) {
        const { id } = await server.control.apiKeys.create('test', { name, systems: ['main'] });
        keys.set(name, id);
      }
      await server.control.apiKeys.revoke('test', keys.get('revoked')!);
      // More than one bundle of entries, and contents sealed one by one as well as together.
      for (let n = 0; n < 20; n++) await say(server, key, ['main', 'other', 'short'][n % 3]!, `call ${n}`);
      await Promise.all(Array.from({ length: 140 }, (_, n) => say(server, key, 'main', `at once ${n}`)));
      await server.stop();
      cpSync(data, true_, { recursive: true });
      assert.ok(bundles().length >= 2);
    });
    after(() => fake.close());

    it('holds every content and row against the log, and counts them', () => {
      reset();
      const { code, out } = verify();
      assert.equal(code, 0, out);
      assert.match(out, /^ok: /);
      const { content, state } = found();
      assert.equal(content.result, 'ok');
      assert.equal(content.checked, 2 * exchanges.length);
      assert.deepEqual([content.unchecked, content.bad, content.expired, content.shredded], [0, 0, 0, 0]);
      assert.equal(state.result, 'ok');
      assert.equal(state.exchanges, exchanges.length);
      assert.ok(Number(state.rows) >= 3);
    });

    it('finds one bit that was flipped, wherever in a bundle, and names the exchange', () => {
      reset();
      const [path] = bundles();
      const bytes = readFileSync(path!);
      const step = Math.floor(bytes.length / 14);
      for (let at = 3; at < bytes.length; at += step) {
        const other = Buffer.from(bytes);
        other[at]! ^= 1 << (at % 8);
        writeFileSync(path!, other);
        const { code, out } = verify();
        assert.equal(code, 1, `byte ${at}: ${out}`);
        assert.match(out, /NOT OK/);
        const named = /exchange `(exc_[0-9a-z]+)`/.exec(out)?.[1];
        assert.ok(named !== undefined && exchanges.includes(named), out);
      }
    });

    it('believes nothing in the journal that this installation did not write', async () => {
      reset();
      const size = Number(readFileSync(join(data, 'ledger/checkpoint'), 'utf8').split('\n')[1]);
      const expired = { before: '2099-01-01T00:00:00.000Z', system: 'main', days: 1, contents: 300 };
      const event = newEvent('content-expired', {
        actor: 'sallyport',
        subject: 'system:main',
        data: { ...expired, purpose: 'system:main' },
      });
      const journal = new Journal(join(data, 'ledger/journal'), testSigner('sallyport.local/other'));
      await journal.write(size, [{ leaf: Buffer.from(JSON.stringify(event)), payload: null }]);
      await journal.close();
      const { code, out } = verify();
      assert.equal(code, 1, out);
      assert.match(
        out,
        /journal: the journal holds entries from \d+ on that this installation did not write/,
      );
      // It explains nothing, whether or not keys are here.
      rmSync(contents(), { recursive: true });
      const keyless = ['--data', data, '--root-key', join(home, 'none.key')];
      const gone = run(...keyless);
      assert.equal(gone.code, 1, gone.out);
      assert.match(gone.out, /is missing, and no event says/);
      cpSync(join(true_, 'ledger/content'), contents(), { recursive: true });
      const without = run(...keyless);
      assert.equal(without.code, 3, without.out);
      assert.match(without.out, /1 entry more waits in the journal, NOT checked/);
      const report = JSON.parse(run(...keyless, '--format', 'json').out) as Found;
      assert.deepEqual([report.ok, report.pending, report.unauthenticated], [false, 1, 1]);
      assert.equal(report.state.result, 'not-checked');
    });

    it('finds a bundle that is gone, the whole folder gone, two bundles swapped, and a record left out', () => {
      const [first, second] = bundles();
      const cases: [string, () => void, RegExp][] = [
        ['a bundle', () => rmSync(second!), /exchange `exc_[0-9a-z]+` is missing, and no event says/],
        ['the folder', () => rmSync(contents(), { recursive: true }), /exchange `exc_[0-9a-z]+` is missing/],
        [
          'swapped',
          () => {
            const [one, two] = [readFileSync(first!), readFileSync(second!)];
            writeFileSync(first!, two);
            writeFileSync(second!, one);
          },
          /exchange `exc_[0-9a-z]+`/,
        ],
        [
          'the first record',
          () => {
            const bytes = readFileSync(first!);
            writeFileSync(first!, bytes.subarray(12 + bytes.readUInt32BE(8)));
          },
          /of exchange `exc_[0-9a-z]+` is missing/,
        ],
        [
          'the payloads of two records changed places',
          () => {
            const bytes = readFileSync(first!);
            const [a, b] = [0, 12 + bytes.readUInt32BE(8)];
            const numbers = [bytes.readBigUInt64BE(a), bytes.readBigUInt64BE(b)] as const;
            bytes.writeBigUInt64BE(numbers[1], a);
            bytes.writeBigUInt64BE(numbers[0], b);
            writeFileSync(first!, bytes);
          },
          /exchange `exc_[0-9a-z]+` does not open/,
        ],
        [
          'a data key',
          () => {
            const name = readdirSync(join(data, 'keys')).find(
              (one) =>
                one.startsWith('dek_') &&
                readFileSync(join(data, 'keys', one), 'utf8').includes('system:main'),
            );
            rmSync(join(data, 'keys', name!));
          },
          /its key is gone, and no event says/,
        ],
      ];
      for (const [what, damage, words] of cases) {
        reset();
        damage();
        const { code, out } = verify();
        assert.equal(code, 1, `${what}: ${out}`);
        assert.match(out, words, what);
      }
    });

    it('names what lies in the folder and is none of the log, and bytes that are content of no entry', () => {
      const ledger = join(data, 'ledger');
      const [first] = bundles();
      const partial = (): string =>
        readdirSync(join(ledger, 'tile/entries'), { recursive: true, encoding: 'utf8' }).find((name) =>
          /\.p\/\d+$/.test(name),
        )!;
      const cases: [string, () => void, RegExp][] = [
        ['a file', () => writeFileSync(join(ledger, 'notes.txt'), 'x'), /notes\.txt: no file of a log/],
        [
          'a tile of no name',
          () => writeFileSync(join(ledger, 'tile/0/0000'), 'x'),
          /tile\/0\/0000: no file/,
        ],
        [
          'a journal',
          () => writeFileSync(join(ledger, 'journal/more'), 'x'),
          /journal\/more: no file of a log/,
        ],
        [
          'content',
          () => writeFileSync(join(ledger, 'content/x000'), 'x'),
          /content\/x000: no file of a log/,
        ],
        [
          'an older tile that says something else',
          () => {
            const folder = join(ledger, 'tile/entries/000.p');
            mkdirSync(folder, { recursive: true });
            writeFileSync(join(folder, '3'), 'forged');
          },
          /tile\/entries\/000\.p\/3: it is not the beginning/,
        ],
        ['bytes behind the last content', () => appendFileSync(first!, 'torn'), /content of no entry/],
        [
          'content that claims to be of an entry to come',
          () => {
            const header = Buffer.alloc(12);
            header.writeBigUInt64BE(999_999n, 0);
            writeFileSync(first!, Buffer.concat([readFileSync(first!), header]));
          },
          /beside an entry that has none/,
        ],
      ];
      for (const [what, damage, words] of cases) {
        reset();
        damage();
        const { code, out } = verify();
        assert.equal(code, 1, `${what}: ${out}`);
        assert.match(out, words, what);
      }
      // What a write that was cut short leaves, and an older tile, are the log's own.
      reset();
      writeFileSync(join(ledger, 'checkpoint.new'), 'half');
      const name = partial();
      const bytes = readFileSync(join(ledger, 'tile/entries', name));
      const short = bytes.subarray(0, 2 + bytes.readUInt16BE(0));
      writeFileSync(join(ledger, 'tile/entries', name.replace(/\d+$/, '1')), short);
      const { code, out } = verify();
      assert.equal(code, 0, out);
    });

    it('never says ok of content that it could not open', () => {
      reset();
      const { code, out } = run('--data', data, '--root-key', join(home, 'nowhere.key'), '--key', keyFile());
      assert.equal(code, 3, out);
      assert.doesNotMatch(out, /^ok/m);
      assert.match(out, /NOT checked: no root key at/);
      // What is missing is told without a key as well.
      rmSync(bundles()[1]!);
      const gone = run('--data', data, '--root-key', join(home, 'nowhere.key'), '--key', keyFile());
      assert.equal(gone.code, 1, gone.out);
      // A copy of the log alone says that its content is not there.
      cpSync(join(true_, 'ledger'), join(home, 'alone'), {
        recursive: true,
        filter: (path) => !path.startsWith(join(true_, 'ledger/content')),
      });
      const alone = run('--data', join(home, 'alone'), '--key', keyFile());
      assert.equal(alone.code, 3, alone.out);
      assert.match(alone.out, new RegExp(`${2 * exchanges.length} NOT checked`));
    });
    const keyFile = (): string => join(true_, 'ledger/verifier.key');

    /** Changes the database of a server that is at rest. */
    const behind = (...statements: string[]): void => {
      reset();
      const db = new DatabaseSync(join(data, 'state.db'));
      for (const statement of statements) db.exec(statement);
      db.close();
    };

    it('finds exchanges that were deleted or changed in the state, and those that no entry made', () => {
      const [one, two] = exchanges as [string, string];
      behind(`delete from exchanges where id = '${one}'`);
      const { code, out } = verify();
      assert.equal(code, 1, out);
      assert.ok(out.includes(`exchange \`${one}\` is in the log and missing in the state`), out);
      behind(
        `update exchanges set outcome = 'denied' where id = '${two}'`,
        `update exchanges set id = 'exc_forged' where id = '${one}'`,
        `delete from events where type = 'key-revoked'`,
      );
      const { state, problems } = found();
      assert.deepEqual([state.missing, state.different, state.unknown], [2, 1, 1]);
      assert.ok(
        problems.some(({ message }) => message === `exchange \`${two}\` is not what the log says: outcome`),
      );
      // Where the projection begins again, it is made good by the next start: nothing is wrong.
      behind(
        ...['exchanges', 'events', 'findings', 'ai_uses', 'ai_decisions', 'prices'].map(
          (table) => `delete from ${table}`,
        ),
        `update meta set value = '0' where name = 'projected'`,
      );
      const again = verify();
      assert.equal(again.code, 0, again.out);
      // A row that hides behind the end of the log.
      behind(`update exchanges set intent_index = 99999 where id = '${one}'`);
      assert.equal(verify().code, 1);
      rmSync(join(data, 'state.db'));
      assert.equal(verify().code, 1, 'no state at all');
      writeFileSync(join(data, 'state.db'), 'no database');
      const broken = verify();
      assert.equal(broken.code, 1, broken.out);
      assert.match(broken.out, /the state cannot be read/);
    });

    it('finds rows that grant something and do not follow from the log', () => {
      behind(
        `update api_keys set revoked_at = null where id = '${keys.get('revoked')}'`,
        `update api_keys set expires_at = '2999-01-01T00:00:00.000Z' where id = '${keys.get('longer')}'`,
      );
      const { code, out } = verify();
      assert.equal(code, 1, out);
      for (const name of ['revoked', 'longer'])
        assert.ok(
          out.includes(`\`api_keys/${keys.get(name)}\` grants something and does not follow from the log`),
          out,
        );
      assert.ok(!out.includes(keys.get('good')!));
      // What was read of the log before, kept in a file, is not asked.
      rmSync(join(data, 'state.db-follows'));
      assert.deepEqual(
        found()
          .state.diverging.map(({ row }) => row)
          .sort(),
        ['revoked', 'longer'].map((name) => `api_keys/${keys.get(name)}`).sort(),
      );
    });

    it('believes no program that answers in the folder in the place of the server', async () => {
      behind(`update api_keys set revoked_at = null where id = '${keys.get('revoked')}'`);
      const seals = [Buffer.alloc(64).toString('base64'), 'x'];
      const liar = createServer((_req, res) => res.end(JSON.stringify({ status: 'ok', rows: [], seals })));
      await new Promise<void>((done) => liar.listen(controlSocketPath(data), done));
      const asked = promisify(execFile)(
        process.execPath,
        [BIN, 'ledger', 'verify', '--data', data, '--root-key', `${data}.key`],
        { cwd: home },
      );
      const { code, stdout } = await asked.then(
        (said) => ({ ...said, code: 0 }),
        (fault: { code: number; stdout: string }) => fault,
      );
      liar.close();
      assert.equal(code, 1, stdout);
      assert.match(stdout, /control\.sock: what answers here does not sign with the key of this log/);
      assert.ok(stdout.includes(`\`api_keys/${keys.get('revoked')}\` grants something`), stdout);
    });

    it('passes what was destroyed by its rule, or shredded, and names the events', async () => {
      reset();
      const server = await start();
      const now = clock.nowMs.bind(clock);
      try {
        clock.nowMs = () => now() + 40 * DAY_MS;
        await expireContent(server.control);
      } finally {
        clock.nowMs = now;
      }
      await server.control.vault.shred('local:test', 'system:other');
      // The server answers in this process: it is not held up.
      const where = ['--data', data, '--root-key', `${data}.key`];
      const running = await promisify(execFile)(process.execPath, [BIN, 'ledger', 'verify', ...where], {
        cwd: home,
      });
      assert.match(running.stdout, /^ok: /);
      await server.stop();
      const { ok, content } = found();
      assert.ok(ok);
      assert.ok(Number(content.expired) > 0 && Number(content.shredded) > 0);
      assert.deepEqual(content.gone.map(({ why, system }) => `${why} ${system}`).sort(), [
        'expired short',
        'shredded other',
      ]);
      const { out } = verify();
      for (const { system, entry } of content.gone)
        assert.ok(out.includes(`\`${system}\` by entry ${entry}`), out);
      // Neither event explains what is gone of another system.
      const left = new Set(readdirSync(join(data, 'keys')));
      const own = [...left].filter(
        (name) =>
          name.startsWith('dek_') && readFileSync(join(data, 'keys', name), 'utf8').includes('"system:main"'),
      );
      for (const name of own) rmSync(join(data, 'keys', name));
      assert.equal(verify().code, 1);
      assert.ok(existsSync(data));
    });
  },
);
