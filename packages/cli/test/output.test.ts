import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { printableLine, shortened, visible, visibleJson } from '@sallyport/core';
import fc from 'fast-check';
import { zip } from '../../scan/test/corpus/archives.ts';
import { pickle, reduce, stackGlobal, text } from '../../scan/test/corpus/assembler.ts';
import { markdownCell } from '../src/markdown.ts';
import { table } from '../src/output.ts';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'sallyport-output-'));
after(() => rmSync(folder, { recursive: true, force: true }));
/** What no output may hold, whatever it is of. */
const UNSEEN =
  /[\0-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e0fff}]/u;
const COMMAND = /^\s*::|##\[|##vso\[|##teamcity\[/m;
const ESC = '\x1b';
/** One of each kind by which a name has done harm. */
const NAMES = [
  `a${ESC}[2K${ESC}[1A${ESC}[8m.pkl`,
  'b\r0 malicious.pkl',
  'c\nclean       c.pkl  (pickle).pkl',
  '::add-mask::clean',
  '##vso[task.setvariable variable=x]y',
  '##[error]x',
  'd\u202egnp.pkl',
  'e\u009b31m.pkl',
  'f\u200b\u2066\u2028.pkl',
  `g${ESC}]0;title\x07.pkl`,
  'h|<img src=x onerror=alert(1)>`![x](https:\\evil.example).pkl',
  '-rf.pkl',
  '--allow-incomplete',
  `${'i'.repeat(200)}.pkl`,
  'j\udb40\udc41.pkl',
];
const HARM = pickle(4, reduce(stackGlobal('os', 'system'), text('x')));
const bad = join(folder, 'bad');
mkdirSync(bad);
for (const name of NAMES) writeFileSync(join(bad, name), HARM);
writeFileSync(join(bad, Buffer.from('k\xff.pkl', 'latin1').toString('latin1')), HARM);
writeFileSync(
  join(bad, 'members.zip'),
  zip(NAMES.map((name) => ({ name: `${name}/x.pkl`, content: Buffer.from(HARM) }))),
);
writeFileSync(join(bad, 'requirements.txt'), NAMES.map((name) => `${name}==1\n`).join(''));
mkdirSync(join(bad, `node_modules${ESC}`));
mkdirSync(join(bad, 'node_modules'));
writeFileSync(join(bad, 'node_modules', `x${ESC}[2J.pkl`), HARM);
for (const name of NAMES)
  writeFileSync(join(bad, `${name}.ts`.replaceAll('/', '_')), "import x from 'openai';\n");

const run = (args: readonly string[], cwd = folder, env: Record<string, string> = {}) =>
  spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
    encoding: 'latin1',
    cwd,
    maxBuffer: 64 * 1024 * 1024,
    timeout: 60_000,
    env: { ...process.env, GITHUB_STEP_SUMMARY: '', ...env },
  });
const utf8 = (latin1: string): string => Buffer.from(latin1, 'latin1').toString();
const isQuiet = (text: string, what: string): void => {
  assert.doesNotMatch(text, UNSEEN, what);
  assert.doesNotMatch(text, COMMAND, what);
};

describe('what a terminal is shown', () => {
  it('is one line for one line, with nothing in it that moves, hides or commands', () => {
    for (const name of NAMES) isQuiet(printableLine(name), JSON.stringify(name));
    for (const room of ['', ' ', ' '.repeat(257), '\u3000'.repeat(3000), '\ufeff '])
      assert.doesNotMatch(printableLine(`${room}::error::x`), /^\s*::/, `${room.length}`);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (any) => {
        isQuiet(printableLine(any), JSON.stringify(any));
        assert.ok(!printableLine(any).includes('\n'));
        assert.deepEqual(JSON.parse(visibleJson({ [any]: any })), { [any]: any });
        isQuiet(visibleJson(any), JSON.stringify(any));
        assert.ok(visible(visible(any)) === visible(any));
        assert.ok(shortened(any, 100).length <= 100);
      }),
    );
    assert.equal(visible('Zürich 東京 naïve 🔑'), 'Zürich 東京 naïve 🔑', 'honest names stay as they are');
    assert.equal(shortened('x'.repeat(500), 100).length, 100);
    assert.match(shortened(`begin${'x'.repeat(500)}end`, 100), /^begin.*…\(\d+ more\)….*end$/);
    assert.equal(table(['A'], [['x\ny']]).length, 2);
  });

  it('is text and nothing else in a summary of Markdown', () => {
    const cell = markdownCell(
      '<img src=x>|`a`[x](https://evil.example) ::set-output www.evil.example a_b\n# x',
    );
    assert.doesNotMatch(cell, /[<>|`[\]\n]|:\/\/|::|www\./);
    assert.match(cell, /a_b/);
  });

  it('goes through one place', () => {
    const sources = (path: string): string[] =>
      readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? sources(join(path, entry.name)) : [join(path, entry.name)],
      );
    const packages = join(import.meta.dirname, '../..');
    const ways =
      /process\.(?:stdout|stderr)\s*\.\s*(?:write|_write|cork|end)|console\.\w+\(|writeSync\(\s*[12]\b|\.pipe\(process\.|process\.emitWarning|\bstd(?:out|err)\b[^;]{0,200}from '(?:node:)?process'|\bconsole\b[^;]{0,200}from '(?:node:)?console'/;
    assert.match("import { argv, stdout } from 'node:process';", ways);
    const mayWrite = ['cli/src/output.ts', 'server/src/log.ts', 'server/src/demo/lending/train.ts'];
    for (const name of readdirSync(packages).filter((one) => one !== 'console'))
      for (const path of sources(join(packages, name, 'src'))) {
        if (!path.endsWith('.ts') || path.endsWith('.test.ts')) continue;
        if (/attacks\/src\/languages/.test(path) || mayWrite.some((own) => path.endsWith(own))) continue;
        assert.doesNotMatch(readFileSync(path, 'utf8'), ways, `${path} writes past output.ts`);
      }
  });

  it('hides no verdict and gives no command: scan, ci, dependencies, discover, in every form', () => {
    const forms = (args: string[], status: number): void => {
      for (const format of ['text', 'json']) {
        const { status: got, stdout, stderr } = run([...args, '--format', format]);
        assert.equal(got, status, `${args.join(' ')}: ${stderr}${stdout}`);
        isQuiet(utf8(stdout), `${args[0]} ${format}`);
        isQuiet(utf8(stderr), `${args[0]} ${format}`);
        if (format === 'json') JSON.parse(utf8(stdout));
      }
    };
    const at = (name: string): string => join(folder, name);
    forms(['scan', 'bad', '--sarif', at('s.sarif'), '--cyclonedx', at('s.bom'), '--spdx', at('s.spdx')], 1);
    forms(['dependencies', 'bad'], 1);
    forms(['discover', 'bad'], 1);
    forms(['ci', 'bad', '--summary', at('ci.md'), '--sarif', at('ci.sarif')], 1);
    for (const name of ['s.sarif', 's.bom', 's.spdx', 'ci.md', 'ci.sarif'])
      isQuiet(readFileSync(at(name), 'utf8'), name);
    assert.doesNotMatch(readFileSync(at('ci.md'), 'utf8'), /<img|!\[x\]|`/);
    const told = utf8(run(['scan', 'bad']).stdout).split('\n');
    const verdicts = told.filter((line) => /^malicious {3}bad\//.test(line));
    assert.equal(verdicts.length, NAMES.length + 3, 'one line for each, and none of another making');
    assert.ok(verdicts.some((line) => line.includes('a\\x1b[2K')));
    const counts = told.find((line) => /^\d+ files: /.test(line));
    assert.match(counts!, new RegExp(`${NAMES.length + 3} malicious`));
  });

  it('names what begins with a dash only as a name', () => {
    for (const name of ['-rf.pkl', '--allow-incomplete']) {
      const { status, stdout } = run(['scan', '--', name], bad);
      assert.deepEqual([status, /malicious/.test(stdout)], [1, true], name);
    }
  });

  it('says what a server answers as one line', async () => {
    const data = join(folder, 'data');
    mkdirSync(data);
    const server = createServer((request, response) => {
      if (request.url === '/healthz') return void response.end('ok');
      const message = `no${ESC}[2J\nsallyport: all is well\u202e ##vso[x]`;
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { code: 'request-invalid', message } }));
    });
    await new Promise<void>((go) => server.listen(join(data, 'control.sock'), go));
    try {
      const { spawn } = await import('node:child_process');
      const { COMMANDS } = await import('../src/commands.ts');
      for (const name of ['key list', 'user list', 'upstream list', 'posture', 'alert list', 'finding list'])
        for (const format of ['text', 'json']) {
          assert.ok(COMMANDS.some((one) => one.name === name));
          const child = spawn(process.execPath, [
            '--disable-warning=ExperimentalWarning',
            ...[MAIN, ...name.split(' '), '--data', data, '--format', format],
          ]);
          let all = '';
          for (const stream of [child.stdout, child.stderr])
            stream.on('data', (piece) => (all += String(piece)));
          await new Promise((done) => child.once('close', done));
          assert.match(all, /all is well/, name);
          isQuiet(all, name);
          assert.doesNotMatch(all, /^sallyport: all is well/m);
        }
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
