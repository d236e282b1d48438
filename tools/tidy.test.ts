import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, it } from 'node:test';

const ROOT = join(import.meta.dirname, '..');
/** Packages by rank: a package imports only lower ranks. */
const RANKS: Readonly<Record<string, number>> = {
  core: 0,
  vault: 1,
  ledger: 1,
  store: 1,
  attacks: 1,
  guard: 1,
  policy: 1,
  models: 1,
  access: 2,
  govern: 2,
  monitor: 2,
  registry: 2,
  scan: 2,
  gateway: 3,
  server: 4,
  cli: 5,
  console: 5,
};
const LINES_MAX = 400;
const LINE_CHARACTERS_MAX = 110;
/** Files over a limit, with what they may have. This list only shrinks. */
const EXEMPT_LINES: Readonly<Record<string, number>> = {};
/** Tables of phrases, one a line. */
const DATA = /attacks\/src\/languages\/[a-z-]+\.ts$/;
/** Sources whose long lines are patterns, templates or rows of a table. */
const EXEMPT_WIDTH = [
  /injection-(?:rules?(?:-other-languages)?|words)\.ts$/,
  /secret-rules\.ts$/,
  /pii\.ts$/,
  /pages\.ts$/,
  /helpdesk\.ts$/,
  DATA,
  /attacks\/src\/encoders\.ts$/,
  /scan\/src\/(?:formats|templates)\/[a-z-]+\.ts$/,
  /\.test\.ts$/,
];

/** Tables that are only asked for keys of our own. */
const FIXED_KEYS = new Set(['OPENAI_PLACES']);

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (name === 'node_modules' || name === 'dist' || name === 'out' || name === '.git') return [];
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

const sources = files(join(ROOT, 'packages'))
  .filter((path) => /\.tsx?$/.test(path))
  .map((path) => ({
    path: relative(ROOT, path),
    text: readFileSync(path, 'utf8'),
    package: relative(ROOT, path).split('/')[1]!,
  }));
const product = sources.filter(({ path }) => path.includes('/src/') && !path.endsWith('.test.ts'));
const importsOf = (text: string): string[] =>
  [...text.matchAll(/(?:from|import\()\s*'([@.\w][^'\s]*)'/g)].map((match) => match[1]!);

/** What alone may be taken from there, and where. */
const FORK_ONLY = "import { type ChildProcess, fork } from 'node:child_process';";

describe('the house is tidy', () => {
  it('packages import only lower ranks', () => {
    for (const { path, text, package: own } of product) {
      assert.ok(own in RANKS, `${own} has no rank`);
      for (const name of importsOf(text)) {
        const other = /^@sallyport\/([a-z]+)/.exec(name)?.[1];
        if (other)
          assert.ok(RANKS[other]! < RANKS[own]!, `${path} imports ${name}, which is not of a lower rank`);
      }
    }
  });

  it('packages declare what they import, and nothing imports into the inside of another', () => {
    for (const { path, text, package: own } of product) {
      const manifest = JSON.parse(readFileSync(join(ROOT, 'packages', own, 'package.json'), 'utf8')) as {
        dependencies: Record<string, string>;
      };
      for (const name of importsOf(text)) {
        if (name.startsWith('.') || name.startsWith('node:')) continue;
        const parts = name.split('/');
        const base = name.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!;
        assert.ok(
          base in manifest.dependencies,
          `${path} imports ${name}, which its package.json does not name`,
        );
        if (!base.startsWith('@sallyport/') || name === base) continue;
        const other = readFileSync(join(ROOT, 'packages', base.slice(11), 'package.json'), 'utf8');
        const { exports = {} } = JSON.parse(other) as { exports?: Record<string, unknown> };
        assert.ok(name.replace(base, '.') in exports, `${path} reaches inside ${base}`);
      }
    }
  });

  it('files within a package have no import cycles', () => {
    const graph = new Map(
      product.map(({ path, text }) => [
        path,
        text
          .split('\n')
          .filter((line) => !/^import type /.test(line))
          .join('\n'),
      ]),
    );
    const edges = (path: string): string[] =>
      importsOf(graph.get(path)!)
        .filter((name) => name.startsWith('.'))
        .map((name) => join(path, '..', name))
        .filter((name) => graph.has(name));
    const done = new Set<string>();
    const visit = (path: string, trail: string[]): void => {
      assert.ok(!trail.includes(path), `import cycle: ${[...trail, path].join(' → ')}`);
      if (done.has(path)) return;
      for (const next of edges(path)) visit(next, [...trail, path]);
      done.add(path);
    };
    for (const path of graph.keys()) visit(path, []);
  });

  it('files and lines keep their size', () => {
    for (const { path, text } of product) {
      const lines = text.split('\n');
      if (!DATA.test(path))
        assert.ok(lines.length <= (EXEMPT_LINES[path] ?? LINES_MAX), `${path} has ${lines.length} lines`);
      if (EXEMPT_WIDTH.some((pattern) => pattern.test(path))) continue;
      lines.forEach((line, i) => {
        const free = /`|'[^']{60,}'|https?:|^\s*(?:\/\/|\*|\/\*)/.test(line);
        assert.ok(
          free || line.length <= LINE_CHARACTERS_MAX + 10,
          `${path}:${i + 1} has ${line.length} characters`,
        );
      });
    }
  });

  it('names are kebab-case and say something', () => {
    for (const { path } of sources) {
      const name = path.split('/').at(-1)!;
      assert.match(name, /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|config))?\.tsx?$/, path);
      assert.ok(!/util|helper|manager|common|-v\d|misc/.test(name), `${path} says nothing`);
    }
  });

  it('every export has a doc comment, every index opens with one', () => {
    for (const { path, text } of product) {
      const lines = text.split('\n');
      if (path.endsWith('/src/index.ts'))
        assert.match(text, /^\/\*\*[\s\S]*Call first:[\s\S]*Do not trust it with:/, path);
      lines.forEach((line, i) => {
        if (!/^export (?:async )?(?:function|class|interface|const)\b/.test(line)) return;
        const before = lines[i - 1] ?? '';
        assert.ok(
          /\*\/$/.test(before.trim()) || /^export /.test(before),
          `${path}:${i + 1}: ${line.slice(0, 60)} has no doc comment`,
        );
      });
    }
  });

  it('tables whose keys may be foreign text inherit nothing', () => {
    const packages = /packages\/(?:access|core|gateway|guard|models|monitor|registry|scan|server)\/src\//;
    const plain = /^(?:export )?const ([A-Z_0-9]+): (?:Readonly<)?Record<string,[^;]*?= (?:\{|Object)/gm;
    for (const { path, text } of sources)
      if (packages.test(path) && !/\/demo\/|\.test\.ts$/.test(path))
        for (const [, name] of text.matchAll(plain))
          assert.ok(FIXED_KEYS.has(name!), `${path}: \`${name}\` is a plain object; write \`tableOf(…)\``);
  });

  it('banned calls are absent', () => {
    const banned: [RegExp, string][] = [
      [/\bconsole\.(?:log|error|warn)\(/, 'log through log.ts or write to the stream'],
      [/\beval\(|new Function\(/, 'no code from text'],
      [/\bMath\.random\(/, 'random numbers come from node:crypto'],
      [/\bDate\.now\(\)|new Date\(\)/, 'ask the steady clock of core'],
      [/child_process/, 'the product starts no programs'],
      [/\bTODO\b|\bFIXME\b/, 'finish it or leave it out'],
      // A listener may let clients in that show no certificate; whoever connects always verifies.
      [/rejectUnauthorized(?!: clients\.required)/, 'TLS is always verified'],
    ];
    for (const { path, text } of product.filter((one) => one.package !== 'console' && !DATA.test(one.path)))
      for (const [pattern, why] of banned) {
        // It starts this program again, on a module of its own, and no other.
        const own = path.endsWith('core/src/apart.ts') ? text.replace(FORK_ONLY, '') : text;
        assert.ok(!pattern.test(own), `${path}: ${why}`);
      }
  });

  it('versions are exact', () => {
    for (const path of files(join(ROOT, 'packages')).filter((name) => name.endsWith('package.json'))) {
      const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Record<string, string>>;
      for (const group of ['dependencies', 'devDependencies']) {
        for (const [name, version] of Object.entries(manifest[group] ?? {}))
          assert.match(version, /^\d+\.\d+\.\d+(?:-[\w.]+)?$/, `${path}: ${name}`);
      }
    }
    assert.ok(!/"resolved": "http/.test(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')));
  });
});
