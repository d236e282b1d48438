import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { inspectDependencies } from '../src/index.ts';

describe('files that files of requirements name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-included-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  let round = 0;
  /** A project of these files; what is read is `path` in it. */
  const read = async (files: Readonly<Record<string, string | Uint8Array>>, path = '.') => {
    const root = join(folder, String(++round), 'project');
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), content);
    }
    return told(join(root, path));
  };
  const told = async (path: string) => {
    const { files, components } = await inspectDependencies([path], null);
    return {
      packages: components.map(({ name, version }) => `${name} ${version}`),
      unread: files.flatMap(({ detections }) =>
        detections.filter(({ technique }) => technique === 'unreadable-lock').map(({ message }) => message),
      ),
      verdicts: files.map(({ verdict }) => verdict),
    };
  };

  it('are read with them, whatever they are called, and those that stand by themselves once', async () => {
    const lines = [
      '-r more/base.in',
      '-rmore/base.in',
      '--requirement more/base.in',
      '--requirement=more/base.in',
      '--requirem=more/base.in',
      "-r 'more/base.in'",
      '  -r more/base.in   # why',
      '-c more/base.in',
      '--constraint more/base.in',
      '--cons=more/base.in',
      '-r \\\nmore/base.in',
    ];
    for (const line of lines) {
      const { packages, unread } = await read({
        'requirements.txt': `left==1.0\n${line}\n`,
        'more/base.in': '-r deep.in\nright==2.0\n',
        'more/deep.in': 'deep==3.0\n',
      });
      assert.deepEqual([packages, unread], [['left 1.0', 'deep 3.0', 'right 2.0'], []], line);
    }
    const apart = await read({
      'requirements.txt': '-r requirements/base.txt\n',
      'requirements/base.txt': 'right==2.0\n',
    });
    assert.deepEqual(apart, { packages: ['right 2.0'], unread: [], verdicts: ['incomplete', 'clean'] });
    const single = await read(
      { 'requirements.txt': '-r base.in\n', 'base.in': 'right==2.0\n' },
      'requirements.txt',
    );
    assert.deepEqual([single.packages, single.unread], [['right 2.0'], []]);
    const conda = await read({
      'environment.yml': 'dependencies:\n  - pip:\n    - -r base.in\n    - left==1.0\n',
      'base.in': Buffer.from('\ufeffright==2.0\n', 'utf16le'),
    });
    assert.deepEqual([conda.packages, conda.unread], [['right 2.0', 'left 1.0'], []]);
  });

  it('give the versions that constraints fix', async () => {
    const { packages } = await read({
      'requirements.txt': 'Left_Pad\nright>=1\n-c pins.in\n',
      'pins.in': 'left-pad==1.5\nright==2.0\nnever==9\n',
    });
    assert.deepEqual(packages, ['Left_Pad 1.5', 'right 2.0', 'never 9']);
  });

  it('that name each other come to an end', async () => {
    const { packages, unread } = await read({
      'requirements.txt': 'left==1.0\n-r a.in\n',
      'a.in': 'a==1\n-r b.in\n-r ./a.in\n',
      'b.in': 'b==1\n-r a.in\n-r requirements.txt\n',
    });
    assert.deepEqual([packages, unread], [['left 1.0', 'a 1', 'b 1'], []]);
    const wide: Record<string, string> = { 'requirements.txt': '-r 0.in\n' };
    for (let i = 0; i < 300; i++) wide[`${i}.in`] = `p${i}==1\n-r ${i + 1}.in\n`;
    wide['300.in'] = 'end==1\n';
    const many = await read(wide);
    assert.match(many.unread[0]!, /names over \d+ further files/);
    const itself = await read({ 'requirements.txt': '-r requirements.txt\n' });
    assert.deepEqual(itself.unread, ['names no package that was understood']);
  });

  it('that are not there, lead out, or cannot be read are never passed over', async () => {
    writeFileSync(join(folder, 'outside.in'), 'outside==1.0\n');
    const cases: Readonly<Record<string, RegExp>> = {
      '-r nowhere.txt': /`nowhere\.txt`, which is not there/,
      '-r ../../outside.in': /which leads out of what is scanned/,
      [`-r ${join(folder, 'outside.in')}`]: /which leads out of what is scanned/,
      '-r /etc/passwd': /which leads out of what is scanned/,
      '-r folder': /`folder`, which cannot be read/,
      '-r https://example.com/base.txt': /which is not on this machine/,
      '-r file:///etc/passwd': /which is not on this machine/,
      '-r ${BASE}/base.txt': /its name depends on the environment/,
      '-c nowhere.txt': /`nowhere\.txt`, which is not there/,
      '-r bad.in': /`bad\.in`, which cannot be read/,
    };
    for (const [line, words] of Object.entries(cases)) {
      const { packages, unread, verdicts } = await read({
        'requirements.txt': `left==1.0\n${line}\n`,
        'folder/x': '',
        'bad.in': Buffer.from([0xff, 0x61, 0xfe]),
      });
      assert.deepEqual(packages, ['left 1.0'], line);
      assert.equal(unread.length, 1, line);
      assert.match(unread[0]!, words);
      assert.deepEqual(verdicts, ['incomplete']);
    }
    const root = join(folder, 'linked');
    mkdirSync(root);
    writeFileSync(join(root, 'requirements.txt'), 'left==1.0\n-r base.in\n');
    symlinkSync(join(folder, 'outside.in'), join(root, 'base.in'));
    const linked = await told(root);
    assert.deepEqual(linked.packages, ['left 1.0']);
    assert.match(linked.unread.join(), /leads out/);
  });
});
