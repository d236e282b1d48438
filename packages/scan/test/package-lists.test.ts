import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { pnpmLock } from '../src/dependencies/lock-files/pnpm-and-yarn.ts';
import { requirementsLock } from '../src/dependencies/lock-files/requirements.ts';
import { scanSource } from '../src/index.ts';

const verdictOf = async (name: string, content: string): Promise<string> =>
  (await scanSource(name, new BytesSource(Buffer.from(content)))).verdict;

const FOREIGN: readonly (readonly [string, string])[] = [
  ['python_env.yaml', 'python: 3.10\nbuild_dependencies:\n- pip==24\n- evil @ http://a.example/evil.tgz\n'],
  ['python_env.yaml', 'build_dependencies:\n- --index-url http://a.example/simple\n'],
  ['python_env.yaml', 'dependencies:\n- evil @ git+http://a.example/x.git\n'],
  ['conda.yaml', 'channels:\n- http://a.example/conda\ndependencies:\n- python=3.10\n'],
  ['conda.yaml', 'channels: [defaults]\ndependencies:\n- http://a.example/linux-64/evil-1.0-0.conda\n'],
  ['conda.yaml', 'dependencies:\n- https://a.example/conda::evil\n'],
  ['conda.yaml', 'dependencies:\n- pip:\n  - --extra-index-url https://a.example/simple\n'],
  ['.condarc', 'channel_alias: https://a.example\n'],
  ['Pipfile', '[[source]]\nurl = "http://a.example/simple"\nname = "x"\n[packages]\na = "*"\n'],
  ['Pipfile', '[packages]\na = {git = "http://a.example/a.git"}\n'],
  ['pyproject.toml', '[build-system]\nrequires = ["evil @ http://a.example/evil.tgz"]\n'],
  ['pyproject.toml', '[project]\ndependencies = ["a", "evil @ git+http://a.example/evil"]\n'],
  ['pyproject.toml', '[[tool.uv.index]]\nurl = "https://a.example/simple"\n'],
  ['pyproject.toml', '[tool.poetry.dependencies]\na = {url = "https://203.0.113.7/a.whl"}\n'],
  ['uv.toml', 'index-url = "http://a.example/simple"\n'],
];

it('packages from elsewhere are told in every list that installs them', async () => {
  for (const [name, text] of FOREIGN)
    assert.equal(await verdictOf(name, text), 'suspicious', `${name}: ${text}`);
});

it('and lists of what is public are clean', async () => {
  for (const [name, text] of [
    [
      'python_env.yaml',
      'python: 3.10.1\nbuild_dependencies:\n- pip==24\ndependencies:\n- -r requirements.txt\n',
    ],
    [
      'conda.yaml',
      'channels:\n- conda-forge\n- nvidia\n- nodefaults\ndependencies:\n- python=3.10\n- conda-forge::a=1\n',
    ],
    ['conda.yaml', 'dependencies:\n- pip\n- pip:\n  - mlflow==2.1\n'],
    ['Pipfile', '[packages]\na = "*"\nb = {version = ">=1", extras = ["c"], path = "."}\n'],
    [
      'pyproject.toml',
      '[build-system]\nrequires = ["hatchling"]\n[project]\ndependencies = ["numpy>=1"]\n[tool.uv.sources]\na = {workspace = true}\n',
    ],
    ['pyproject.toml', '[tool.ruff]\nline-length = 100\n[project.urls]\nhome = "https://a.example"\n'],
    ['Chart.yaml', 'dependencies:\n- name: a\n  repository: https://a.example/charts\n'],
  ] as const)
    assert.equal(await verdictOf(name, text), 'clean', `${name}: ${text}`);
});

it('packages from repositories of named hosts are for someone to look at, and clean where a whole commit is named', async () => {
  const commit = '0123456789abcdef0123456789abcdef01234567';
  for (const [name, head] of [
    ['Pipfile', '[packages]'],
    ['pyproject.toml', '[tool.poetry.dependencies]'],
    ['pyproject.toml', '[tool.uv.sources]'],
  ] as const) {
    const of = (more: string): string => `${head}\na = {git = "https://github.com/a/a.git"${more}}\n`;
    for (const more of ['', ', branch = "main"', ', tag = "v1"', ', rev = "v1"'])
      assert.equal(await verdictOf(name, of(more)), 'review', `${name} ${more}`);
    assert.equal(await verdictOf(name, of(`, rev = "${commit}"`)), 'clean', name);
  }
  const conda = 'dependencies:\n- pip:\n  - git+https://github.com/a/a.git\n';
  assert.equal(await verdictOf('environment.yml', conda), 'review');
});

it('lines of requirements that pip does not take, or that depend on the environment, are told', () => {
  const { packages, unread } = requirementsLock.read(
    `a==1.0#comment\nb==1.0 more\nc==\nd==\${VERSION}\n%%\ne==1.0 # comment\nf (>=1,<2)\ng===any.thing\nh~=1.4.2,!=1.5.*,\ni\nj[x]==2 ; python_version > "3"\nk==3 --hash=sha256:00\n.\n.[dev,test]\n.. ; extra == "x"\n`,
  );
  assert.deepEqual(
    packages.map(({ name, version }) => `${name} ${version}`),
    ['e 1.0', 'f null', 'g any.thing', 'h null', 'i null', 'j 2', 'k 3'],
  );
  assert.equal(unread.length, 5, unread.join(', '));
  assert.equal(unread.filter((one) => one.includes('environment')).length, 1);
});

it('packages that pnpm has from another registry are read, and where they are from', () => {
  const { packages, unread } = pnpmLock.read(
    "lockfileVersion: 5.3\npackages:\n  /a/1.0.0: {}\n  npm.example.com/b/1.1.0: {}\n  npm.example.com:8443/@c/d/1.2.0_e@2.0.0: {}\n  github.com/f/g/97edff6f: {name: g, version: 1.0.0, resolution: {tarball: 'https://codeload.github.com/f/g/tar.gz/97edff6f'}}\n",
  );
  assert.deepEqual(unread, []);
  assert.deepEqual(
    packages.map(({ name, version, registries = [] }) => [name, version, ...registries].join(' ')),
    ['a 1.0.0', 'b 1.1.0 npm.example.com', '@c/d 1.2.0 npm.example.com:8443', 'g 1.0.0 codeload.github.com'],
  );
});
