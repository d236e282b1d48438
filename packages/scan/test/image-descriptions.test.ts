import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { inspectDependencies } from '../src/index.ts';
import { tar } from './corpus/archives.ts';
import { layout } from './corpus/image-layout.ts';

describe('descriptions of images in an archive', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-descriptions-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  let round = 0;
  const verdictOf = async (files: ReadonlyMap<string, Buffer>, cut = 0): Promise<string> => {
    const path = join(folder, `${++round}.tar`);
    const archive = tar([...files].map(([name, content]) => ({ name, content })));
    writeFileSync(path, archive.subarray(0, archive.length - cut));
    const { files: reports } = await inspectDependencies([path], null);
    const verdicts = reports.map(({ verdict }) => verdict);
    return verdicts.find((verdict) => verdict !== 'clean') ?? verdicts[0] ?? 'none';
  };
  const keep = (bytes: Buffer): Buffer => bytes;
  const one = layout([tar([{ name: 'etc/a', content: Buffer.from('a') }])], keep);
  const other = layout([tar([{ name: 'etc/b', content: Buffer.from('b') }])], keep);
  const blobs = (files: ReadonlyMap<string, Buffer>) =>
    [...files].filter(([name]) => name.startsWith('blobs/'));
  /** What Docker reads, of the image that a layout holds. */
  const manifest = (files: ReadonlyMap<string, Buffer>): Buffer => {
    const descriptions = blobs(files).flatMap(([, content]) => {
      try {
        return [JSON.parse(content.toString()) as Record<string, unknown>];
      } catch {
        return [];
      }
    });
    const found = descriptions.find((value) => 'layers' in value) as {
      config: { digest: string };
      layers: { digest: string }[];
    };
    const path = ({ digest }: { digest: string }): string => `blobs/sha256/${digest.slice(7)}`;
    return Buffer.from(
      JSON.stringify([{ Config: path(found.config), RepoTags: ['a:1'], Layers: found.layers.map(path) }]),
    );
  };
  const saved = new Map([...one, ['manifest.json', manifest(one)]]);

  it('that agree are one image', async () => {
    assert.equal(await verdictOf(one), 'clean');
    assert.equal(await verdictOf(saved), 'clean');
    assert.equal(await verdictOf(new Map([...blobs(one), ['manifest.json', manifest(one)]])), 'clean');
  });

  it('that name different images are told', async () => {
    const both = new Map([...one, ...blobs(other), ['manifest.json', manifest(other)]]);
    assert.equal(await verdictOf(both), 'incomplete');
  });

  it('in another case are told', async () => {
    assert.equal(await verdictOf(new Map([...saved, ['Manifest.json', manifest(one)]])), 'incomplete');
    assert.equal(await verdictOf(new Map([...blobs(one), ['Manifest.json', manifest(one)]])), 'incomplete');
    assert.equal(await verdictOf(new Map([['Manifest.json', Buffer.from('{}')]])), 'none');
  });

  it('that are cut off are told', async () => {
    assert.equal(await verdictOf(new Map(blobs(one))), 'incomplete');
    assert.equal(await verdictOf(new Map(blobs(one)), 2048), 'incomplete');
  });
});
