import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanFiles, scanSource, VERDICTS } from '../src/index.ts';
import { tar, zip } from './corpus/archives.ts';

const NOISE = Buffer.from(Array.from({ length: 400 }, (_, n) => ((n * 89 + 41) % 251) | 1));
const verdictOf = async (name: string, content: Uint8Array): Promise<string> =>
  (await scanSource(name, new BytesSource(content))).verdict;

describe('what nothing is known of is not clean', () => {
  it('by itself and packed', async () => {
    assert.equal(await verdictOf('a.dat', NOISE), 'unrecognised');
    assert.equal(await verdictOf('README', Buffer.from('plain words\n')), 'unrecognised');
    assert.equal(await verdictOf('a.gz', gzipSync(NOISE)), 'unrecognised');
    assert.equal(await verdictOf('a.zip', zip([{ name: 'a.dat', content: NOISE }])), 'unrecognised');
    assert.equal(await verdictOf('a.tar', tar([{ name: 'a.dat', content: NOISE }])), 'unrecognised');
  });

  it('and neither is what only begins like a document', async () => {
    for (const [name, text] of [
      ['README', '{{name}} is good\n'],
      ['log.txt', '[2026-01-01 00:00:00] begun\nended\n'],
      ['a.bin', '[1 and other bytes\x01'],
      ['m.pt', '{"'],
      ['half.txt', '{"a": 1} and words\n'],
      ['CHANGES', '[1.0.0] - first\n'],
    ] as const)
      assert.equal(await verdictOf(name, Buffer.from(text)), 'unrecognised', name);
    assert.equal(await verdictOf('a.json', Buffer.from('[1 and words')), 'incomplete');
    assert.equal(await verdictOf('a.txt', Buffer.from('{"a": 1}\nwords\n')), 'incomplete');
    assert.equal(await verdictOf('a.jsonl', Buffer.from('{"a": 1}\n\n{"a": 2}\n')), 'clean');
  });

  it('and what is known is, with or without the rest', async () => {
    assert.equal(await verdictOf('a.json', Buffer.from('{"a": 1}')), 'clean');
    assert.equal(await verdictOf('a.json.gz', gzipSync(Buffer.from('{"a": 1}'))), 'clean');
    assert.equal(await verdictOf('empty', Buffer.alloc(0)), 'clean');
    const both = zip([
      { name: 'weights', content: NOISE },
      { name: 'a.json', content: Buffer.from('{"a": 1}') },
    ]);
    assert.equal(await verdictOf('a.zip', both), 'clean');
  });

  it('and a run counts it apart', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-unknown-'));
    const empty = (await scanFiles([folder])).summary;
    assert.equal(empty.verdict, 'unrecognised');
    assert.equal(empty.verdicts.clean, 0);
    writeFileSync(join(folder, 'a.dat'), NOISE);
    assert.equal((await scanFiles([folder])).summary.verdict, 'unrecognised');
    writeFileSync(join(folder, 'a.json'), '{"a": 1}');
    const { verdict, verdicts } = (await scanFiles([folder])).summary;
    assert.equal(verdict, 'clean');
    assert.deepEqual([verdicts.clean, verdicts.unrecognised], [1, 1]);
    assert.equal(VERDICTS.at(-1), 'unrecognised');
  });
});
