import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { lockFormatOf } from '../src/dependencies/lock-files/index.ts';
import { scanSource } from '../src/index.ts';

const verdictOf = async (content: string): Promise<string> =>
  (await scanSource('a.yaml', new BytesSource(Buffer.from(content)))).verdict;

/** Where a line ends for one reader or another. */
const BREAKS = ['\r', '\x85', '\u2028', '\u2029'];
const TAG = '!!python/object/apply:os.system ["id"]';

describe('YAML is read with every end of a line that a reader knows', () => {
  it('so that no comment or text hides what stands behind one', async () => {
    for (const one of BREAKS) {
      const shown = JSON.stringify(one);
      assert.equal(await verdictOf(`a: 1 # note${one}b: ${TAG}\n`), 'malicious', shown);
      assert.equal(await verdictOf(`a: |\n  x\n# c${one}b: ${TAG}\n`), 'malicious', shown);
      assert.equal(
        await verdictOf(`a: 1 # note${one}_target_: os.system${one}_args_: [id]\n`),
        'malicious',
        shown,
      );
    }
    // What one reader takes for the beginning of a text, another for a comment.
    assert.equal(await verdictOf(`# \x85a: |\n  x\n# \rb: ${TAG}\n`), 'malicious');
    assert.equal(await verdictOf(`a: 1\n# \x85b: |\n#\r  c: ${TAG}\n`), 'malicious');
  });

  it('and harmless texts that have them stay so', async () => {
    for (const one of BREAKS)
      for (const text of [
        `a: "x${one}y"\n`,
        `# a${one}# b\nc: 1\n`,
        `a: |\n  b${one}  c\nd: 1\n`,
        `a: b${one}c\n`,
      ])
        assert.equal(await verdictOf(text), 'clean', JSON.stringify(text));
    assert.equal(await verdictOf('a: 1\r\nb:\r\n  - c\r\n'), 'clean');
    assert.equal(await verdictOf('a: 1\rb: 2\r'), 'clean');
  });

  it('and in lock files they leave nothing unread', () => {
    const pnpm = (end: string): string =>
      `lockfileVersion: '9.0'\npackages:\n  a@1.0.0:\n    resolution: {integrity: x} # ok${end}` +
      `  evil@6.6.6:${end}    resolution: {tarball: http://evil.example/e.tgz}\n`;
    for (const one of BREAKS)
      assert.throws(
        () => lockFormatOf('pnpm-lock.yaml')!.read(pnpm(one)),
        /where its lines end|[Nn]ested|sound/,
      );
    assert.equal(lockFormatOf('pnpm-lock.yaml')!.read(pnpm('\n')).packages.length, 2);
    const yarn = '# yarn lockfile v1\n\na@1:\n  version "1.0.0"\revil@6:\r  version "6.6.6"\n';
    assert.throws(() => lockFormatOf('yarn.lock')!.read(yarn), /CR alone/);
    const gradle = lockFormatOf('gradle.lockfile')!.read('# x\rg:evil:1=compile\ng:a:1=compile\n');
    assert.equal(gradle.packages.length, 2);
    const conda = '@EXPLICIT\n# x\rhttps://conda.anaconda.org/main/linux-64/evil-1-0.conda\n';
    assert.equal(lockFormatOf('explicit.txt')!.read(conda).packages.length, 1);
  });
});

describe('YAML in which the parser finds a fault is searched for what runs code', () => {
  it('as other readers go on behind it', async () => {
    for (const text of [
      `b:\n|\nc: ${TAG}\n`,
      'description:\n|\n_target_: os.system\n_args_: [id]\n',
      'b:\n|\n"\\x5ftarget_": os.system\n',
      'b:\n|\n"_tar\\\n  get_": os.system\n',
      'b:\n|\n_target_:\n  os.system\n',
      'b:\n|\n_target_: >-\n  os.system\n',
      'b:\n|\n_target_: &x !!str "os.system"\n',
      'b:\n|\nc: {target: os.system}\n',
      'b:\n|\nc: !<tag:yaml.org,2002:python/object/apply:os.system> [id]\n',
      'b:\n|\nc: !!%70ython/object/apply:os.system [id]\n',
    ])
      assert.equal(await verdictOf(text), 'malicious', text);
    assert.match(await verdictOf('b:\n|\ntrust_remote_code: true\n'), /^suspicious$/);
    for (const text of [
      `%TAG !e! tag:yaml.org,2002:python/\n---\nb:\n|\nc: !e!object/apply:os.system [id]\n`,
      'b:\n|\na: &x os.system\n_target_: *x\n',
      'b:\n|\nx: &c {class_name: a.b}\n',
    ])
      assert.notEqual(await verdictOf(text), 'clean', text);
  });

  it('and templates of YAML that name none are clean', async () => {
    for (const text of [
      '{{- if .Values.on }}\nkind: Service\nports:\n{{- range .p }}\n  - {{ . }}\n{{- end }}\n{{- end }}\n',
      '{% set version = "1.0" %}\npackage:\n  name: a\n  version: {{ version }}\n',
      'a: "x\n]\n}\n',
      'on: [push\njobs: !reference [a, b]\n',
    ])
      assert.equal(await verdictOf(text), 'clean', text);
  });
});
