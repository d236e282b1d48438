import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { UNREAD_NAMES } from '../src/dependencies/lock-files/unread.ts';
import { inspectDependencies } from '../src/index.ts';

const root = mkdtempSync(join(tmpdir(), 'sallyport-manifests-'));
after(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

interface Read {
  /** `name@version`, where from if not a registry. */
  readonly packages: readonly string[];
  /** Files that were not read, or not understood. */
  readonly unread: readonly string[];
  readonly techniques: readonly string[];
}

/** What a folder of these files comes to. */
async function read(files: Readonly<Record<string, string | Uint8Array>>): Promise<Read> {
  const folder = join(root, String(folders++));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  const report = await inspectDependencies([folder], null);
  const told = report.files.flatMap(({ path, detections }) =>
    detections.map(({ technique }) => ({ path: path.slice(folder.length + 1), technique })),
  );
  return {
    packages: report.components.map(({ name, version }) => `${name}@${version}`),
    unread: told.filter(({ technique }) => technique === 'unreadable-lock').map(({ path }) => path),
    techniques: [...new Set(told.map(({ technique }) => technique))],
  };
}

const packagesOf = async (name: string, content: string | Uint8Array): Promise<readonly string[]> => {
  const { packages, unread } = await read({ [name]: content });
  assert.deepEqual(unread, [], `${name}: ${content}`);
  return packages;
};

/** A file that names what a project asks for, and what is read of it. */
const MANIFESTS: readonly (readonly [string, string, ...string[]])[] = [
  [
    'pyproject.toml',
    '[build-system]\nrequires = ["hatchling==1.2"]\n[project]\nname = "x"\ndependencies = ["left==1.0", "right>=2"]\n[project.optional-dependencies]\nmore = ["up[x]==3.0 ; python_version > \'3\'"]\n',
    ...['hatchling@1.2', 'left@1.0', 'right@null', 'up@3.0'],
  ],
  [
    'pyproject.toml',
    '[dependency-groups]\ntest = ["left==1.0", {include-group = "lint"}]\nlint = ["right==2.0"]\n',
    ...['left@1.0', 'right@2.0'],
  ],
  [
    'pyproject.toml',
    '[tool.poetry]\nname = "x"\n[tool.poetry.dependencies]\npython = "^3.9"\nleft = "1.0"\nright = "^2.0"\nup = {version = "==3.0", extras = ["a"]}\n[tool.poetry.group.dev.dependencies]\ndown = "4.0"\n[tool.poetry.dev-dependencies]\nold = "*"\n',
    ...['left@1.0', 'right@null', 'up@3.0', 'old@null', 'down@4.0'],
  ],
  [
    'pyproject.toml',
    '[tool.pdm.dev-dependencies]\na = ["left==1.0"]\n[tool.uv]\ndev-dependencies = ["right==2.0"]\n[tool.hatch.envs.test]\ndependencies = ["up==3.0"]\n',
    ...['left@1.0', 'right@2.0', 'up@3.0'],
  ],
  [
    'setup.cfg',
    '[metadata]\nname = x\n[options]\ninstall_requires =\n    left==1.0\n    # no\n    right>=2; python_version>"3"\nsetup_requires = wheel==9\n[options.extras_require]\nmore =\n  up==3.0\n',
    ...['left@1.0', 'right@null', 'wheel@9', 'up@3.0'],
  ],
  [
    'Pipfile',
    '[packages]\nleft = "==1.0"\nright = "*"\n[dev-packages]\nup = {version = "==3.0"}\n[requires]\npython_version = "3.9"\n',
    ...['left@1.0', 'right@null', 'up@3.0'],
  ],
  [
    'Cargo.toml',
    '[package]\nname = "x"\n[dependencies]\nleft = "=1.0.0"\nright = "2"\nother = { package = "up", version = "=3.0.0" }\nshared = { workspace = true }\n[dev-dependencies]\ndown = "=4.0.0"\n[target.\'cfg(unix)\'.build-dependencies]\nlibc = "=0.2.1"\n[workspace.dependencies]\nshared = "=5.0.0"\n',
    ...['left@1.0.0', 'right@null', 'up@3.0.0', 'down@4.0.0', 'shared@5.0.0', 'libc@0.2.1'],
  ],
  [
    'package.json',
    '{"name":"x","dependencies":{"left":"1.0.0","right":"^2","a":"npm:@s/up@3.0.0"},"devDependencies":{"down":"=4.0.0"}}',
    ...['left@1.0.0', 'right@null', '@s/up@3.0.0', 'down@4.0.0'],
  ],
  [
    'setup.py',
    '# Unless required by law\nfrom setuptools import setup\ninstall_requires = [\n  "left==1.0",  # why\n  \'right>=2; python_version > "3"\',\n]\nsetup(name="x", classifiers=["OS Independent"], python_requires=">=3.8", install_requires=install_requires,\n  extras_require={"more": ["up==3.0"]})\n',
    ...['left@1.0', 'right@null', 'up@3.0'],
  ],
  ['setup.py', 'from setuptools import setup\nsetup(name="x")\n'],
  ['pyproject.toml', '[tool.ruff]\nline-length = 100\n'],
  ['pyproject.toml', '[project]\nname = "x"\ndependencies = []\n'],
  ['setup.cfg', '[flake8]\nmax-line-length = 100\n'],
  ['Pipfile', '[packages]\n[dev-packages]\n'],
  ['Cargo.toml', '[package]\nname = "x"\n'],
  ['package.json', '{"type":"module"}'],
];

/** What comes from elsewhere than a registry. */
const DIRECT: readonly (readonly [string, string])[] = [
  ['pyproject.toml', '[project]\ndependencies = ["left @ https://a.example/left-1.tar.gz"]\n'],
  ['pyproject.toml', '[build-system]\nrequires = ["left @ git+https://a.example/left"]\n'],
  ['pyproject.toml', '[dependency-groups]\na = ["left @ git+https://a.example/left"]\n'],
  ['pyproject.toml', '[tool.poetry.dependencies]\nleft = {git = "https://a.example/left.git"}\n'],
  ['pyproject.toml', '[tool.poetry.dependencies]\nleft = [{url = "https://a.example/left.whl"}]\n'],
  [
    'pyproject.toml',
    '[project]\ndependencies = ["left"]\n[tool.uv.sources]\nleft = {git = "https://a.example/left"}\n',
  ],
  ['setup.cfg', '[options]\ninstall_requires =\n  left @ git+https://a.example/left\n'],
  ['Pipfile', '[packages]\nleft = {git = "https://a.example/left.git"}\n'],
  ['Pipfile', '[packages]\nleft = {file = "https://a.example/left.zip"}\n'],
  ['Cargo.toml', '[dependencies]\nleft = { git = "https://a.example/left" }\n'],
  ['Cargo.toml', '[patch.crates-io]\nleft = { git = "https://a.example/left" }\n'],
  ['package.json', '{"dependencies":{"left":"git+https://a.example/left.git"}}'],
  ['package.json', '{"devDependencies":{"left":"someone/left#main"}}'],
  ['package.json', '{"optionalDependencies":{"left":"https://a.example/left.tgz"}}'],
];

/** Every name that is known and not read. */
const UNREAD = (
  'gemfile.lock gems.locked gemfile gems.rb composer.lock composer.json packages.lock.json packages.config project.assets.json ' +
  'directory.packages.props paket.lock paket.dependencies package.resolved package.swift podfile.lock podfile cartfile.resolved ' +
  'cartfile pubspec.lock pubspec.yaml mix.lock mix.exs rebar.lock rebar.config stack.yaml.lock cabal.project.freeze renv.lock packrat.lock ' +
  'conan.lock conanfile.txt conanfile.py vcpkg.json shard.lock shard.yml bun.lockb go.sum go.work.sum verification-metadata.xml ' +
  'libs.versions.toml build.sbt build.sbt.lock maven_install.json module.bazel.lock module.bazel cpanfile.snapshot cpanfile opam.locked flake.lock ' +
  '.terraform.lock.hcl chart.lock nimble.lock pixi.toml project.clj'
).split(' ');

describe('manifests', () => {
  for (const [name, content, ...packages] of MANIFESTS)
    it(`are read: ${name} with ${packages.join(', ') || 'nothing'}`, async () => {
      assert.deepEqual((await packagesOf(name, content)).toSorted(), packages.toSorted());
    });

  it('that ask for what lies elsewhere than in a registry say so', async () => {
    for (const [name, content] of DIRECT)
      assert.ok((await read({ [name]: content })).techniques.includes('foreign-source'), content);
  });

  it('that yield nothing are not clean, junk included', async () => {
    const names = ['pyproject.toml', 'setup.cfg', 'setup.py', 'Pipfile', 'Cargo.toml', 'package.json'];
    for (const name of [...names, 'build.gradle', 'build.gradle.kts', 'app.csproj', 'x.py.lock', 'bun.lock'])
      for (const content of ['', '%%% ???\n', '[]', '<x/>', Buffer.from([0xff, 0xfe, 0xfd]), 'a\0b'])
        assert.deepEqual((await read({ [name]: content })).unread, [name], `${name}: ${content}`);
  });

  it('whose requirements are computed are not clean', async () => {
    const dynamic = '[project]\nname = "x"\ndynamic = ["dependencies"]\n';
    assert.deepEqual((await read({ 'pyproject.toml': dynamic })).unread, ['pyproject.toml']);
    const file = `${dynamic}[tool.setuptools.dynamic]\ndependencies = {file = ["deps.txt"]}\n`;
    assert.deepEqual((await read({ 'pyproject.toml': file })).unread, ['pyproject.toml']);
    assert.deepEqual(await read({ 'pyproject.toml': file, 'deps.txt': 'left==1.0\n' }), {
      packages: ['left@1.0'],
      unread: [],
      techniques: ['no-advisories', 'no-digest'],
    });
    const config = '[options]\ninstall_requires = file: deps.txt\n';
    assert.deepEqual((await read({ 'setup.cfg': config })).unread, ['setup.cfg']);
    assert.deepEqual((await read({ 'setup.cfg': config, 'deps.txt': 'left==1.0\n' })).packages, ['left@1.0']);
    const calls = [
      'read()',
      '["left"] + more',
      '["left"]\n + more',
      '["left"]\n if x else []',
      '["le" "ft"]',
      'more',
    ]
      .map((value) => `install_requires=${value}`)
      .concat(
        '**known',
        'install_requires=[f"left"]',
        'install_requires=["left"]), x.require()',
        'dependency_links=[]',
      );
    for (const call of calls)
      assert.deepEqual((await read({ 'setup.py': `setup(${call})\n` })).unread, ['setup.py'], call);
  });

  it('in UTF-16 are read as well', async () => {
    const text = Buffer.from('\ufeff{"dependencies":{"left":"1.0.0"}}', 'utf16le');
    assert.deepEqual(await packagesOf('package.json', text), ['left@1.0.0']);
  });

  it('beside the lock file of their project leave versions to that, and nothing else', async () => {
    const lock =
      'version = 1\n[[package]]\nname = "left"\nversion = "1.0"\nsource = { registry = "https://pypi.org/simple" }\n';
    const project =
      '[project]\ndynamic = ["dependencies"]\n[dependency-groups]\na = ["left", "up @ git+https://a.example/up"]\n';
    for (const path of ['pyproject.toml', 'packages/a/pyproject.toml']) {
      const { packages, unread } = await read({ 'uv.lock': lock, [path]: project });
      assert.deepEqual([packages.toSorted(), unread], [['left@1.0', 'up@null'], []], path);
    }
    assert.deepEqual((await read({ 'a/uv.lock': lock, 'b/pyproject.toml': project })).unread, [
      'b/pyproject.toml',
    ]);
    const go = 'module x\ngo 1.22\nrequire a.example/b v1.0.0\n';
    assert.deepEqual((await read({ 'go.mod': go, 'go.sum': 'x' })).unread, []);
    const gradle = 'a.example:b:1.0=classpath\n';
    assert.deepEqual(
      (
        await read({
          'gradle.lockfile': gradle,
          'build.gradle.kts': '',
          'gradle/verification-metadata.xml': '',
        })
      ).unread,
      [],
    );
    assert.deepEqual((await read({ Gemfile: '', 'Gemfile.lock': '' })).unread, ['Gemfile.lock']);
    assert.deepEqual((await read({ 'setup.py': '', 'a/uv.lock': lock })).unread, ['setup.py']);
  });

  it('of installed packages make no project incomplete', async () => {
    for (const name of ['package.json', 'Gemfile', 'build.gradle', 'setup.py', 'go.sum'])
      assert.deepEqual((await read({ [`node_modules/a/${name}`]: '{}', 'go.mod': 'module x\n' })).unread, []);
  });
});

describe('files that are not read', () => {
  it('are named, each of them', async () => {
    assert.deepEqual([...UNREAD_NAMES].toSorted(), UNREAD.toSorted());
    const others = ['app.csproj', 'lib.fsproj', 'a.vbproj', 'x.gemspec', 'x.podspec', 'x.cabal', 'x.nimble'];
    for (const name of [...UNREAD, ...others, 'build.gradle', 'deps.gradle.kts'])
      assert.deepEqual(await read({ [name]: 'left' }), {
        packages: [],
        unread: [name],
        techniques: ['unreadable-lock'],
      });
  });
});

describe('lock files', () => {
  it('of requirements keep a version before options', async () => {
    for (const options of [
      '-C x',
      '-Ca=b',
      '--config-settings=x',
      '-C "a=b c" --hash=sha256:00',
      '--no-binary x',
    ])
      assert.deepEqual(await packagesOf('requirements.txt', `left==1.0 ${options}\n`), ['left@1.0'], options);
  });

  it('of Go name the release that builds', async () => {
    const go = (lines: string): Promise<readonly string[]> => packagesOf('go.mod', `module x\n${lines}\n`);
    assert.deepEqual(await go('go 1.21\ntoolchain go1.21.3'), ['stdlib@1.21.3']);
    assert.deepEqual(await go('go 1.21.1\ntoolchain go1.22.0-custom'), ['stdlib@1.22.0']);
    assert.deepEqual(await go('toolchain default\ngo 1.21rc2'), ['stdlib@1.21rc2']);
    assert.deepEqual(await go('go 1.21\nrequire a.example/b v1.0.0\nreplace a.example/b => ../b'), [
      'stdlib@1.21',
      'a.example/b@null',
    ]);
  });

  it('of yarn, Bun, Deno and scripts of uv', async () => {
    const yarn =
      '# yarn lockfile v1\n\n\nleft:\n  version "1.0.0"\n  resolved "https://registry.yarnpkg.com/left/-/left-1.0.0.tgz#0"\n';
    assert.deepEqual(await packagesOf('yarn.lock', yarn), ['left@1.0.0']);
    const bun =
      '{\n  "lockfileVersion": 1,\n  "workspaces": { "": { "name": "x", }, },\n  "packages": {\n    "left": ["left@1.0.0", "", { "dependencies": { "right": "^2", }, }, "sha512-AA=="],\n    "a/right": ["@s/right@2.0.0", "", {}, "sha512-AA=="],\n    "mine": ["mine@workspace:packages/mine"],\n    "up": ["up@github:a/up#0123456", {}, "a-up-0123456"],\n  },\n}\n';
    assert.deepEqual(await packagesOf('bun.lock', bun), ['left@1.0.0', '@s/right@2.0.0', 'up@null']);
    const deno =
      '{"version":"5","specifiers":{"npm:left@1":"1.0.0"},"npm":{"left@1.0.0_right@2.0.0":{"integrity":"sha512-AA=="},"@s/up@3.0.0":{"integrity":"x"}},"remote":{"https://a.example/x.ts":"00","https://a.example/y.ts":"00"}}';
    assert.deepEqual(await packagesOf('deno.lock', deno), ['left@1.0.0', '@s/up@3.0.0', 'a.example@null']);
    const older = '{"version":"3","packages":{"npm":{"left@1.0.0":{"integrity":"x"}}},"remote":{}}';
    assert.deepEqual(await packagesOf('deno.lock', older), ['left@1.0.0']);
    const jsr = '{"version":"5","jsr":{"@std/x@1.0.0":{"integrity":"x"}},"npm":{"left@1.0.0":{}}}';
    assert.deepEqual((await read({ 'deno.lock': jsr })).unread, ['deno.lock']);
    for (const name of ['bun.lock', 'deno.lock'])
      assert.deepEqual((await read({ [name]: '{}' })).unread, [name], name);
    const script =
      'version = 1\n[manifest]\nrequirements = [{ name = "left" }]\n[[package]]\nname = "left"\nversion = "1.0"\nsource = { registry = "https://pypi.org/simple" }\n';
    assert.deepEqual(await packagesOf('run.py.lock', script), ['left@1.0']);
  });
});
