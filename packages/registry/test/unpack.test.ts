import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { AssetVersion } from '@sallyport/core';
import { DataKeys, KeyRing, openRootKey } from '@sallyport/vault';
import { type ArtefactStore, FolderArtefacts } from '../src/index.ts';
import { unpackTo } from '../src/unpack.ts';

const NAMES = ['config.json', 'inner/deep/a.txt', 'inner/b.txt', 'weights.bin'];

describe('a version that is unpacked', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-unpack-'));
  let artefacts: ArtefactStore;
  let version: AssetVersion;
  let place: string;
  let victim: string;
  let to: string;
  before(async () => {
    const ring = await KeyRing.open(
      join(folder, 'ring'),
      openRootKey(join(folder, 'root.key'), folder, true),
    );
    const keys = await DataKeys.open(join(folder, 'keys'), ring);
    artefacts = new FolderArtefacts(join(folder, 'artefacts'), keys);
    const files = [];
    for (const name of NAMES) {
      const path = join(folder, 'content');
      writeFileSync(path, `content of ${name}`);
      const sha256 = createHash('sha256').update(`content of ${name}`).digest('hex');
      await artefacts.put(sha256, path);
      files.push({ name, sha256, bytes: 1 });
    }
    version = { files } as unknown as AssetVersion;
  });
  let round = 0;
  beforeEach(() => {
    place = join(folder, `place-${++round}`);
    victim = join(folder, `victim-${round}`);
    mkdirSync(place);
    mkdirSync(victim);
    to = join(place, 'model');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** The store, and somebody who does something before the file of that number is read. */
  const meanwhile = (number: number, work: (draft: string) => void): ArtefactStore => {
    let read = 0;
    return {
      put: (sha256, path) => artefacts.put(sha256, path),
      reseal: (sha256) => artefacts.reseal(sha256),
      has: (sha256) => artefacts.has(sha256),
      head: (sha256) => artefacts.head(sha256),
      list: () => artefacts.list(),
      remove: (sha256) => artefacts.remove(sha256),
      async *read(sha256) {
        if (++read === number) work(join(place, readdirSync(place).find((name) => name.endsWith('.new'))!));
        yield* artefacts.read(sha256);
      },
    };
  };
  const allow = (): void => {};

  it('lies where it was asked for, whole', async () => {
    await unpackTo(artefacts, version, to, allow);
    for (const name of NAMES) assert.equal(readFileSync(join(to, name), 'utf8'), `content of ${name}`);
    assert.deepEqual(readdirSync(place), ['model']);
    await assert.rejects(unpackTo(artefacts, version, to, allow), { code: 'conflict' });
  });

  it('is written nowhere else, whatever takes the place of its folder meanwhile', async () => {
    for (const number of [1, 2, 4]) {
      const swap = (draft: string): void => {
        renameSync(draft, `${draft}.aside`);
        symlinkSync(victim, draft);
      };
      await assert.rejects(unpackTo(meanwhile(number, swap), version, to, allow), { code: 'conflict' });
      assert.deepEqual(readdirSync(victim), []);
      rmSync(place, { recursive: true });
      mkdirSync(place);
    }
    const inner = (draft: string): void => {
      renameSync(join(draft, 'inner'), join(draft, 'aside'));
      symlinkSync(victim, join(draft, 'inner'));
    };
    await assert.rejects(unpackTo(meanwhile(2, inner), version, to, allow), { code: 'artefact-corrupt' });
    assert.deepEqual(readdirSync(victim), []);
    assert.ok(!existsSync(to));
  });

  it('is not taken for another folder that somebody put in its place', async () => {
    const swap = (draft: string): void => {
      renameSync(draft, `${draft}.aside`);
      mkdirSync(draft);
      writeFileSync(join(draft, 'config.json'), 'of somebody else');
    };
    await assert.rejects(unpackTo(meanwhile(4, swap), version, to, allow), /it was swapped/);
  });

  it('is not written where a link on the way leads meanwhile to what may not be written', async () => {
    const real = join(folder, `real-${round}`);
    mkdirSync(real);
    const asked: string[] = [];
    rmSync(place, { recursive: true });
    symlinkSync(real, place);
    const refuse = (path: string): void => {
      asked.push(path);
      throw new Error('not there');
    };
    await assert.rejects(unpackTo(artefacts, version, to, refuse), /not there/);
    assert.ok(asked[0]!.startsWith(`${real}/`), 'where it truly lies is asked about');
    assert.deepEqual(readdirSync(real), []);
  });

  it('has no names that lead out of its folder', async () => {
    for (const name of ['../out', '/etc/out', 'a/../../out', ''])
      await assert.rejects(
        unpackTo(artefacts, { files: [{ ...version.files[0]!, name }] } as never, to, allow),
        { code: 'artefact-corrupt' },
      );
    assert.deepEqual(readdirSync(place), []);
  });
});
