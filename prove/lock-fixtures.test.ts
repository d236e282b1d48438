// How lists of packages are read that other scanners keep for their tests, beside what those expect. Takes checkouts of
// them: `LOCK_FIXTURES=osv-scalibr:trivy:syft npm run prove prove/lock-fixtures.test.ts`. Nothing of them is kept here.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, delimiter, dirname, join, relative } from 'node:path';
import { it } from 'node:test';
import { decodeLock } from '../packages/scan/src/dependencies/empty-lock.ts';
import { lockFormatOf } from '../packages/scan/src/dependencies/lock-files/index.ts';
import { type LockedPackage, normalPythonName } from '../packages/scan/src/dependencies/locked-package.ts';
import { expectationsOf } from './go-tables.ts';

const FOLDERS = (process.env['LOCK_FIXTURES'] ?? '').split(delimiter).filter((one) => one !== '');
const BYTES_MAX = 4_000_000;

/** Folders of tests whose fixtures go by names of their own, and what a file of that kind is called. */
const KINDS: readonly (readonly [RegExp, RegExp, string])[] = [
  [/packagelockjson|nodejs\/npm\//, /\.json$/, 'package-lock.json'],
  [/pnpmlock|nodejs\/pnpm\//, /\.ya?ml$/, 'pnpm-lock.yaml'],
  [/yarnlock|nodejs\/yarn\//, /\.lock$/, 'yarn.lock'],
  [/bunlock|nodejs\/bun\//, /\.(?:lock|json5)$/, 'bun.lock'],
  [/denojson/, /\.lock$/, 'deno.lock'],
  [/poetrylock|python\/poetry\//, /\.lock$/, 'poetry.lock'],
  [/pdmlock/, /\.lock$/, 'pdm.lock'],
  [/uvlock|python\/uv\//, /\.lock$/, 'uv.lock'],
  [/pylock/, /\.toml$/, 'pylock.toml'],
  [/pipfilelock|python\/pipenv\//, /\.(?:lock|json)$/, 'Pipfile.lock'],
  [/requirements|python\/pip\//, /\.txt$/, 'requirements.txt'],
  [/cargolock|rust\/cargo\//, /\.lock$/, 'Cargo.lock'],
  [/gomod|golang\/mod\//, /\.mod$/, 'go.mod'],
  [/gradlelockfile|gradle\/lockfile/, /lockfile$|\.lockfile$/, 'gradle.lockfile'],
  [/pomxml|java\/pom\//, /\.(?:xml|pom)$/, 'pom.xml'],
  [/conda\//, /\.ya?ml$/, 'environment.yml'],
];

function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}

/** What a fixture is called where its tool writes it; null for what is no list of packages. */
function nameOf(path: string): string | null {
  const slashed = path.replaceAll('\\', '/');
  const kind = KINDS.find(([folder, ending]) => folder.test(dirname(slashed)) && ending.test(slashed));
  const own = lockFormatOf(basename(path));
  return own !== null && own.name !== 'not read' && own.lockedBy === undefined
    ? basename(path)
    : (kind?.[2] ?? null);
}

const key = ({ ecosystem, name, version }: Pick<LockedPackage, 'ecosystem' | 'name' | 'version'>): string =>
  `${ecosystem === 'PyPI' || ecosystem === 'conda' ? normalPythonName(name) : name.toLowerCase()} ${(version ?? '').replace(/^v|\+incompatible$/g, '')}`;

/** Expectations by the path of their fixture. */
function expectedBelow(folder: string): Map<string, ReadonlySet<string>[]> {
  const byFolder = new Map<string, string[]>();
  for (const path of filesBelow(folder))
    if (/_test(?:case)?\.go$/.test(path))
      byFolder.set(dirname(path), [...(byFolder.get(dirname(path)) ?? []), readFileSync(path, 'utf8')]);
  const found = new Map<string, ReadonlySet<string>[]>();
  for (const [at, sources] of byFolder)
    for (const { fixture, packages } of expectationsOf(sources)) {
      const path = join(at, fixture);
      found.set(path, [...(found.get(path) ?? []), packages]);
    }
  return found;
}

type Outcome = 'agrees' | 'differs' | 'not expected' | 'incomplete' | 'refused';
interface Seen {
  readonly format: string;
  readonly outcome: Outcome;
  readonly why: string;
}

/** Reads one fixture as its tool names it. */
function look(path: string, name: string, expected: readonly ReadonlySet<string>[]): Seen {
  const format = lockFormatOf(name)!;
  try {
    const { packages, unread } = format.read(decodeLock(readFileSync(path)));
    const ecosystem = packages[0]?.ecosystem ?? 'npm';
    const ours = new Set(packages.map(key));
    const differences = expected.map((one) => {
      const theirs = new Set(
        [...one].map((text) => {
          const [, of = '', version = ''] = /^(.*) (\S*)$/.exec(text) ?? [];
          return key({ ecosystem, name: of, version });
        }),
      );
      return [
        ...[...theirs].filter((one) => !ours.has(one)).map((one) => `-${one}`),
        ...[...ours].filter((one) => !theirs.has(one)).map((one) => `+${one}`),
      ];
    });
    const least = differences.sort((a, b) => a.length - b.length)[0];
    const outcome: Outcome =
      least?.length === 0
        ? 'agrees'
        : unread.length > 0
          ? 'incomplete'
          : least === undefined
            ? 'not expected'
            : 'differs';
    return {
      format: format.name,
      outcome,
      why: [...unread.slice(0, 2), ...(least ?? []).slice(0, 8)].join(', '),
    };
  } catch (fault) {
    return { format: format.name, outcome: 'refused', why: (fault as Error).message.slice(0, 100) };
  }
}

const OUTCOMES: readonly Outcome[] = ['agrees', 'differs', 'not expected', 'incomplete', 'refused'];
const cellOf = (row: ReadonlyMap<Outcome, number>): string =>
  OUTCOMES.map((one) => row.get(one) ?? 0).join(' · ');

/** The column of the table in `docs/SCAN.md` about a scanner, by format; null where there is none. */
function publishedOf(scanner: string): Map<string, string> | null {
  const text = readFileSync(join(import.meta.dirname, '..', 'docs', 'SCAN.md'), 'utf8');
  const rows = text.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  const head = rows.findIndex((row) => row[1] === 'list of packages' && row.includes(scanner));
  if (head < 0) return null;
  const end = rows.findIndex((row, at) => at > head && row.length < 3);
  const column = rows[head]!.indexOf(scanner);
  return new Map(
    rows
      .slice(head + 2, end)
      .map((row): [string, string] => [row[1]!, row[column]!])
      .filter(([, cell]) => cell !== ''),
  );
}

for (const folder of FOLDERS.length > 0 ? FOLDERS : [null])
  it(
    `reads the lists of packages ${folder === null ? 'of other scanners' : `in ${basename(folder)}`}`,
    { skip: folder === null && 'LOCK_FIXTURES names no checkouts' },
    () => {
      assert.ok(folder !== null && existsSync(folder));
      const expected = expectedBelow(folder);
      const counts = new Map<string, Map<Outcome, number>>();
      for (const path of filesBelow(folder)) {
        if (!/testdata|test-fixtures/.test(path) || statSync(path).size > BYTES_MAX) continue;
        const name = nameOf(path);
        if (name === null) continue;
        const { format, outcome, why } = look(path, name, expected.get(path) ?? []);
        const row = counts.get(format) ?? new Map<Outcome, number>();
        counts.set(format, row.set(outcome, (row.get(outcome) ?? 0) + 1));
        if (outcome !== 'agrees' && outcome !== 'not expected')
          process.stderr.write(`${outcome} ${relative(folder, path)}: ${why}\n`);
      }
      const cells = new Map([...counts].map(([format, row]) => [format, cellOf(row)] as const).sort());
      for (const [format, cell] of cells) process.stderr.write(`${format}: ${cell}\n`);
      const published = publishedOf(basename(folder));
      if (published) assert.deepEqual(cells, published, 'docs/SCAN.md says otherwise');
      const agreed = [...counts.values()].reduce((sum, row) => sum + (row.get('agrees') ?? 0), 0);
      assert.ok(agreed > 0, 'nothing agrees: these are no checkouts of scanners');
    },
  );
