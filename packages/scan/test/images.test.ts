import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { VERSION_ORDERS } from '../src/dependencies/versions/index.ts';
import { AdvisoryDatabase, importAdvisories, inspectDependencies } from '../src/index.ts';
import { osv, writeExport } from './corpus/advisories.ts';
import { type TarPart, tar, zip } from './corpus/archives.ts';
import { type Compress, layout } from './corpus/image-layout.ts';

const DEBIAN_RELEASE = 'PRETTY_NAME="Debian"\nID=debian\nVERSION_ID="12"\n';
const STATUS = [
  'Package: libssl3\nStatus: install ok installed\nSource: openssl (3.0.11-1~deb12u2)\nVersion: 3.0.11-1~deb12u2+b1\nDescription: text\n more text\n',
  'Package: zlib1g\nStatus: install ok installed\nSource: zlib\nVersion: 1:1.2.13.dfsg-1\n',
  'Package: gone\nStatus: deinstall ok config-files\nVersion: 1.0\n',
].join('\n');

/** A note of what a program was built from, behind the first bytes of a program. */
function goProgram(modules: string): Buffer {
  const text = (value: string): Buffer => {
    const length: number[] = [];
    for (let rest = value.length; ; rest >>= 7) {
      if (rest < 128) {
        length.push(rest);
        break;
      }
      length.push((rest & 127) | 128);
    }
    return Buffer.concat([Buffer.from(length), Buffer.from(value)]);
  };
  const head = Buffer.alloc(32);
  head.write('\xff Go buildinf:', 'latin1');
  head[14] = 8;
  head[15] = 2;
  return Buffer.concat([
    Buffer.from('\x7fELF'),
    Buffer.alloc(5_000_000),
    head,
    text('go1.21.3'),
    text(modules),
  ]);
}

const file = (name: string, content: string | Buffer, mode = '0000644'): TarPart => ({
  name,
  content: Buffer.from(content),
  mode,
});
const LAYERS: readonly TarPart[][] = [
  [
    { name: './etc/', type: '5' },
    { name: './etc/os-release', type: '2', link: '../usr/lib/os-release' },
    file('./usr/lib/os-release', DEBIAN_RELEASE),
    file('./var/lib/dpkg/status', STATUS),
    file('./app/.env', 'AWS_ACCESS_KEY_ID=AKIAZ7QK3MTE5RXWV2LD\n'),
    file('./srv/node_modules/old/package.json', '{"name":"old","version":"1.0.0"}'),
  ],
  [
    file(
      'srv/node_modules/left/package.json',
      '{"name":"left","version":"1.0.0","scripts":{"postinstall":"x"}}',
    ),
    file('srv/node_modules/left/node_modules/@a/b/package.json', '{"name":"@a/b","version":"2.0.0"}'),
    file(
      'usr/lib/python3/dist-packages/Left_Pad-1.2.dist-info/METADATA',
      'Metadata-Version: 2.1\nName: Left_Pad\nVersion: 1.2\n\nName: not this\n',
    ),
    file(
      'usr/bin/tool',
      goProgram(
        'path\texample.org/tool\nmod\texample.org/tool\t(devel)\ndep\tgolang.org/x/net\tv0.10.0\th1:x\n',
      ),
      '0000755',
    ),
    file(
      'opt/app.jar',
      zip([
        {
          name: 'BOOT-INF/lib/log4j-core-2.14.1.jar',
          content: zip([
            {
              name: 'META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties',
              content: Buffer.from(
                'version=2.14.1\ngroupId=org.apache.logging.log4j\nartifactId=log4j-core\n',
              ),
            },
          ]),
        },
      ]),
    ),
  ],
  [file('app/.wh..env', ''), file('srv/node_modules/.wh.old', '')],
];

describe('versions of distributions', () => {
  /** Each is in order; `=` joins what is the same. */
  const DEBIAN =
    '1.0~~ 1.0~rc1 1.0~rc1+b1 1.0=0:1.0=1.00 1.0-0.1 1.0-1 1.0-1+b1 1.0-1.1 1.0a 1.0+dfsg 1.0.1 1.2 1.10 1:0.1';
  const ALPINE =
    '1.2_alpha 1.2_alpha2 1.2_beta1 1.2_rc1 1.2 1.2-r1 1.2-r10 1.2_git20200101 1.2_p1 1.2_p2-r0 1.2a 1.2b-r1 1.2.0 1.2.05 1.2.1 1.10 2';

  for (const [ecosystem, orders] of [
    ['Debian', DEBIAN],
    ['Alpine', ALPINE],
  ] as const)
    it(`of ${ecosystem} are ordered`, () => {
      const order = VERSION_ORDERS[ecosystem];
      const groups = orders.split(' ').map((group) => group.split('='));
      for (const [i, left] of groups.entries())
        for (const [j, right] of groups.entries())
          for (const a of left)
            for (const b of right)
              assert.equal(Math.sign(order.compare(a, b)), Math.sign(i - j), `${a} and ${b}`);
      assert.equal(order.isVersion('latest'), false);
    });

  const hasDpkg = spawnSync('dpkg', ['--version']).status === 0;
  it('of Debian are ordered as dpkg does', { skip: !hasDpkg && 'there is no dpkg' }, () => {
    const parts = ['1', '0', '10', '.', '~', '+', 'a', 'rc', '-1', '00', '-', ':2'];
    let seed = 7;
    const next = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return Math.floor((seed / 2 ** 31) * below);
    };
    const version = (): string =>
      `${next(4)}${Array.from({ length: next(6) }, () => parts[next(parts.length)]).join('')}`;
    const order = VERSION_ORDERS.Debian;
    let compared = 0;
    while (compared < 150) {
      const [a, b] = [version(), version()];
      if (
        [a, b].some((one) => /:.*:|^\d+:\D|[:-]$|-.*:|^[^:]*[^\d:][^:]*:/.test(one) || !order.isVersion(one))
      )
        continue;
      const said = ['lt', 'eq', 'gt'].find(
        (relation) => spawnSync('dpkg', ['--compare-versions', a, relation, b]).status === 0,
      );
      assert.equal(['lt', 'eq', 'gt'][Math.sign(order.compare(a, b)) + 1], said, `${a} and ${b}`);
      compared++;
    }
  });
});

describe('container images', () => {
  let folder: string;
  let database: AdvisoryDatabase;
  const layers = LAYERS.map((parts) => tar(parts));

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-images-'));
    const fixed = (version: string) => [{ introduced: '0' }, { fixed: version }];
    writeExport(join(folder, 'osv'), {
      Debian: [
        osv('DSA-1', 'Debian:12', 'openssl', fixed('3.0.11-1~deb12u3')),
        osv('DSA-2', 'Debian:11', 'zlib', fixed('9')),
        osv('DSA-3', 'Debian:12', 'zlib', fixed('1:1.2.13.dfsg-1')),
        osv('DSA-4', 'Debian:12', 'gone', fixed('9')),
      ],
      Alpine: [osv('ALPINE-1', 'Alpine:v3.19', 'busybox', fixed('1.36.1-r16'))],
      npm: [osv('N-1', 'npm', 'left', fixed('2.0.0')), osv('N-2', 'npm', 'old', fixed('2.0.0'))],
      PyPI: [osv('P-1', 'PyPI', 'left-pad', fixed('1.3'))],
      Go: [
        osv('G-1', 'Go', 'golang.org/x/net', fixed('0.17.0')),
        osv('G-2', 'Go', 'stdlib', fixed('1.21.4')),
      ],
      Maven: [osv('M-1', 'Maven', 'org.apache.logging.log4j:log4j-core', fixed('2.15.0'))],
    });
    importAdvisories(join(folder, 'osv'), join(folder, 'db'));
    database = AdvisoryDatabase.open(join(folder, 'db'))!;
  });
  after(() => {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const asFolder = (name: string, files: ReadonlyMap<string, Buffer>): string => {
    for (const [path, content] of files) {
      mkdirSync(join(folder, name, path, '..'), { recursive: true });
      writeFileSync(join(folder, name, path), content);
    }
    return join(folder, name);
  };
  const asTar = (
    name: string,
    files: ReadonlyMap<string, Buffer>,
    compress: Compress = (bytes) => bytes,
  ): string => {
    const path = join(folder, name);
    writeFileSync(path, compress(tar([...files].map(([file, content]) => ({ name: file, content })))));
    return path;
  };
  const docker = (): Map<string, Buffer> => {
    const settings = Buffer.from(
      '{"config":{"Env":["API_KEY=sk-proj-aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5zA7bC9dE1fG3"]}}',
    );
    const files = new Map(layers.map((layer, at) => [`${at}/layer.tar`, layer]));
    const id = `${hash('sha256', settings, 'hex')}.json`;
    files.set(id, settings);
    files.set(
      'manifest.json',
      Buffer.from(
        JSON.stringify([
          { Config: id, RepoTags: ['app:1'], Layers: layers.map((_, at) => `${at}/layer.tar`) },
        ]),
      ),
    );
    return files;
  };
  const EXPECTED = ['DSA-1', 'N-1', 'P-1', 'G-2', 'G-1', 'M-1'];

  it('are read as a container sees them, in every form they come in', async () => {
    const plain = (bytes: Buffer): Buffer => bytes;
    const forms = [
      asFolder(
        'folder',
        layout(layers, (bytes) => gzipSync(bytes)),
      ),
      asFolder(
        'zstd',
        layout(layers, (bytes) => zstdCompressSync(bytes)),
      ),
      asTar('layout.tar', layout(layers, plain)),
      asTar('layout.tar.gz', layout(layers, plain), (bytes) => gzipSync(bytes)),
      asTar('docker.tar', docker()),
    ];
    for (const form of forms) {
      const { files, vulnerabilities } = await inspectDependencies([form], database);
      assert.deepEqual(
        files.map(({ path, format }) => [path, format]),
        [[form, 'container-image']],
      );
      assert.deepEqual(vulnerabilities.map(({ id }) => id).sort(), [...EXPECTED].sort(), form);
      const techniques = files[0]!.detections.map(({ technique }) => technique);
      assert.ok(
        !techniques.includes('unreadable-lock') && !techniques.includes('image-altered'),
        techniques.join(),
      );
      const secret = files[0]!.detections.find(
        ({ technique, message }) => technique === 'image-secret' && /\.env/.test(message),
      );
      assert.match(secret!.message, /`app\/\.env`, layer 1; a later layer takes the file away/);
      assert.ok(!JSON.stringify(files).includes('AKIAZ7QK3MTE5RXWV2LD'));
    }
    const { files } = await inspectDependencies([join(folder, 'docker.tar')], database);
    const about = files[0]!.detections.map(({ technique, location }) => `${technique} ${location.pointer}`);
    assert.ok(about.includes('image-secret /config/Env/API_KEY'));
    assert.ok(about.includes('image-root /config/User'));
  });

  it('that are altered, cut, or of a release nobody has advisories of, are never clean', async () => {
    const files = layout(layers, (bytes) => gzipSync(bytes));
    const [largest] = [...files].sort(([, a], [, b]) => b.length - a.length);
    const other = tar([file('var/lib/dpkg/status', '')]);
    const cases: [string, Map<string, Buffer>, string][] = [
      ['other', new Map(files).set(largest![0], gzipSync(other)), 'image-altered'],
      ['cut', new Map(files).set(largest![0], largest![1].subarray(0, 1000)), 'unreadable-lock'],
      ['missing', new Map([...files].filter(([name]) => name !== largest![0])), 'unreadable-lock'],
      [
        'sid',
        layout([tar([file('etc/os-release', 'ID=debian\n'), file('var/lib/dpkg/status', STATUS)])], (b) => b),
        'no-advisories',
      ],
      [
        'fedora',
        layout(
          [tar([file('etc/os-release', 'ID=fedora\n'), file('usr/lib/sysimage/rpm/rpmdb.sqlite', 'x')])],
          (b) => b,
        ),
        'unreadable-lock',
      ],
      ['outside', layout([tar([file('../../etc/os-release', DEBIAN_RELEASE)])], (b) => b), 'unreadable-lock'],
      ['broken', layout([tar([file('srv/node_modules/a/package.json', '{')])], (b) => b), 'unreadable-lock'],
    ];
    for (const [name, blobs, technique] of cases) {
      const {
        files: [report],
        summary,
      } = await inspectDependencies([asFolder(`bad-${name}`, blobs)], database);
      assert.ok(
        report!.detections.some((one) => one.technique === technique),
        `${name}: ${JSON.stringify(report!.detections)}`,
      );
      assert.ok(summary.verdict === 'incomplete' || summary.verdict === 'suspicious', name);
    }
    const alpine = layout(
      [
        tar([
          file('etc/os-release', 'ID=alpine\nVERSION_ID=3.19.1\n'),
          file('lib/apk/db/installed', 'P:ssl_client\nV:1.36.1-r15\no:busybox\n\n'),
        ]),
      ],
      (b) => b,
    );
    const { vulnerabilities } = await inspectDependencies([asFolder('alpine', alpine)], database);
    assert.deepEqual(
      vulnerabilities.map(({ id, fixed }) => `${id} ${fixed}`),
      ['ALPINE-1 1.36.1-r16'],
    );
  });

  it('whose list of packages is not there, or cannot be understood, are never clean', async () => {
    const release = file('etc/os-release', DEBIAN_RELEASE);
    const status = 'var/lib/dpkg/status';
    const link = (name: string, to: string, type = '2'): TarPart => ({ name, type, link: to });
    const cases: Readonly<Record<string, readonly (readonly TarPart[])[]>> = {
      loop: [[release, link(status, '/var/lib/dpkg/b'), link('var/lib/dpkg/b', 'status')]],
      wide: [[release, file(status, Buffer.from(STATUS, 'utf16le'))]],
      gone: [[release, file(status, STATUS)], [file('var/lib/dpkg/.wh.status', '')]],
      none: [[release]],
    };
    for (const [name, parts] of Object.entries(cases)) {
      const blobs = layout(
        parts.map((one) => tar([...one])),
        (b) => b,
      );
      const { summary } = await inspectDependencies([asFolder(`link-${name}`, blobs)], database);
      assert.equal(summary.verdict, 'incomplete', name);
    }
    const merged = [[release, file(status, STATUS), link('lib', 'usr/lib')], [file('x', '')]];
    const blobs = layout(
      merged.map((one) => tar(one)),
      (b) => b,
    );
    const { files } = await inspectDependencies([asFolder('link-merged', blobs)], database);
    assert.ok(!files[0]!.detections.some(({ technique }) => technique === 'unreadable-lock'));
  });

  it('are told from other archives, and read nothing outside their folder', async () => {
    const plain = new Map([
      ['package.json', Buffer.from('{}')],
      ['manifest.json', Buffer.from('{"name":"an app"}')],
    ]);
    asTar('a.tar', plain);
    const { files } = await inspectDependencies([join(folder, 'a.tar')], database);
    assert.deepEqual(files, []);
    const outside = layout([], (b) => b);
    outside.delete('index.json');
    outside.set('manifest.json', Buffer.from('[{"Config":"../secret.json","Layers":["../../etc/passwd"]}]'));
    assert.deepEqual((await inspectDependencies([asFolder('outside', outside)], database)).files, []);
  });
});
