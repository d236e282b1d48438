import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { inspectDependencies } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-registries-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let round = 0;

/** What is said about the lock files of a project, but that no advisories are at hand: technique, severity and message. */
async function told(files: Readonly<Record<string, string>>): Promise<string[]> {
  const root = join(folder, String(++round));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  const report = await inspectDependencies([root], null);
  assert.ok(report.packages > 0, Object.keys(files).join());
  return report.files.flatMap(({ detections }) =>
    detections
      .filter(({ technique }) => technique !== 'no-advisories')
      .map(({ technique, severity, message }) => `${technique} ${severity} ${message}`),
  );
}

const npm = (resolved: string): string =>
  JSON.stringify({
    lockfileVersion: 3,
    packages: {
      '': { name: 'x' },
      'node_modules/lodash': { version: '4.17.21', resolved, integrity: 'sha512-x' },
    },
  });
const npm1 = (resolved: string): string =>
  JSON.stringify({
    lockfileVersion: 1,
    dependencies: { lodash: { version: '4.17.21', resolved, integrity: 'sha512-x' } },
  });
const classic = (resolved: string): string =>
  `# yarn lockfile v1\n\n\nlodash@^4:\n  version "4.17.21"\n  resolved "${resolved}#${'a'.repeat(40)}"\n  integrity sha512-x\n`;
const berry = (resolved: string): string =>
  `__metadata:\n  version: 8\n\n"lodash@npm:^4":\n  version: 4.17.21\n  resolution: "lodash@npm:4.17.21${resolved === '' ? '' : `::__archiveUrl=${encodeURIComponent(resolved)}`}"\n  checksum: abc\n`;
const pnpm = (resolved: string): string =>
  `lockfileVersion: '9.0'\npackages:\n  lodash@4.17.21:\n    resolution: {integrity: sha512-x${resolved === '' ? '' : `, tarball: ${resolved}`}}\n`;
const uv = (index: string, host = index.split('/')[2]!): string =>
  `version = 1\n[[package]]\nname = "numpy"\nversion = "2.0"\nsource = { registry = "${index}" }\nwheels = [{ url = "https://${host}/p/numpy-2.0-py3-none-any.whl", hash = "sha256:a" }]\n`;
const poetry = (source: string): string =>
  `[[package]]\nname = "numpy"\nversion = "2.0"\nfiles = [{file = "numpy-2.0-py3-none-any.whl", hash = "sha256:x"}]\n${source}`;
const legacy = (url: string): string =>
  `[package.source]\ntype = "legacy"\nurl = "${url}"\nreference = "own"\n`;
const pipenv = (url: string): string =>
  JSON.stringify({
    _meta: { sources: [{ name: 'own', url, verify_ssl: true }] },
    default: { numpy: { version: '==2.0', hashes: ['sha256:x'], index: 'own' } },
  });
const cargo = (source: string): string =>
  `version = 3\n[[package]]\nname = "tokio"\nversion = "1.20.0"\nsource = "${source}"\nchecksum = "abc"\n`;
const TARBALL = 'lodash/-/lodash-4.17.21.tgz';
const NPM = ['registry', 'npmjs', 'org'].join('.');
const PUBLIC = `https://${NPM}/${TARBALL}`;
const OWN = `https://npm.corp.example/api/npm/${TARBALL}`;
const EVIL = `https://evil.example/${TARBALL}`;
const PYPI = 'https://pypi.org/simple';
const OWN_INDEX = 'https://pypi.corp.example/simple';

describe('registries that lock files fetch from', () => {
  it('are no matter where they are public', async () => {
    const ordinary: readonly (readonly [string, string])[] = [
      ['package-lock.json', npm(PUBLIC)],
      ['package-lock.json', npm1(PUBLIC)],
      ['package-lock.json', npm(PUBLIC.replace('https://', 'https://user:word@'))],
      ['yarn.lock', classic(`https://registry.yarnpkg.com/${TARBALL}`)],
      ['yarn.lock', berry('')],
      ['pnpm-lock.yaml', pnpm('')],
      ['pnpm-lock.yaml', pnpm(PUBLIC)],
      ['uv.lock', uv(PYPI, 'files.pythonhosted.org')],
      ['uv.lock', uv('https://download.pytorch.org/whl/cu121')],
      ['poetry.lock', poetry('')],
      ['poetry.lock', poetry(legacy(PYPI))],
      ['Pipfile.lock', pipenv(PYPI)],
      ['Cargo.lock', cargo('registry+https://github.com/rust-lang/crates.io-index')],
      ['Cargo.lock', cargo('sparse+https://index.crates.io/')],
      ['requirements.txt', `--index-url ${PYPI}\nnumpy==2.0 --hash=sha256:a\n`],
    ];
    for (const [name, text] of ordinary) assert.deepEqual(await told({ [name]: text }), [], text);
  });

  it('are named, and no more, where configuration beside the lock file names them', async () => {
    const configured: readonly Readonly<Record<string, string>>[] = [
      { 'package-lock.json': npm(OWN), '.npmrc': '; ours\n registry = https://npm.corp.example/api/npm/\n' },
      { 'package-lock.json': npm1(OWN), '.npmrc': '@corp:registry="https://npm.corp.example"\n' },
      { 'yarn.lock': classic(OWN), '.yarnrc': 'registry "https://npm.corp.example/"\n' },
      { 'yarn.lock': classic(OWN), '.npmrc': 'registry=https://npm.corp.example\n' },
      { 'yarn.lock': berry(OWN), '.yarnrc.yml': 'npmRegistryServer: "https://npm.corp.example"\n' },
      {
        'yarn.lock': berry(OWN),
        '.yarnrc.yml': 'npmScopes:\n  corp:\n    npmRegistryServer: https://npm.corp.example\n',
      },
      { 'pnpm-lock.yaml': pnpm(OWN), '.npmrc': 'registry=https://npm.corp.example\n' },
      {
        'uv.lock': uv(OWN_INDEX),
        'pyproject.toml': `[[tool.uv.index]]\nname = "own"\nurl = "${OWN_INDEX}"\n`,
      },
      { 'uv.lock': uv(OWN_INDEX), 'uv.toml': `extra-index-url = ["${OWN_INDEX}"]\n` },
      { 'uv.lock': uv(OWN_INDEX), 'pyproject.toml': `[tool.uv]\nindex-url = "${OWN_INDEX}"\n` },
      {
        'poetry.lock': poetry(legacy(OWN_INDEX)),
        'pyproject.toml': `[[tool.poetry.source]]\nname = "own"\nurl = "${OWN_INDEX}"\n`,
      },
      { 'Pipfile.lock': pipenv(OWN_INDEX), Pipfile: `[[source]]\nname = "own"\nurl = "${OWN_INDEX}"\n` },
      {
        'Cargo.lock': cargo('sparse+https://cargo.corp.example/index/'),
        '.cargo/config.toml': '[registries.own]\nindex = "sparse+https://cargo.corp.example/index/"\n',
      },
    ];
    for (const files of configured) {
      const found = await told(files);
      assert.equal(found.length, 1, JSON.stringify(files));
      assert.match(found[0]!, /^configured-registry low .*`(?:npm|pypi|cargo)\.corp\.example(?:\/index)?`/);
    }
  });

  it('are told with their hosts where nothing says that they are wanted', async () => {
    const foreign: readonly Readonly<Record<string, string>>[] = [
      { 'package-lock.json': npm(EVIL) },
      { 'package-lock.json': npm1(EVIL) },
      { 'package-lock.json': npm(EVIL.replace('https', 'HTTPS')) },
      { 'package-lock.json': npm(EVIL.replace('https://', `https://${NPM}@`)) },
      { 'package-lock.json': npm(EVIL.replace('https://', 'https:\\\\')) },
      {
        'package-lock.json': npm(EVIL),
        '.npmrc': '# registry=https://evil.example\nregistry=https://npm.corp.example\n',
      },
      { 'package-lock.json': npm(EVIL), '.npmrc': '//evil.example/:_authToken=x\n' },
      { 'yarn.lock': classic(EVIL) },
      { 'yarn.lock': berry(EVIL) },
      { 'pnpm-lock.yaml': pnpm(EVIL) },
      { 'uv.lock': uv('https://evil.example/simple') },
      { 'uv.lock': uv(PYPI, 'evil.example') },
      { 'poetry.lock': poetry(legacy('https://evil.example/simple')) },
      { 'Pipfile.lock': pipenv('https://evil.example/simple') },
      { 'Cargo.lock': cargo('registry+https://evil.example/rust-lang/crates.io-index') },
      { 'requirements.txt': '--extra https://evil.example/simple\nnumpy==2.0 --hash=sha256:a\n' },
      {
        'requirements.txt': '-r more.in\nnumpy==2.0 --hash=sha256:a\n',
        'more.in': '-ihttps://evil.example\n',
      },
    ];
    for (const files of foreign) {
      const found = await told(files);
      assert.ok(
        found.some((one) => /^foreign-(?:registry|source) medium .*`evil\.example/.test(one)),
        `${JSON.stringify(files)}: ${found.join('; ')}`,
      );
    }
    const fork = await told({ 'Cargo.lock': cargo('registry+https://github.com/evil/crates.io-index') });
    assert.match(fork.join(), /^foreign-registry medium .*`github\.com\/evil\/crates\.io-index`/);
  });
});

describe('a package whose address is another one', () => {
  const high = (all: readonly string[]): string[] =>
    all.filter((one) => one.startsWith('misled-package high'));
  const writers = { 'package-lock.json': npm, 'yarn.lock': classic, 'pnpm-lock.yaml': pnpm };

  it('is of severity high, in every lock file', async () => {
    for (const [name, of] of Object.entries(writers))
      for (const address of [
        `https://${NPM}/evil-pad/-/evil-pad-9.9.9.tgz`,
        'http://203.0.113.7/b.tgz',
        'http://203.0.113.7:8080/lodash/-/lodash-4.17.21.tgz',
      ])
        assert.equal(high(await told({ [name]: of(address) })).length, 1, `${name} ${address}`);
    assert.equal(high(await told({ 'package-lock.json': npm1('http://3405803783/b.tgz') })).length, 1);
  });

  it('and is not where it is its own, of an own network, or of a host that is only not public', async () => {
    for (const [name, of] of Object.entries(writers))
      for (const address of [
        PUBLIC,
        `https://npm.corp.example/api/npm/${TARBALL}`,
        `http://10.0.0.5:4873/${TARBALL}`,
        `http://nexus.corp.example/${TARBALL}`,
        `https://${NPM}/lodash/-/lodash-4.17.20.tgz`,
      ])
        assert.deepEqual(high(await told({ [name]: of(address) })), [], `${name} ${address}`);
    const alias = JSON.stringify({
      lockfileVersion: 3,
      packages: {
        'node_modules/old-lodash': {
          name: 'lodash',
          version: '4.17.21',
          resolved: PUBLIC,
          integrity: 'sha512-x',
        },
      },
    });
    assert.deepEqual(high(await told({ 'package-lock.json': alias })), []);
  });
});
