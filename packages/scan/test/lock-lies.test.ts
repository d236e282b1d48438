import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lockFormatOf } from '../src/dependencies/lock-files/index.ts';

const reading = (path: string, text: string) => lockFormatOf(path)!.read(text);
const named = (path: string, text: string): string[] =>
  reading(path, text).packages.map(({ name, version }) => `${name} ${version}`);

const REGISTRY = 'https://registry.example/';
const tarball = (name: string, version: string): string =>
  `${REGISTRY}${name}/-/${name.replace(/^.*\//, '')}-${version}.tgz`;
const npm = (packages: object, more: object = {}): string =>
  JSON.stringify({ name: 'x', lockfileVersion: 3, packages: { '': { name: 'x' }, ...packages }, ...more });
const entry = (version: string, resolved: string): object => ({ version, resolved, integrity: 'sha512-x' });

describe('what is fetched counts, whatever a lock file calls it', () => {
  it('in package-lock.json', () => {
    const text = npm({
      'node_modules/a': entry('1.0.0', tarball('evil', '1.0.0')),
      'node_modules/b': entry('2.0.0', tarball('b', '1.0.0')),
      'node_modules/@s/c': entry('1.0.0', tarball('@s/c', '1.0.0')),
      'node_modules/@s/d': entry('1.0.0', `${REGISTRY}@s%2fd/-/d-1.0.0.tgz`),
      'node_modules/e': { ...entry('1.0.0', tarball('f', '1.0.0')), name: 'f' },
      'node_modules/g': entry('1.0.0', `${REGISTRY}g/-/evil-9.0.0.tgz`),
      'node_modules/h': entry('1.0.0+build', tarball('h', '1.0.0')),
    });
    const all = named('package-lock.json', text);
    assert.deepEqual(all, [
      'a 1.0.0',
      'evil 1.0.0',
      'b 2.0.0',
      'b 1.0.0',
      '@s/c 1.0.0',
      '@s/d 1.0.0',
      'f 1.0.0',
      'g 1.0.0',
      'evil 9.0.0',
      'h 1.0.0+build',
    ]);
    const sources = reading('package-lock.json', text).packages.map(({ source }) => source);
    assert.deepEqual([sources[0], sources[4], sources[9]], ['address', 'registry', 'registry']);
  });

  it('in yarn.lock and pnpm-lock.yaml', () => {
    const yarn = `# yarn lockfile v1\n\na@^1:\n  version "1.0.0"\n  resolved "https://registry.yarnpkg.com/evil/-/evil-1.0.0.tgz#0"\n`;
    assert.deepEqual(named('yarn.lock', yarn), ['a 1.0.0', 'evil 1.0.0']);
    const pnpm = `lockfileVersion: "9.0"\npackages:\n  a@1.0.0:\n    resolution: {integrity: x, tarball: ${tarball('evil', '1.0.0')}}\n`;
    assert.deepEqual(named('pnpm-lock.yaml', pnpm), ['a 1.0.0', 'evil 1.0.0']);
  });

  it('in uv.lock and pixi.lock', () => {
    const wheel = 'https://files.pythonhosted.org/packages/x/evil-1.0-py3-none-any.whl';
    const own = 'https://files.pythonhosted.org/packages/x/Some_Name-1.0-py3-none-any.whl';
    const uv = (name: string, url: string): string =>
      `version = 1\n[[package]]\nname = "${name}"\nversion = "1.0"\nsource = { registry = "https://pypi.org/simple" }\nwheels = [{ url = "${url}", hash = "sha256:a" }]\n`;
    assert.deepEqual(named('uv.lock', uv('ok', wheel)), ['ok 1.0', 'evil 1.0']);
    assert.deepEqual(named('uv.lock', uv('some-name', own)), ['some-name 1.0']);
    const pixi = `version: 6\npackages:\n- pypi: ${wheel}\n  name: ok\n  version: "1.0"\n`;
    assert.deepEqual(named('pixi.lock', pixi), ['ok 1.0', 'evil 1.0']);
  });
});

describe('all that a lock file names counts', () => {
  it('both lists of version 2 of npm', () => {
    const both = {
      lockfileVersion: 2,
      dependencies: { evil: entry('1.0.0', tarball('evil', '1.0.0')), a: { version: '1.0.0' } },
    };
    const text = npm({ 'node_modules/a': entry('1.0.0', tarball('a', '1.0.0')) }, both);
    assert.deepEqual(named('package-lock.json', text), ['a 1.0.0', 'evil 1.0.0']);
  });

  it('both lists of pylock.toml, and what is no folder whatever else it says', () => {
    const two =
      'lock-version = "1.0"\n[[package]]\nname = "ok"\nversion = "1"\n[[packages]]\nname = "evil"\nversion = "1"\n';
    assert.deepEqual(named('pylock.toml', two), ['ok 1', 'evil 1']);
    for (const more of ['virtual', 'editable', 'directory']) {
      const text = `version = 1\n[[package]]\nname = "evil"\nversion = "1"\nsource = { registry = "https://pypi.org/simple", ${more} = "." }\n`;
      assert.deepEqual(named('uv.lock', text), ['evil 1'], more);
      assert.deepEqual(named('uv.lock', text.replace(/registry = "[^"]*", /, '')), [], more);
    }
  });

  it('modules of which another version is replaced', () => {
    const text = (replaced: string): string =>
      `module x\ngo 1.22\nrequire a.b/evil v1.2.3\nreplace a.b/evil ${replaced}a.b/good v1.0.0\n`;
    assert.deepEqual(named('go.mod', text('v9.9.9 => ')).slice(1), ['a.b/evil 1.2.3']);
    assert.deepEqual(named('go.mod', text('v1.2.3 => ')).slice(1), ['a.b/good 1.0.0']);
    assert.deepEqual(named('go.mod', text('=> ')).slice(1), ['a.b/good 1.0.0']);
    assert.equal(reading('go.mod', 'module x\nrequire a.b/c 1.0\n').unread.length, 1);
  });

  it('names within CDATA, and versions that profiles change', () => {
    const pom = (inner: string, more = ''): string =>
      `<project><dependencies><dependency>${inner}</dependency></dependencies>${more}</project>`;
    const cdata = '<groupId><![CDATA[org.evil]]></groupId><artifactId>evil</artifactId><version>1</version>';
    assert.deepEqual(named('pom.xml', pom(cdata)), ['org.evil:evil 1']);
    const open = '<groupId>g</groupId><artifactId>a</artifactId><version>$X</version>'.replace('X', '{v}');
    const own = '<properties><v>1</v></properties>';
    const profile = '<profiles><profile><properties><v>2</v></properties></profile></profiles>';
    assert.deepEqual(named('pom.xml', pom(open, own)), ['g:a 1']);
    assert.deepEqual(named('pom.xml', pom(open, own + profile)), ['g:a null']);
  });

  it('packages of conda, however they are asked for', () => {
    const text = (one: string): string => `dependencies:\n  - python=3.12\n  - ${JSON.stringify(one)}\n`;
    for (const one of [
      'evil=1.0',
      'evil==1.0',
      'evil 1.0',
      'evil 1.0 py_0',
      'conda-forge::evil=1.0=py_0',
      "evil[version='1.0']",
      'https://c.org/x::evil=1.0',
    ])
      assert.deepEqual(named('environment.yml', text(one)), ['python 3.12', 'evil 1.0'], one);
    for (const one of ['evil>=1.0', 'evil >=1,<2', 'evil=1.*', 'evil', "evil[version='>=1']"])
      assert.deepEqual(named('environment.yml', text(one)), ['python 3.12', 'evil null'], one);
    assert.equal(reading('environment.yml', text('?!')).unread.length, 1);
    const explicit =
      '@EXPLICIT\n# a note\nhttps://c/linux-64/ok-1.0-0.conda#0\nhttps://c/linux-64/evil-1.0-0.zip\n';
    assert.deepEqual(named('explicit.txt', explicit), ['ok 1.0']);
    assert.equal(reading('explicit.txt', explicit).unread.length, 1);
  });

  it('lines of other forms, as not read', () => {
    const gradle = '# a note\norg.ok:ok:1=c\nempty=d\n';
    assert.deepEqual(reading('gradle.lockfile', gradle).unread, []);
    assert.equal(reading('gradle.lockfile', `${gradle}org.evil:evil:1 =c\n`).unread.length, 1);
    for (const file of [
      './evil-1.0-py3-none-any.whl',
      'vendor/evil.tar.gz',
      '../evil',
      'evil-1.0.zip ; python_version > "3"',
    ])
      assert.deepEqual(
        reading('requirements.txt', `ok==1\n${file}\n`).packages.map(({ source }) => source),
        ['registry', 'folder'],
        file,
      );
    assert.deepEqual(named('requirements/dev.in', 'evil==1.0\n'), ['evil 1.0']);
  });
});
