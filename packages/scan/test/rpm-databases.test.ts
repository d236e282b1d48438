import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Random } from '@sallyport/attacks';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { rpmHeaders } from '../src/dependencies/images/rpm-databases.ts';
import { readRpmHeader } from '../src/dependencies/images/rpm-header.ts';
import { compareRpm, isRpmVersion } from '../src/dependencies/versions/rpm.ts';
import { AdvisoryDatabase, importAdvisories, inspectDependencies } from '../src/index.ts';
import { osv, writeExport } from './corpus/advisories.ts';
import { tar } from './corpus/archives.ts';
import { layout } from './corpus/image-layout.ts';
import { type RpmFields, rpmBerkeley, rpmHeader, rpmNdb, rpmSqlite } from './corpus/rpm-databases.ts';

const PACKAGES: readonly RpmFields[] = [
  {
    name: 'openssl-libs',
    version: '3.0.7',
    release: '24.el9',
    epoch: 1,
    source: 'openssl-3.0.7-24.el9.src.rpm',
  },
  { name: 'bash', version: '5.1.8', release: '6.el9', source: 'bash-5.1.8-6.el9.src.rpm', padding: 20_000 },
  { name: 'gpg-pubkey', version: 'fd431d51', release: '4ae0493b' },
  { name: 'zlib', version: '1.2.11', release: '40.el9', padding: 300 },
];
const SEEN = ['openssl-libs 1:3.0.7-24.el9', 'bash 5.1.8-6.el9', 'zlib 1.2.11-40.el9'];
const HEADERS = PACKAGES.map(rpmHeader);
const FORMS: Readonly<Record<string, [string, (headers: readonly Buffer[]) => Buffer]>> = {
  SQLite: ['rpmdb.sqlite', rpmSqlite],
  'SQLite in small pages': ['rpmdb.sqlite', (headers) => rpmSqlite(headers, 512)],
  'SQLite in the largest pages': ['rpmdb.sqlite', (headers) => rpmSqlite(headers, 65_536)],
  ndb: ['Packages.db', rpmNdb],
  'Berkeley DB': ['Packages', (headers) => rpmBerkeley(headers)],
  'Berkeley DB of the other order of bytes': ['Packages', (headers) => rpmBerkeley(headers, true)],
  'Berkeley DB in small pages': ['Packages', (headers) => rpmBerkeley(headers, false, 512)],
};
const read = (bytes: Buffer, path: string): string[] =>
  [...rpmHeaders(new BytesSource(bytes), path)].flatMap((header) => {
    const found = readRpmHeader(header);
    return found ? [`${found.name} ${found.version}`] : [];
  });

describe('databases of RPM', () => {
  for (const [form, [path, write]] of Object.entries(FORMS)) {
    it(`in ${form} are read`, () => {
      assert.deepEqual(read(write(HEADERS), path), SEEN);
      const many = Array.from({ length: form.includes('Berkeley') ? 4 : 300 }, (_, i) =>
        rpmHeader({ name: `p${i}`, version: '1', release: '2', padding: 250 * (i % 40) }),
      );
      assert.deepEqual(read(write(many), path).sort(), many.map((_, i) => `p${i} 1-2`).sort());
    });

    it(`in ${form} that lie end in words, and soon`, { timeout: 60_000 }, () => {
      const random = new Random(7);
      const whole = write(HEADERS);
      for (let round = 0; round < 400; round++) {
        const bytes = Buffer.from(whole);
        for (let i = random.below(6); i >= 0; i--) {
          // Most of what leads elsewhere lies at the beginning of a page.
          const isNear = random.below(2) === 0;
          const page = 512 * random.below(bytes.length / 512);
          const at = isNear ? page + random.below(64) : random.below(bytes.length);
          const values = [0, 1, 2, 3, 7, 13, 255, random.below(256)];
          bytes[Math.min(bytes.length - 1, at)] = values[random.below(8)]!;
        }
        try {
          read(random.below(5) === 0 ? bytes.subarray(0, random.below(bytes.length)) : bytes, path);
        } catch (fault) {
          assert.ok(fault instanceof Error && !(fault instanceof TypeError), String((fault as Error).stack));
          assert.doesNotMatch(fault.message, /ERR_|undefined/, fault.stack);
        }
      }
    });
  }

  it('that point at one package a thousand times say so', () => {
    const large = rpmHeader({ name: 'a', version: '1', release: '1', padding: 100_000 });
    const ndb = rpmNdb([large]);
    for (let slot = 48; slot < 4096; slot += 16) ndb.copy(ndb, slot, 32, 48);
    assert.throws(() => read(ndb, 'Packages.db'), /larger than it is/);
    const berkeley = rpmBerkeley([large]);
    berkeley.writeUInt32LE(0x7fff_ffff, berkeley.indexOf(Buffer.from([3, 0, 0, 0, 2, 0, 0, 0])) + 8);
    assert.throws(() => read(berkeley, 'Packages'), /larger than it is/);
  });
});

describe('versions of RPM', () => {
  it('are ordered', () => {
    const ORDER =
      '1.0~rc1^git1 1.0~rc2 1.0~rc2^x 1.0=0:1.0=1.0-9=1.00=1_0 1.0^ 1.0^git1 1.0^git2 1.0a 1.0aa 1.0b 1.0.1=1.0.01 1.0.10 1.1~ 1.1 2 10 10a.1 10.1 1:0.1';
    const groups = ORDER.split(' ').map((group) => group.split('='));
    for (const [i, left] of groups.entries())
      for (const [j, right] of groups.entries())
        for (const a of left)
          for (const b of right) assert.equal(Math.sign(compareRpm(a, b)), Math.sign(i - j), `${a} and ${b}`);
    assert.ok(compareRpm('1.0-1.el9', '1.0-1.el9_2') < 0);
    assert.ok(compareRpm('1.0-10', '1.0-9') > 0);
    assert.deepEqual(['1.0-1', '', '1 2', '1-2-3', 'a:1'].map(isRpmVersion), [
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('images with packages of RPM', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-rpm-'));
  let database: AdvisoryDatabase;
  const of = (ecosystem: string, name: string, fixed: string) =>
    osv(`${ecosystem.replace(/\W+/g, '-')}-${name}`, ecosystem, name, [{ introduced: '0' }, { fixed }]);

  before(() => {
    const from = join(folder, 'osv');
    writeExport(from, {
      'Rocky Linux': [of('Rocky Linux:9', 'openssl', '1:3.0.7-25.el9'), of('Rocky Linux:8', 'bash', '9')],
      AlmaLinux: [of('AlmaLinux:9', 'openssl-libs', '1:3.0.7-25.el9'), of('AlmaLinux:9', 'openssl', '9:1')],
      'Red Hat': [
        of('Red Hat:enterprise_linux:9::baseos', 'bash', '5.1.8-7.el9'),
        of('Red Hat:rhel_eus:9.2::baseos', 'zlib', '9'),
      ],
      SUSE: [
        of('SUSE:Linux Enterprise Module for Basesystem 15 SP5', 'openssl', '1:3.0.7-25'),
        of('SUSE:Linux Enterprise Server 15 SP4', 'bash', '9'),
      ],
      openSUSE: [of('openSUSE:Leap 15.5', 'openssl', '1:3.0.7-25'), of('openSUSE:Tumbleweed', 'bash', '6')],
    });
    importAdvisories(from, join(folder, 'advisories'));
    database = AdvisoryDatabase.open(join(folder, 'advisories'))!;
  });
  after(() => {
    database.close();
    rmSync(folder, { recursive: true });
  });

  const inspect = async (name: string, release: string, files: Readonly<Record<string, string | Buffer>>) => {
    const root = join(folder, name);
    const parts = Object.entries({ 'etc/os-release': release, ...files }).map(([path, content]) => ({
      name: path,
      content: Buffer.from(content),
      mode: '0000644',
    }));
    for (const [path, bytes] of layout([tar(parts)], (plain) => plain)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), bytes);
    }
    const report = await inspectDependencies([root], database);
    return {
      found: report.vulnerabilities.map(({ id, fixed }) => `${id} ${fixed}`).sort(),
      packages: report.files.reduce((sum, one) => sum + one.packages, 0),
      told: report.files.flatMap(({ detections }) =>
        detections.map(({ technique, message }) => `${technique} ${message}`),
      ),
    };
  };

  it('are held against the advisories of their distribution', async () => {
    const at = 'usr/lib/sysimage/rpm/rpmdb.sqlite';
    const sqlite = { [at]: rpmSqlite(HEADERS) };
    const cases: readonly [string, string, Readonly<Record<string, Buffer>>, string[]][] = [
      ['rocky', 'ID="rocky"\nVERSION_ID="9.3"\n', sqlite, ['Rocky-Linux-9-openssl 1:3.0.7-25.el9']],
      ['alma', 'ID="almalinux"\nVERSION_ID="9.3"\n', sqlite, ['AlmaLinux-9-openssl-libs 1:3.0.7-25.el9']],
      [
        'rhel',
        'ID="rhel"\nVERSION_ID="9.4"\n',
        { 'var/lib/rpm/rpmdb.sqlite': rpmSqlite(HEADERS) },
        ['Red-Hat-enterprise_linux-9-baseos-bash 5.1.8-7.el9'],
      ],
      [
        'sles',
        'ID="sles"\nVERSION_ID="15.5"\n',
        { 'usr/lib/sysimage/rpm/Packages.db': rpmNdb(HEADERS) },
        ['SUSE-Linux-Enterprise-Module-for-Basesystem-15-SP5-openssl 1:3.0.7-25'],
      ],
      [
        'leap',
        'ID="opensuse-leap"\nVERSION_ID="15.5"\n',
        { 'usr/lib/sysimage/rpm/Packages.db': rpmNdb(HEADERS) },
        ['openSUSE-Leap-15-5-openssl 1:3.0.7-25'],
      ],
      [
        'tumbleweed',
        'ID="opensuse-tumbleweed"\nVERSION_ID="20260101"\n',
        { 'var/lib/rpm/Packages': rpmBerkeley(HEADERS) },
        ['openSUSE-Tumbleweed-bash 6'],
      ],
    ];
    for (const [name, release, files, expected] of cases) {
      const { found, told, packages } = await inspect(name, release, files);
      assert.deepEqual(found, expected, name);
      assert.equal(packages, 3, name);
      assert.ok(!told.some((one) => /unreadable|no-advisories/.test(one)), told.join('\n'));
    }
  });

  it('of other distributions are listed, and told to be without advisories', async () => {
    const { packages, told } = await inspect('fedora', 'ID=fedora\nVERSION_ID=40\n', {
      'usr/lib/sysimage/rpm/rpmdb.sqlite': rpmSqlite(HEADERS),
      'usr/lib/sysimage/rpm/rpmdb.sqlite-wal': '',
    });
    assert.equal(packages, 3);
    assert.ok(told.includes('no-advisories no advisories of RPM are at hand'), told.join('\n'));
    assert.ok(!told.some((one) => one.startsWith('unreadable')), told.join('\n'));
  });

  it('keep what is read before a fault, and are incomplete', async () => {
    const broken = rpmNdb([HEADERS[0]!, Buffer.alloc(40, 0xff), HEADERS[3]!]);
    const { packages, told } = await inspect('broken', 'ID=rocky\nVERSION_ID=9\n', {
      'var/lib/rpm/Packages.db': broken,
    });
    assert.equal(packages, 2);
    assert.match(told.join('\n'), /unreadable-lock .*Packages\.db.*longer than its record/);
    const pending = await inspect('pending', 'ID=rocky\nVERSION_ID=9\n', {
      'var/lib/rpm/rpmdb.sqlite': rpmSqlite(HEADERS),
      'var/lib/rpm/rpmdb.sqlite-wal': 'x',
    });
    assert.match(pending.told.join('\n'), /unreadable-lock .*beside their database/);
  });
});
