import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileDetectionSchema } from '@sallyport/core';
import { zip } from '../../scan/test/corpus/archives.ts';
import { dict, pickle, reduce, stackGlobal, text, whole } from '../../scan/test/corpus/assembler.ts';
import { safetensors } from '../../scan/test/corpus/graphs.ts';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const run = (...args: string[]) =>
  spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'scan', ...args], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
interface Report {
  files: { path: string; verdict: string; format: string; sha256: string | null; detections: unknown[] }[];
  summary: { files: number; verdict: string };
}

const folder = mkdtempSync(join(tmpdir(), 'sallyport-scan-'));
const file = (name: string, content: Uint8Array): string => {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
};
const good = file('good/weights.pkl', pickle(4, dict({ a: whole(1) })));
const bad = file('bad/model.pkl', pickle(4, reduce(stackGlobal('os', 'system'), text('x'))));
const own = file('own/model.pkl', pickle(4, reduce(stackGlobal('my.models', 'Net'), whole(1))));
const partial = file('partial/model.zip', zip([{ name: 'a.pkl', content: Buffer.from('x'), method: 98 }]));
const engine = file('review/model.engine', Buffer.from('ptrt'));
after(() => rmSync(folder, { recursive: true, force: true }));

describe('scan', () => {
  it('has a ceiling for the whole run: what it does not come to is told by name and number, and ends with 1', () => {
    for (let i = 0; i < 30; i++) file(`ceiling/f${i}.txt`, Buffer.from('x'.repeat(i + 1)));
    const root = join(folder, 'ceiling');
    const ended = run(root, '--max-files', '5');
    assert.equal(ended.status, 1);
    assert.match(ended.stdout, /not read {4}.*f10\.txt/);
    assert.match(ended.stdout, /… and 5 more/);
    assert.match(ended.stdout, /25 not read: the run had read the 5 files that it may/);
    assert.equal(run(root, '--max-files', '5', '--allow-incomplete').status, 0);
    assert.equal(run(root, '--max-bytes', '1000000', '--max-seconds', '600').status, 0);
    for (const [option, value] of [
      ['--max-files', '0'],
      ['--max-seconds', '-1'],
      ['--max-bytes', 'many'],
    ] as const)
      assert.equal(run(root, `${option}=${value}`).status, 2, option);
    const json = JSON.parse(run(root, '--max-files', '5', '--format', 'json').stdout) as {
      summary: { unread: number };
    };
    assert.equal(json.summary.unread, 25);
  });

  it('ends with 1 for what must not be loaded, with 0 for what may be', () => {
    for (const [path, status] of [
      [good, 0],
      [engine, 0],
      [bad, 1],
      [own, 1],
      [partial, 1],
    ] as const)
      assert.equal(run(path).status, status, path);
    assert.equal(run(partial, '--allow-incomplete').status, 0);
    assert.equal(run(bad, partial, '--allow-incomplete').status, 1);
  });

  it('finds again what it found before without looking, and nothing else than it would', () => {
    const cache = join(folder, 'cache');
    const many = [good, bad, own, partial, engine];
    const bare = JSON.parse(run(...many, '--format', 'json').stdout) as Report;
    for (const round of ['first', 'second']) {
      const cached = run(...many, '--cache', cache, '--format', 'json');
      assert.equal(cached.status, 1, round);
      assert.deepEqual(JSON.parse(cached.stdout), bare, round);
    }
    const moved = file('elsewhere/own/model.pkl', readFileSync(bad));
    const { files } = JSON.parse(run(moved, '--cache', cache, '--format', 'json').stdout) as Report;
    assert.equal(files[0]!.verdict, 'malicious', 'another content under a name that was seen');
    const list = file(
      'allow.json',
      Buffer.from(
        '[{"library":"m","provenance":"p","rule":"call","takes":{},"globals":{"my.models":"Net"}}]',
      ),
    );
    assert.equal(run(own, '--cache', cache, '--allow', list).status, 0, 'what is allowed decides too');
    chmodSync(cache, 0o777);
    const open = run(good, '--cache', cache);
    assert.deepEqual([open.status, /others can write/.test(open.stderr)], [2, true]);
    chmodSync(cache, 0o700);
    assert.equal(run(own, '--cache', cache).status, 1);
    for (const name of readdirSync(cache, { recursive: true, encoding: 'utf8' }))
      if (name.endsWith('.json')) writeFileSync(join(cache, name), 'broken');
    assert.equal(run(bad, '--cache', cache).status, 1, 'a cache that is broken is none');
  });

  it('writes one entry for each file, and only that, to standard output', () => {
    const archive = file('archive/model.pt', zip([{ name: 'archive/data.pkl', content: readFileSync(bad) }]));
    symlinkSync(bad, join(folder, 'archive/again.pkl'));
    const outside = JSON.parse(run(join(folder, 'archive'), '--format', 'json').stdout) as Report;
    assert.deepEqual(
      outside.files.map(({ path, verdict }) => [path, verdict]),
      [
        [join(folder, 'archive/again.pkl'), 'incomplete'],
        [archive, 'malicious'],
      ],
      'a link that leads out is told, and followed only where that is asked for',
    );
    const { status, stdout, stderr } = run(
      join(folder, 'archive'),
      good,
      '--follow-links',
      '--format',
      'json',
    );
    assert.equal(status, 1);
    assert.equal(stderr, '');
    const report = JSON.parse(stdout) as Report;
    assert.deepEqual(
      report.files.map(({ path, verdict }) => [path, verdict]),
      [
        [join(folder, 'archive/again.pkl'), 'malicious'],
        [archive, 'malicious'],
        [good, 'clean'],
      ],
    );
    assert.deepEqual(Object.keys(report.files[0]!).sort(), [
      'bytes',
      'detections',
      'format',
      'path',
      'sha256',
      'verdict',
    ]);
    assert.match(report.files[0]!.sha256!, /^[0-9a-f]{64}$/);
    for (const { detections } of report.files) for (const one of detections) fileDetectionSchema.parse(one);
    const inner = report.files[1]!.detections as { location: { path: string } }[];
    assert.equal(inner[0]!.location.path, `${archive}!archive/data.pkl`);
    assert.equal(report.summary.verdict, 'malicious');
  });

  it('takes names that a project allows, and only as their rule says', () => {
    const allow = file(
      'allow.json',
      Buffer.from(
        JSON.stringify([
          {
            library: 'ours',
            provenance: 'read on 2026-11-22',
            rule: 'call',
            takes: {},
            globals: { 'my.models': 'Net' },
          },
        ]),
      ),
    );
    assert.equal(run(own, '--allow', allow).status, 0);
    const named = file(
      'named.json',
      Buffer.from(
        JSON.stringify([
          {
            library: 'ours',
            provenance: 'read on 2026-11-22',
            rule: 'mention',
            globals: { 'my.models': 'Net' },
          },
        ]),
      ),
    );
    const refused = run(own, '--allow', named);
    assert.equal(refused.status, 1);
    assert.match(refused.stdout, /may be named, not called/);
    assert.equal(run(own, '--allow', file('wrong.json', Buffer.from('[{"library": 1}]'))).status, 2);
    const group = {
      library: 'ours',
      provenance: 'x',
      rule: 'call',
      takes: {},
      globals: { 'my.models': 'Net net' },
    };
    const withMore = (more: object) =>
      run(own, '--allow', file('more.json', Buffer.from(JSON.stringify([{ ...group, ...more }]))));
    assert.equal(withMore({ fresh: { 'my.models': 'net' } }).status, 0);
    assert.equal(withMore({ shared: { 'my.models': 'Net' } }).status, 0);
    for (const [more, words] of [
      [{ fresh: { 'my.models': 5 } }, /\/0\/fresh/],
      [{ fresh: ['net'] }, /\/0\/fresh/],
      [{ shared: { 'my.models': 'nest' } }, /`shared` has `my\.models nest`/],
      [{ fresh: { 'my.models': 'net' }, shared: { 'my.models': 'net' } }, /both fresh and shared/],
      [{ rules: 'call' }, /rules/],
      [{ takes: undefined }, /needs `takes`/],
      [{ takes: { texts: 'any' } }, /takes\/texts/],
    ] as const) {
      const wrong = withMore(more);
      assert.equal(wrong.status, 2, JSON.stringify(more));
      assert.match(wrong.stderr, words);
    }
  });

  it('says what is wrong with its arguments', () => {
    for (const args of [[], [join(folder, 'nowhere')], [good, '--workers', '0'], [good, '--nonsense']]) {
      const { status, stderr } = run(...args);
      assert.equal(status, 2, args.join(' '));
      assert.match(stderr, /sallyport: /);
    }
  });

  it('writes SARIF and a bill of materials beside its report', () => {
    const materials = join(folder, 'bom.json');
    assert.equal(run(good, bad, '--cyclonedx', materials).status, 1);
    const bom = JSON.parse(readFileSync(materials, 'utf8')) as {
      specVersion: string;
      components: unknown[];
      vulnerabilities: { id: string }[];
    };
    assert.deepEqual(
      [bom.specVersion, bom.components.length, bom.vulnerabilities[0]!.id],
      ['1.7', 2, 'code-execution'],
    );
    const path = join(folder, 'report.sarif');
    assert.equal(run(bad, '--sarif', path).status, 1);
    const sarif = JSON.parse(readFileSync(path, 'utf8')) as {
      version: string;
      runs: { results: { ruleId: string }[] }[];
    };
    assert.equal(sarif.version, '2.1.0');
    assert.equal(sarif.runs[0]!.results[0]!.ruleId, 'code-execution');
  });

  it('reads the structure of ten gigabytes, not the ten gigabytes', () => {
    const bytes = 9_999_999_744;
    const header = JSON.stringify({ a: { dtype: 'U8', shape: [bytes], data_offsets: [0, bytes] } });
    const path = file('large/model.safetensors', safetensors(header));
    truncateSync(path, 8 + header.length + bytes);
    const report = JSON.parse(run(path, '--format', 'json').stdout) as Report;
    assert.deepEqual(
      report.files.map(({ verdict, format, sha256 }) => [verdict, format, sha256]),
      [['clean', 'safetensors', null]],
    );
  });

  it('fetches what has an address, and asks every address on the way', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/model.pkl') response.end(readFileSync(bad));
      else if (request.url === '/moved') response.writeHead(302, { location: '/model.pkl' }).end();
      else if (request.url === '/inside')
        response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end();
      else if (request.url === '/around') response.writeHead(302, { location: '/around' }).end();
      else response.writeHead(404).end();
    });
    await new Promise<void>((go) => server.listen(0, '127.0.0.1', go));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const fetched = async (...args: string[]) => {
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'scan', ...args]);
      let text = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (piece: Buffer) => (text += piece.toString()));
      const [status] = (await once(child, 'close')) as [number];
      return { status, text };
    };
    try {
      const refused = await fetched(`${base}/model.pkl`);
      assert.deepEqual(
        [refused.status, /upstream-refused-address/.test(refused.text)],
        [3, true],
        refused.text,
      );
      for (const path of ['/model.pkl', '/moved']) {
        const { status, text } = await fetched(`${base}${path}`, '--allow-private', '--format', 'json');
        assert.equal(status, 1, text);
        const [one] = (JSON.parse(text) as Report).files;
        assert.deepEqual([one!.path, one!.verdict], [`${base}${path}`, 'malicious']);
        assert.match(JSON.stringify(one!.detections), new RegExp(base));
      }
      for (const path of ['/inside', '/around', '/nowhere']) {
        const { status, text } = await fetched(`${base}${path}`, '--allow-private');
        assert.ok(status === 2 || status === 3, text);
        assert.doesNotMatch(text, /clean/);
      }
    } finally {
      server.close();
    }
  });

  it('scans many files in several threads as it does in one', () => {
    for (let i = 0; i < 60; i++)
      file(`many/${String(i).padStart(2, '0')}.pkl`, i % 20 === 7 ? readFileSync(bad) : pickle(4, whole(i)));
    const scan = (workers: string): Report =>
      JSON.parse(run(join(folder, 'many'), '--format', 'json', '--workers', workers).stdout) as Report;
    const [one, three] = [scan('1'), scan('3')];
    assert.equal(one.summary.files, 60);
    assert.deepEqual(three, one);
  });
});

it('says what it did not recognise, and that an empty folder was no scan', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-unknown-'));
  const empty = run(folder);
  assert.match(empty.stdout, /no files found: nothing was scanned/);
  writeFileSync(join(folder, 'a.dat'), Buffer.from([1, 9, 200, 7, 7, 1]));
  const { stdout, status } = run(folder);
  assert.equal(status, 0);
  assert.match(stdout, /^unrecognised {2}.*a\.dat$/m);
  assert.match(stdout, /^1 not recognised: /m);
  assert.match(stdout, /^1 files: .* 0 clean, 1 unrecognised$/m);
});
