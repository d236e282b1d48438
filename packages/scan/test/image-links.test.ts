import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { AdvisoryDatabase, importAdvisories, inspectDependencies } from '../src/index.ts';
import { osv, writeExport } from './corpus/advisories.ts';
import { type TarPart, tar } from './corpus/archives.ts';
import { layout } from './corpus/image-layout.ts';

const RELEASE = 'ID=debian\nVERSION_ID="12"\n';
const STATUS = 'Package: libssl3\nStatus: install ok installed\nSource: openssl\nVersion: 3.0.11-1\n';
const OTHER = 'Package: zlib1g\nStatus: install ok installed\nSource: zlib\nVersion: 1:1.2.13\n';
const APK = 'P:busybox\nV:1.36.1-r15\no:busybox\n\n';
const DB = 'var/lib/dpkg/status';
const SECRET = 'AWS_ACCESS_KEY_ID=AKIAZ7QK3MTE5RXWV2LD\n';

const file = (name: string, content: string, mode = '0000644'): TarPart => ({
  name,
  content: Buffer.from(content),
  mode,
});
const link = (name: string, to: string): TarPart => ({ name, type: '2', link: to });
const hard = (name: string, to: string): TarPart => ({ name, type: '1', link: to });
const directory = (name: string): TarPart => ({ name, type: '5' });
const gone = (name: string): TarPart =>
  file(join(dirname(name), `.wh.${name.slice(name.lastIndexOf('/') + 1)}`), '');
const opaque = (folder: string): TarPart => file(`${folder}/.wh..wh..opq`, '');
const npm = (name: string, version: string): string => JSON.stringify({ name, version });

describe('links in container images', () => {
  let folder: string;
  let database: AdvisoryDatabase;
  let round = 0;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-links-'));
    const always = [{ introduced: '0' }];
    writeExport(join(folder, 'osv'), {
      Debian: [osv('DSA-1', 'Debian:12', 'openssl', always), osv('DSA-2', 'Debian:12', 'zlib', always)],
      Alpine: [osv('ALPINE-1', 'Alpine:v3.19', 'busybox', always)],
      npm: [osv('N-1', 'npm', 'left', always), osv('N-2', 'npm', 'right', always)],
      PyPI: [osv('P-1', 'PyPI', 'left-pad', always)],
    });
    importAdvisories(join(folder, 'osv'), join(folder, 'db'));
    database = AdvisoryDatabase.open(join(folder, 'db'))!;
  });
  after(() => {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const write = (files: ReadonlyMap<string, Buffer>): string => {
    const root = join(folder, `image-${++round}`);
    for (const [path, content] of files) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      writeFileSync(join(root, path), content);
    }
    return root;
  };
  const inspected = async (layers: readonly (readonly TarPart[])[], raw?: (tape: Buffer) => Buffer) => {
    const tapes = layers.map((parts) => (raw ?? ((tape) => tape))(tar(parts)));
    const { files, vulnerabilities } = await inspectDependencies(
      [write(layout(tapes, (bytes) => gzipSync(bytes)))],
      database,
    );
    return {
      ids: vulnerabilities.map(({ id }) => id).sort(),
      verdict: files[0]!.verdict,
      unread: files[0]!.detections
        .filter(({ technique }) => technique === 'unreadable-lock')
        .map(({ message }) => message),
      secrets: files[0]!.detections
        .filter(({ technique }) => technique === 'image-secret')
        .map(({ message }) => /in `([^`]*)`, (layer \d+(?:; a later)?)/.exec(message)!.slice(1).join(' ')),
    };
  };
  const release = file('etc/os-release', RELEASE);

  it('lead to what a container would find there, in one layer and over several', async () => {
    const cases: Readonly<Record<string, readonly (readonly TarPart[])[]>> = {
      'a file': [[release, file('opt/st', STATUS), link(DB, '/opt/st')]],
      'a relative file': [[release, file('opt/st', STATUS), link(DB, '../../../opt/st')]],
      'above the root, which is the root': [
        [release, file('opt/st', STATUS), link(DB, '../../../../../../opt/st')],
      ],
      'a chain': [
        [release, link(DB, 'a'), link('var/lib/dpkg/a', '/b'), link('b', 'opt/st'), file('opt/st', STATUS)],
      ],
      'a folder': [[release, file('opt/d/status', STATUS), link('var/lib/dpkg', '../../opt/d')]],
      'a folder further up': [[release, file('data/lib/dpkg/status', STATUS), link('var', 'data')]],
      'itself, on the way': [[release, file('lib/dpkg/status', STATUS), link('var', '.')]],
      'a folder written through': [[release, directory('data'), link('var', 'data'), file(DB, STATUS)]],
      'a folder written through in a later layer': [
        [release, directory('data'), link('var', '/data')],
        [file(DB, STATUS)],
      ],
      'a folder that is not there until it is written through': [
        [release, link('var', '/data'), file(DB, STATUS)],
      ],
      'a file of a later layer': [[release, link(DB, '/opt/st')], [file('opt/st', STATUS)]],
      'a file of an earlier layer': [[release, file('opt/st', STATUS)], [link(DB, '/opt/st')]],
      'a name of the same file': [[release, file('opt/st', STATUS), hard(DB, 'opt/st')]],
      'a name of the same file, by its absolute path': [
        [release, file('opt/st', STATUS)],
        [hard(DB, '/opt/st')],
      ],
      'a name through a link': [[release, file('opt/st', STATUS), link('srv', 'opt'), hard(DB, 'srv/st')]],
      'a name of a link': [[release, file('opt/st', STATUS), link('l', '/opt/st'), hard(DB, 'l')]],
      'a name whose first is taken away': [
        [release, file('opt/st', STATUS)],
        [hard(DB, 'opt/st'), gone('opt/st')],
        [gone('opt/st')],
      ],
      'a release behind a link': [
        [file('opt/rel', RELEASE), link('etc/os-release', '/opt/rel'), file(DB, STATUS)],
      ],
      'a list in parts': [[release, file('opt/d/openssl', STATUS), link('var/lib/dpkg/status.d', '/opt/d')]],
    };
    for (const [what, layers] of Object.entries(cases)) {
      const { ids, unread } = await inspected(layers);
      assert.deepEqual([ids, unread], [['DSA-1'], []], what);
    }
    const alpine = await inspected([
      [
        file('etc/os-release', 'ID=alpine\nVERSION_ID=3.19.1\n'),
        file('opt/db', APK),
        link('lib/apk/db/installed', '/opt/db'),
      ],
    ]);
    assert.deepEqual([alpine.ids, alpine.unread], [['ALPINE-1'], []]);
  });

  it('are judged by every name that leads somewhere, wherever the content lies', async () => {
    const cases: Readonly<Record<string, readonly [readonly (readonly TarPart[])[], readonly string[]]>> = {
      'a package of npm': [
        [[file('blobs/a', npm('left', '1.0.0')), link('srv/node_modules/left/package.json', '/blobs/a')]],
        ['N-1'],
      ],
      'a folder of one': [
        [[file('store/a/package.json', npm('left', '1.0.0')), link('srv/node_modules/left', '/store/a')]],
        ['N-1'],
      ],
      'a folder of folders': [
        [[file('store/left/package.json', npm('left', '1.0.0')), link('srv/node_modules', '/store')]],
        ['N-1'],
      ],
      'a folder of links to folders': [
        [
          [
            file('x/a/package.json', npm('left', '1.0.0')),
            link('store/left', '/x/a'),
            link('srv/node_modules', '/store'),
          ],
        ],
        ['N-1'],
      ],
      'both over layers': [
        [
          [file('x/a/package.json', npm('left', '1.0.0'))],
          [link('store/left', '/x/a')],
          [link('srv/node_modules', '/store')],
        ],
        ['N-1'],
      ],
      'a package of Python': [
        [
          [
            file('blobs/m', 'Name: Left_Pad\nVersion: 1\n'),
            link('usr/lib/left_pad-1.dist-info/METADATA', '/blobs/m'),
          ],
        ],
        ['P-1'],
      ],
      'nothing, where a folder took the place of a link': [
        [
          [file('x/package.json', npm('left', '1.0.0')), link('srv/node_modules/left', '/x')],
          [directory('srv/node_modules/left')],
        ],
        [],
      ],
      'nothing, where the link was taken away': [
        [
          [file('x/package.json', npm('left', '1.0.0')), link('srv/node_modules/left', '/x')],
          [gone('srv/node_modules/left')],
        ],
        [],
      ],
      'nothing, where what it led to was': [
        [[file('x/package.json', npm('left', '1.0.0')), link('srv/node_modules/left', '/x')], [opaque('x')]],
        [],
      ],
      'what stands there since': [
        [
          [file('x/package.json', npm('left', '1.0.0')), link('srv/node_modules/a', '/x')],
          [file('x/package.json', npm('right', '1.0.0'))],
        ],
        ['N-2'],
      ],
    };
    for (const [what, [layers, ids]] of Object.entries(cases)) {
      const said = await inspected(layers);
      assert.deepEqual([said.ids, said.unread], [ids, []], what);
    }
  });

  it('to secrets are named, and those that a later layer takes away', async () => {
    const named = await inspected([[file('blobs/s', SECRET), link('app/.env', '/blobs/s')]]);
    assert.deepEqual(named.secrets, ['app/.env layer 1']);
    const folderOf = await inspected([[file('keys/credentials', SECRET), link('root/.aws', '/keys')]]);
    assert.deepEqual(folderOf.secrets, ['root/.aws/credentials layer 1']);
    const taken = await inspected([[file('app/.env', SECRET), hard('b', 'app/.env')], [gone('app/.env')]]);
    assert.deepEqual(taken.secrets, ['app/.env layer 1'], 'the file is still there, under its other name');
    const all = await inspected([
      [file('app/.env', SECRET), hard('b', 'app/.env')],
      [gone('app'), gone('b')],
    ]);
    assert.deepEqual(all.secrets, ['app/.env layer 1; a later']);
  });

  it('and what takes names away act on the layers below alone', async () => {
    const cases: Readonly<Record<string, readonly [readonly (readonly TarPart[])[], readonly string[]]>> = {
      'a file put back': [
        [
          [release, file(DB, STATUS)],
          [gone(DB), file(DB, OTHER)],
        ],
        ['DSA-2'],
      ],
      'a file put back before': [
        [
          [release, file(DB, STATUS)],
          [file(DB, OTHER), gone(DB)],
        ],
        ['DSA-2'],
      ],
      'a folder emptied, and filled': [
        [
          [release, file(DB, STATUS)],
          [opaque('var/lib/dpkg'), file('var/lib/dpkg/status.d/z', OTHER)],
        ],
        ['DSA-2'],
      ],
      'a folder filled, and emptied': [
        [
          [release, file(DB, STATUS)],
          [file('var/lib/dpkg/status.d/z', OTHER), opaque('var')],
        ],
        ['DSA-2'],
      ],
      'a folder stated again': [[[release, file(DB, STATUS)], [directory('var/lib/dpkg/')]], ['DSA-1']],
      'through a link': [
        [
          [
            release,
            file('data/lib/dpkg/status', STATUS),
            link('var', 'data'),
            file('var/lib/dpkg/status.d/z', OTHER),
          ],
          [gone('var/lib/dpkg/status')],
        ],
        ['DSA-2'],
      ],
      'a folder by a file, and by a folder again': [
        [
          [release, file(DB, STATUS)],
          [file('var/lib/dpkg', '')],
          [directory('var/lib/dpkg'), file('var/lib/dpkg/status.d/z', OTHER)],
        ],
        ['DSA-2'],
      ],
    };
    for (const [what, [layers, ids]] of Object.entries(cases)) {
      const said = await inspected(layers);
      assert.deepEqual([said.ids, said.unread], [ids, []], what);
    }
  });

  it('that lead nowhere, round, or to what no container unpacks, are never clean', async () => {
    const cases: Readonly<Record<string, readonly (readonly TarPart[])[]>> = {
      round: [[release, link(DB, '/var/lib/dpkg/b'), link('var/lib/dpkg/b', 'status')]],
      'round, on the way': [[release, link('var', 'war'), link('war', 'var'), file(DB, STATUS)]],
      nowhere: [[release, link(DB, '/opt/st')]],
      'a name of nothing': [[release, file(DB, STATUS), hard('x', 'nothing')]],
      'a name of a folder': [[release, file(DB, STATUS), hard('x', 'etc')]],
      'a file below a file of an earlier layer': [
        [release, file(DB, STATUS), file('a', '')],
        [file('a/b', '')],
      ],
      'a file below a file': [[release, file(DB, STATUS), file('etc/os-release/x', 'x')]],
      'out of it': [[release, file(DB, STATUS), file('../x', 'x')]],
      'a file with holes': [
        [release, file(DB, STATUS), { name: 'x', type: 'S', content: Buffer.alloc(512) }],
      ],
    };
    for (const [what, layers] of Object.entries(cases)) {
      const { verdict, unread } = await inspected(layers);
      assert.ok(unread.length > 0, what);
      assert.ok(verdict !== 'clean' && verdict !== 'review', what);
    }
  });

  it('are not hidden behind the end of a layer, nor by a header for all', async () => {
    const whole = [release, file(DB, STATUS)];
    const hidden = await inspected([whole, [file('x', '')]], (tape) =>
      tape.length > 2048 ? tape : Buffer.concat([tape, tar([gone(DB)])]),
    );
    assert.deepEqual(hidden.ids, ['DSA-1'], 'what stands behind the end takes nothing away');
    assert.ok(hidden.unread.length > 0, 'and is told');
    const record = (text: string): string => {
      const body = ` ${text}\n`;
      const length = [1, 2, 3]
        .map((digits) => body.length + digits)
        .find((sum) => String(sum).length + body.length === sum)!;
      return `${length}${body}`;
    };
    const renamed = await inspected([
      [release, { name: 'pax', type: 'g', content: Buffer.from(record('path=elsewhere')) }, file(DB, STATUS)],
    ]);
    assert.deepEqual(renamed.ids, ['DSA-1']);
  });

  it('without end are followed to a bound, in little time', async () => {
    const many: TarPart[] = [
      release,
      file(DB, STATUS),
      file('s/node_modules/left/package.json', npm('left', '1.0.0')),
    ];
    for (let i = 0; i < 60; i++)
      for (let j = 0; j < 20; j++) many.push(link(`s/d${i}/l${j}`, `../d${(i * 7 + j) % 60}`));
    for (let i = 0; i < 400; i++) many.push(link(`c/l${i}`, `l${i + 1}`));
    const begun = Date.now();
    const { ids } = await inspected([many]);
    assert.ok(ids.includes('DSA-1'));
    assert.ok(Date.now() - begun < 20_000, `${Date.now() - begun} ms`);
  });
});
