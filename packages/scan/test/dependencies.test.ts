import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileDetectionSchema } from '@sallyport/core';
import { cvssScore } from '../src/dependencies/advisories/cvss.ts';
import { isOneSlipFrom, resemblance } from '../src/dependencies/familiar-names.ts';
import { LOCK_FORMATS, lockFormatOf } from '../src/dependencies/lock-files/index.ts';
import type { LockedPackage } from '../src/dependencies/locked-package.ts';
import { VERSION_ORDERS } from '../src/dependencies/versions/index.ts';
import { AdvisoryDatabase, importAdvisories, inspectDependencies } from '../src/index.ts';
import { osv, writeExport } from './corpus/advisories.ts';

const read = (name: string, text: string): readonly LockedPackage[] =>
  lockFormatOf(name)!.read(text).packages;
const short = (packages: readonly LockedPackage[]): string[] =>
  packages.map(({ ecosystem, name, version, source }) => `${ecosystem} ${name} ${version} ${source}`);

describe('versions', () => {
  /** Each list is in order; `=` joins what is the same. */
  const ORDERS: Readonly<Record<string, readonly string[]>> = {
    Maven: [
      '1-alpha-1=1-a1=1.0.0-alpha1',
      '1-beta-2=1b2',
      '1-milestone-3=1-m3',
      '1-rc=1-cr',
      '1-rc-2',
      '1-SNAPSHOT',
      '1=1.0=1.0.0=1-ga=1-final=1.0.0-release',
      '1-sp',
      '1-sp-2',
      '1-jre',
      '1-xyz',
      '1-1',
      '1.0.1',
      '1.1-alpha',
      '1.1',
      '1.2',
      '1.10',
      '2-1',
      '2.0.1',
      '10',
      '20040616',
    ],
    PyPI: [
      '1.0.dev1',
      '1.0a1=1.0alpha1',
      '1.0b2',
      '1.0rc1=1.0c1',
      '1.0=1.0.0=v1.0',
      '1.0+cpu',
      '1.0.post1',
      '1.0.1',
      '1.10',
      '1!0.1',
    ],
    npm: [
      '0.0.1',
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-beta',
      '1.0.0-rc.1',
      '1.0.0=1.0=1=v1.0.0=1.0.0+build',
      '1.0.1',
      '1.2.0',
      '1.10.0',
    ],
    Go: [
      '0.0.0-20190308221718-c2843e01d9a2',
      '0.1.0',
      '1.5.0-rc.1',
      '1.5.0=v1.5.0',
      '2.0.0+incompatible=2.0.0',
    ],
  };
  for (const [ecosystem, list] of Object.entries(ORDERS))
    it(`of ${ecosystem} are in order`, () => {
      const order = VERSION_ORDERS[ecosystem as keyof typeof VERSION_ORDERS];
      const steps = list.map((step) => step.split('='));
      for (const [i, left] of steps.entries())
        for (const [j, right] of steps.entries())
          for (const a of left)
            for (const b of right) {
              assert.ok(order.isVersion(a), a);
              assert.equal(Math.sign(order.compare(a, b)), Math.sign(i - j), `${a} beside ${b}`);
            }
    });
});

describe('scores', () => {
  it('are those that the specification gives', () => {
    const SCORES: readonly [string, number | null][] = [
      ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', 9.8],
      ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H', 10],
      ['CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N', 6.1],
      ['CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H', 7.8],
      ['CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:N/A:L', 3.7],
      ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N', 0],
      ['CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N', 9],
      ['CVSS:3.1/AV:N', null],
      ['', null],
    ];
    for (const [vector, score] of SCORES) assert.equal(cvssScore(vector), score, vector);
  });
});

describe('lock files', () => {
  it('of npm, in all three forms', () => {
    const modern = JSON.stringify({
      lockfileVersion: 3,
      packages: {
        '': { name: 'own' },
        'node_modules/left': {
          version: '1.2.3',
          resolved: 'https://npm.example/left/-/left-1.2.3.tgz',
          integrity: 'sha512-x',
        },
        'node_modules/left/node_modules/@a/b': {
          version: '2.0.0',
          integrity: 'sha512-x',
          dev: true,
          hasInstallScript: true,
        },
        'node_modules/alias': { name: 'true-name', version: '3.0.0' },
        'node_modules/repo': { version: '1.0.0', resolved: 'git+ssh://git@github.com/x/y.git#abc' },
        'node_modules/tar': { version: '1.0.0', resolved: 'https://files.example/some.tgz' },
        'packages/own': { version: '0.0.1' },
        'node_modules/own': { resolved: 'packages/own', link: true },
      },
    });
    assert.deepEqual(short(read('package-lock.json', modern)), [
      'npm left 1.2.3 registry',
      'npm @a/b 2.0.0 registry',
      'npm true-name 3.0.0 registry',
      'npm repo 1.0.0 git',
      'npm tar 1.0.0 address',
    ]);
    const found = read('a/package-lock.json', modern);
    assert.deepEqual(
      [found[1]!.development, found[1]!.runsAtInstall, found[2]!.hasDigest],
      [true, true, false],
    );
    const old = JSON.stringify({
      lockfileVersion: 1,
      dependencies: {
        left: {
          version: '1.2.3',
          integrity: 'x',
          dependencies: { right: { version: '0.1.0', integrity: 'x' } },
        },
        other: { version: 'npm:real@4.0.0' },
        repo: { version: 'github:x/y#abc' },
      },
    });
    assert.deepEqual(short(read('npm-shrinkwrap.json', old)), [
      'npm left 1.2.3 registry',
      'npm right 0.1.0 registry',
      'npm real 4.0.0 registry',
      'npm repo null git',
    ]);
  });

  it('of pnpm and yarn', () => {
    assert.deepEqual(
      short(
        read(
          'pnpm-lock.yaml',
          `lockfileVersion: '9.0'\npackages:\n  '@a/b@1.0.0':\n    resolution: {integrity: sha512-x}\n  left@2.0.0(peer@1.0.0):\n    resolution: {integrity: sha512-x}\n    requiresBuild: true\n  repo@https://codeload.github.com/x/y/tar.gz/abc:\n    resolution: {tarball: https://codeload.github.com/x/y/tar.gz/abc}\n    version: 1.1.1\n`,
        ),
      ),
      ['npm @a/b 1.0.0 registry', 'npm left 2.0.0 registry', 'npm repo 1.1.1 git'],
    );
    assert.deepEqual(
      short(
        read(
          'pnpm-lock.yaml',
          `lockfileVersion: 5.4\npackages:\n  /@a/b/1.0.0:\n    resolution: {integrity: sha512-x}\n  /left/2.0.0_peer@1.0.0:\n    resolution: {integrity: sha512-x}\n    dev: true\n`,
        ),
      ),
      ['npm @a/b 1.0.0 registry', 'npm left 2.0.0 registry'],
    );
    assert.deepEqual(
      short(
        read(
          'yarn.lock',
          `# THIS IS AN AUTOGENERATED FILE\n# yarn lockfile v1\n\n\n"@a/b@^1.0.0", "@a/b@~1.0":\n  version "1.0.4"\n  resolved "https://registry.example/@a/b/-/b-1.0.4.tgz#${'a'.repeat(40)}"\n  dependencies:\n    left "^2.0.0"\n\nalias@npm:real@^3:\n  version "3.1.0"\n  resolved "https://registry.example/real/-/real-3.1.0.tgz"\n`,
        ),
      ),
      ['npm @a/b 1.0.4 registry', 'npm real 3.1.0 registry'],
    );
    assert.deepEqual(
      short(
        read(
          'yarn.lock',
          `__metadata:\n  version: 8\n\n"@a/b@npm:^1.0.0":\n  version: 1.0.4\n  resolution: "@a/b@npm:1.0.4"\n  checksum: abc\n\n"own@workspace:.":\n  version: 0.0.0\n  resolution: "own@workspace:."\n`,
        ),
      ),
      ['npm @a/b 1.0.4 registry'],
    );
  });

  it('of Python', () => {
    assert.deepEqual(
      short(
        read(
          'poetry.lock',
          `[[package]]\nname = "Left_Pad"\nversion = "1.0"\nfiles = [{file = "left_pad-1.0-py3-none-any.whl", hash = "sha256:x"}]\n\n[[package]]\nname = "repo"\nversion = "0.1"\nfiles = []\n[package.source]\ntype = "git"\nurl = "https://git.example/x.git"\n`,
        ),
      ),
      ['PyPI Left_Pad 1.0 registry', 'PyPI repo 0.1 git'],
    );
    const uv = read(
      'uv.lock',
      `version = 1\n[[package]]\nname = "own"\nversion = "0.1"\nsource = { virtual = "." }\n\n[[package]]\nname = "numpy"\nversion = "2.0"\nsource = { registry = "https://pypi.example/simple" }\nsdist = { url = "https://files.example/numpy-2.0.tar.gz", hash = "sha256:x" }\n\n[[package]]\nname = "repo"\nversion = "1"\nsource = { git = "https://git.example/x" }\n`,
    );
    assert.deepEqual(short(uv), ['PyPI numpy 2.0 registry', 'PyPI repo 1 git']);
    assert.equal(uv[0]!.runsAtInstall, true, 'there is only a source distribution');
    assert.deepEqual(
      short(
        read(
          'Pipfile.lock',
          JSON.stringify({
            _meta: { hash: { sha256: 'x' } },
            default: { requests: { version: '==2.31.0', hashes: ['sha256:x'] } },
            develop: { own: { path: '.', editable: true } },
          }),
        ),
      ),
      ['PyPI requests 2.31.0 registry', 'PyPI own null folder'],
    );
    const lines = [
      '# a comment',
      'requests==2.31.0 \\',
      '    --hash=sha256:abc',
      'numpy>=1.0  # open',
      'torch == 2.1.0+cu118 ; python_version < "3.12"',
      'pillow[extra]==10.0.0',
      'wild==1.*',
      '-r other.txt',
      '-e git+https://git.example/y@main#egg=why',
      'direct @ https://files.example/direct-1.0.whl',
      'https://files.example/loose-1.0.whl',
    ].join('\n');
    assert.deepEqual(short(read('requirements-dev.txt', lines)), [
      'PyPI requests 2.31.0 registry',
      'PyPI numpy null registry',
      'PyPI torch 2.1.0+cu118 registry',
      'PyPI pillow 10.0.0 registry',
      'PyPI wild null registry',
      'PyPI why null git',
      'PyPI direct null address',
      'PyPI loose-1.0.whl null address',
    ]);
    assert.equal(read('requirements.txt', lines)[0]!.hasDigest, true);
    assert.deepEqual(
      short(
        read(
          'conda-lock.yml',
          `version: 1\npackage:\n- name: numpy\n  version: 1.26.4\n  manager: conda\n  hash: {md5: x}\n- name: requests\n  version: 2.0.0\n  manager: pip\n`,
        ),
      ),
      ['conda numpy 1.26.4 registry', 'PyPI requests 2.0.0 registry'],
    );
    assert.deepEqual(
      short(
        read(
          'conda-linux-64.lock',
          `@EXPLICIT\nhttps://conda.example/linux-64/numpy-1.26.4-py311h_0.conda#aabb\n`,
        ),
      ),
      ['conda numpy 1.26.4 registry'],
    );
    assert.deepEqual(
      short(
        read(
          'environment.yml',
          `dependencies:\n- python=3.11\n- conda-forge::scipy==1.11.0\n- pip:\n  - flask==2.0.0\n`,
        ),
      ),
      ['conda python 3.11 registry', 'conda scipy 1.11.0 registry', 'PyPI flask 2.0.0 registry'],
    );
  });

  it('of Rust, Go and Java', () => {
    assert.deepEqual(
      short(
        read(
          'Cargo.lock',
          `version = 3\n[[package]]\nname = "own"\nversion = "0.1.0"\n\n[[package]]\nname = "tokio"\nversion = "1.20.0"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\nchecksum = "abc"\n\n[[package]]\nname = "repo"\nversion = "0.2.0"\nsource = "git+https://git.example/x#abc"\n`,
        ),
      ),
      ['crates.io tokio 1.20.0 registry', 'crates.io repo 0.2.0 git'],
    );
    assert.deepEqual(
      short(
        read(
          'go.mod',
          `module x\n\ngo 1.21.3\n\nrequire (\n\tgolang.org/x/net v0.10.0 // indirect\n\texample.com/a/b v1.2.3\n)\nrequire example.com/c v2.0.0+incompatible\nreplace example.com/a/b => example.com/fork v1.2.4\n`,
        ),
      ),
      [
        'Go stdlib 1.21.3 registry',
        'Go golang.org/x/net 0.10.0 registry',
        'Go example.com/fork 1.2.4 registry',
        'Go example.com/c 2.0.0+incompatible registry',
      ],
    );
    assert.deepEqual(
      short(
        read(
          'gradle.lockfile',
          `# comment\norg.apache.logging.log4j:log4j-core:2.14.1=runtimeClasspath\njunit:junit:4.12=testRuntimeClasspath\nempty=annotationProcessor\n`,
        ),
      ),
      ['Maven org.apache.logging.log4j:log4j-core 2.14.1 registry', 'Maven junit:junit 4.12 registry'],
    );
    assert.deepEqual(
      short(
        read(
          'pom.xml',
          `<?xml version="1.0"?><project><version>7</version><properties><log.version>2.14.1</log.version></properties><dependencies><dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>\${log.version}</version><exclusions><exclusion><groupId>x</groupId><artifactId>y</artifactId></exclusion></exclusions></dependency><dependency><groupId>a</groupId><artifactId>b</artifactId></dependency></dependencies></project>`,
        ),
      ),
      ['Maven org.apache.logging.log4j:log4j-core 2.14.1 registry', 'Maven a:b null registry'],
    );
  });

  it('that are broken or hostile end in an error, and never in silence', () => {
    const bomb = `lockfileVersion: 9\na: &a [x,x]\n${Array.from({ length: 60 }, (_, i) => `b${i}: &b${i} [*${i ? `b${i - 1}` : 'a'},*${i ? `b${i - 1}` : 'a'}]`).join('\n')}\n`;
    assert.throws(() => read('pnpm-lock.yaml', bomb));
    assert.throws(() => read('package-lock.json', '{"packages":'));
    assert.throws(() => read('package-lock.json', '[]'));
    assert.throws(() => read('poetry.lock', '[[package'));
    assert.throws(() => read('pom.xml', `<project>${'<a>'.repeat(5000)}`));
    assert.throws(() => read('pom.xml', '<!DOCTYPE x [<!ENTITY e "1">]><project>&e;</project>'));
    let deep: object = {};
    for (let i = 0; i < 500; i++)
      deep = { lockfileVersion: 1, dependencies: { a: { version: '1.0.0', ...deep } } };
    assert.throws(() => read('package-lock.json', JSON.stringify(deep)), /nested/);
    assert.equal(new Set(LOCK_FORMATS.map(({ name }) => name)).size, 21);
  });
});

describe('names', () => {
  it('that are one slip from a familiar one are told, familiar ones never', () => {
    assert.ok(
      isOneSlipFrom('reqeusts', 'requests') &&
        isOneSlipFrom('request', 'requests') &&
        isOneSlipFrom('lodahs', 'lodash'),
    );
    assert.ok(!isOneSlipFrom('requests', 'requests') && !isOneSlipFrom('reqs', 'requests'));
    assert.deepEqual(resemblance('PyPI', 'reqeusts'), { of: 'requests', technique: 'typosquat' });
    assert.deepEqual(resemblance('PyPI', 'scikitlearn'), { of: 'scikit-learn', technique: 'typosquat' });
    assert.deepEqual(resemblance('PyPI', 'huggingface_cli'), {
      of: 'huggingface-hub',
      technique: 'invented-name',
    });
    assert.deepEqual(resemblance('npm', 'loadsh'), { of: 'lodash', technique: 'typosquat' });
    for (const name of ['react', 'preact', '@types/react', 'lodash-es', 'ws'])
      assert.equal(resemblance('npm', name), null, name);
  });
});

describe('advisories', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-dependencies-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const database = (
    name: string,
    records: Parameters<typeof writeExport>[1],
    exploited?: readonly string[],
  ) => {
    const from = join(folder, name);
    writeExport(from, records);
    let list: string | undefined;
    if (exploited) {
      list = join(folder, `${name}.kev.json`);
      writeFileSync(
        list,
        JSON.stringify({
          dateReleased: '2026-11-20',
          vulnerabilities: exploited.map((cveID) => ({ cveID })),
        }),
      );
    }
    importAdvisories(from, join(folder, `${name}.db`), { exploited: list });
    return AdvisoryDatabase.open(join(folder, `${name}.db`))!;
  };
  const project = (name: string, files: Readonly<Record<string, string>>): string => {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
    return path;
  };
  const requirements = (...lines: string[]): string =>
    lines.map((line) => `${line} --hash=sha256:x`).join('\n');

  it('are matched as their ranges say, in every ecosystem', async () => {
    const some = database('ranges', {
      PyPI: [
        osv('A-1', 'PyPI', 'Left_Pad', [{ introduced: '0' }, { fixed: '1.5' }]),
        osv('A-2', 'PyPI', 'gap', [
          { introduced: '1.0' },
          { fixed: '1.2' },
          { introduced: '2.0' },
          { fixed: '2.2' },
        ]),
        osv('A-3', 'PyPI', 'last', [{ introduced: '0' }, { last_affected: '3.0' }]),
        osv('A-4', 'PyPI', 'listed', [], {}, { versions: ['1.0', '1.1'] }),
        osv('A-5', 'PyPI', 'gone', [{ introduced: '0' }], { withdrawn: '2026-02-01T00:00:00Z' }),
        osv('A-6', 'PyPI', 'limited', [{ introduced: '0' }, { limit: '2.0' }]),
        osv('A-7', 'PyPI', 'odd', [{ introduced: '0' }, { fixed: '1.0' }]),
      ],
      Maven: [
        osv('B-1', 'Maven', 'org.apache.logging.log4j:log4j-core', [
          { introduced: '2.0-beta9' },
          { fixed: '2.15.0' },
        ]),
      ],
      Go: [osv('C-1', 'Go', 'golang.org/x/net', [{ introduced: '0' }, { fixed: '0.17.0' }])],
    });
    const affected = async (line: string): Promise<string[]> => {
      const report = await inspectDependencies(
        [project('one', { 'requirements.txt': requirements(line) })],
        some,
      );
      return report.vulnerabilities.map(({ id, fixed }) => `${id} ${fixed}`);
    };
    const KNOWN: readonly [string, string[]][] = [
      ['left-pad==1.4.9', ['A-1 1.5']],
      ['left.pad==1.5rc1', ['A-1 1.5']],
      ['left-pad==1.5', []],
      ['gap==0.9', []],
      ['gap==1.1.9', ['A-2 1.2']],
      ['gap==1.2', []],
      ['gap==2.1', ['A-2 2.2']],
      ['gap==2.2', []],
      ['last==3.0', ['A-3 null']],
      ['last==3.0.1', []],
      ['listed==1.1.0', ['A-4 null']],
      ['listed==1.2', []],
      ['gone==1.0', []],
      ['limited==1.9', ['A-6 null']],
      ['limited==2.0', []],
    ];
    for (const [line, ids] of KNOWN) assert.deepEqual(await affected(line), ids, line);
    const odd = await inspectDependencies(
      [project('odd', { 'requirements.txt': requirements('odd==not-a-version') })],
      some,
    );
    assert.equal(odd.summary.verdict, 'incomplete');
    const java = project('java', {
      'gradle.lockfile': 'org.apache.logging.log4j:log4j-core:2.14.1=x\n',
      'go.mod': 'module x\nrequire golang.org/x/net v0.10.0\n',
    });
    assert.deepEqual(
      (await inspectDependencies([java], some)).vulnerabilities.map(({ id, fixed }) => `${id} ${fixed}`),
      ['C-1 0.17.0', 'B-1 2.15.0'],
    );
    some.close();
  });

  it('are told once under all their names, with what is exploited and what is malware', async () => {
    const some = database(
      'kinds',
      {
        npm: [
          osv('GHSA-aaaa', 'npm', 'left', [{ introduced: '0' }, { fixed: '2.0.0' }], {
            aliases: ['CVE-2026-0001'],
            severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:L/I:N/A:N' }],
          }),
          osv('OTHER-1', 'npm', 'left', [{ introduced: '0' }], { aliases: ['CVE-2026-0001'] }),
          osv('GHSA-bbbb', 'npm', 'right', [{ introduced: '0' }], {
            aliases: ['CVE-2026-0002'],
            database_specific: { severity: 'LOW' },
          }),
          osv('MAL-2026-1', 'npm', 'loadsh', [], {}, { versions: ['1.0.0'] }),
        ],
      },
      ['CVE-2026-0002'],
    );
    const path = project('kinds-project', {
      'package-lock.json': JSON.stringify({
        lockfileVersion: 3,
        packages: {
          'node_modules/left': { version: '1.0.0', integrity: 'x' },
          'node_modules/right': { version: '1.0.0', integrity: 'x', hasInstallScript: true },
          'node_modules/loadsh': { version: '1.0.0', integrity: 'x' },
        },
      }),
    });
    const report = await inspectDependencies([path], some);
    assert.deepEqual(
      report.files[0]!.detections.map(({ technique, severity }) => `${severity} ${technique}`),
      [
        'critical exploited-vulnerability',
        'critical malicious-package',
        'medium typosquat',
        'low vulnerability',
        'low install-script',
      ],
    );
    assert.equal(report.summary.verdict, 'malicious');
    for (const detection of report.files[0]!.detections) fileDetectionSchema.strict().parse(detection);
    const [first] = report.files[0]!.detections;
    assert.match(first!.message, /`right` 1\.0\.0 has GHSA-bbbb \(CVE-2026-0002\), disclosed 2026-01-02/);
    assert.deepEqual(first!.references.slice(0, 2), ['GHSA-bbbb', 'CVE-2026-0002']);
    assert.equal(first!.location.line, 1);
    some.close();
  });

  it('that are missing or old leave a check incomplete', async () => {
    const path = project('plain', { 'requirements.txt': requirements('requests==2.31.0') });
    assert.equal((await inspectDependencies([path], null)).summary.verdict, 'incomplete');
    const foreign = database('foreign', { npm: [osv('X', 'npm', 'x', [{ introduced: '0' }])] });
    assert.equal((await inspectDependencies([path], foreign)).summary.verdict, 'incomplete');
    const old = database('old', {
      PyPI: [{ ...osv('X', 'PyPI', 'x', [{ introduced: '0' }]), modified: '2020-01-01T00:00:00Z' }],
    });
    const report = await inspectDependencies([path], old);
    assert.deepEqual(
      report.files[0]!.detections.map(({ technique }) => technique),
      ['old-advisories'],
    );
    assert.equal(AdvisoryDatabase.open(join(folder, 'nowhere')), null);
    assert.throws(() => importAdvisories(join(folder, 'plain'), join(folder, 'to')), /has no advisories/);
  });

  it('are taken in whole or not at all, and what is no record is counted', () => {
    const from = join(folder, 'partly');
    writeExport(from, {
      PyPI: [osv('X-1', 'PyPI', 'left', [{ introduced: '0' }]), { id: '', modified: '' }],
    });
    const to = join(folder, 'partly.db');
    const first = importAdvisories(from, to);
    assert.deepEqual([first.ecosystems.PyPI!.records, first.ecosystems.PyPI!.unread], [1, 1]);
    const whole = readFileSync(join(from, 'PyPI', 'all.zip'));
    for (const broken of [whole.subarray(0, whole.length - 40), Buffer.from('nothing'), whole.subarray(50)]) {
      writeFileSync(join(from, 'PyPI', 'all.zip'), broken);
      assert.throws(() => importAdvisories(from, to), { code: 'usage' });
      const kept = AdvisoryDatabase.open(to)!;
      assert.equal(kept.about('PyPI', 'left').length, 1, 'what was there is there');
      kept.close();
    }
  });

  it('of ten thousand packages are looked up', async () => {
    const some = database('many', {
      npm: Array.from({ length: 5000 }, (_, i) =>
        osv(`M-${i}`, 'npm', `package-${i * 2}`, [{ introduced: '0' }, { fixed: '2.0.0' }]),
      ),
    });
    const packages = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, i) => [
        `node_modules/package-${i}`,
        { version: i % 4 < 2 ? '1.0.0' : '2.0.0', integrity: 'x' },
      ]),
    );
    const path = project('many-project', {
      'package-lock.json': JSON.stringify({ lockfileVersion: 3, packages }, null, 1),
    });
    const report = await inspectDependencies([path], some);
    assert.equal(report.packages, 10_000);
    assert.equal(report.vulnerabilities.length, 2500);
    some.close();
  });
});
