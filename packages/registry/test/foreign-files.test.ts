import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { copyPrivately, type PrivateFile } from '../src/foreign-files.ts';
import { findModel } from '../src/imports.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-foreign-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const at = (...parts: string[]): string => join(folder, ...parts);
const put = (path: string, content: string | Uint8Array): string => {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), content);
  return at(path);
};
const link = (target: string, path: string): void => {
  mkdirSync(dirname(at(path)), { recursive: true });
  symlinkSync(target, at(path));
};
const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');
const COMMIT = 'c'.repeat(40);
const SECRET = 'root:x:0:0:the secret of another';
put('outside/secret', SECRET);
let count = 0;
const take = async (path: string, revision?: string): Promise<PrivateFile[]> => {
  const found = findModel(at(path), revision);
  return copyPrivately(found.files, found.root, at(`copy-${count++}`));
};
/** Refused, and without a word of what lies outside. */
const refused = (path: string, why: RegExp, revision?: string): Promise<void> =>
  assert.rejects(take(path, revision), (fault: Error & { code: string }) => {
    assert.match(fault.message, why, path);
    assert.doesNotMatch(fault.message, /root:x|secret of another/);
    assert.match(fault.code, /usage|conflict/);
    return true;
  });

function layout(path: string, names: readonly string[], change: (digest: string) => void = () => {}): void {
  const blob = (content: string): string => {
    const digest = sha256(content);
    put(`${path}/blobs/sha256/${digest}`, content);
    return `sha256:${digest}`;
  };
  const layers = names.map((name, i) => ({
    digest: blob(`content ${i}`),
    annotations: { 'org.opencontainers.image.title': name },
  }));
  const digest = blob(JSON.stringify({ layers }));
  put(`${path}/index.json`, JSON.stringify({ manifests: [{ digest }] }));
  put(`${path}/oci-layout`, '{}');
  change(layers[0]!.digest.slice(7));
}

describe('layouts', () => {
  it('of images come in as they are, and with no blob that is another file or another content', async () => {
    layout('oci/good', ['a.bin', 'b/c.bin']);
    assert.deepEqual(
      (await take('oci/good')).map(({ name, bytes, sha256: sum }) => [name, bytes, sum]),
      [
        ['a.bin', 9, sha256('content 0')],
        ['b/c.bin', 9, sha256('content 1')],
      ],
    );
    layout('oci/linked', ['a.bin'], (digest) => {
      rmSync(at('oci/linked/blobs/sha256', digest));
      link(at('outside/secret'), `oci/linked/blobs/sha256/${digest}`);
    });
    await refused('oci/linked', /is a link where a file belongs/);
    layout('oci/other', ['a.bin'], (digest) => put(`oci/other/blobs/sha256/${digest}`, 'other'));
    await refused('oci/other', /its digest is another/);
    layout('oci/manifest', ['a.bin']);
    const { manifests } = JSON.parse(readFileSync(at('oci/manifest/index.json'), 'utf8')) as {
      manifests: { digest: string }[];
    };
    put(`oci/manifest/blobs/sha256/${manifests[0]!.digest.slice(7)}`, '{"layers":[]}');
    await refused('oci/manifest', /manifest of the layout is not what its digest says/);
    layout('oci/moved', ['a.bin']);
    execFileSync('/bin/mv', [at('oci/moved/blobs'), at('outside/blobs')]);
    link(at('outside/blobs'), 'oci/moved/blobs');
    await refused('oci/moved', /leads out of the model/);
    put('oci/index/oci-layout', '{}');
    link(at('outside/secret'), 'oci/index/index.json');
    await refused('oci/index', /is a link where a file belongs/);
  });

  it('name no file that is a folder too, none twice, and none outside', async () => {
    for (const names of [
      ['a', 'a/b'],
      ['a/b', 'a'],
      ['a', 'a'],
      ['./a'],
      ['a//b'],
      ['a/'],
      ['../a'],
      ['/a'],
      ['a/../../b'],
      ['..\\a'],
      ['a\0b'],
      [''],
      ['x'.repeat(256)],
    ]) {
      const path = `oci/names-${count++}`;
      layout(path, names);
      await refused(path, /twice|outside the model|lies in a file/);
    }
    layout('oci/beside', ['a', 'a.b', 'ab/c', 'b/a']);
    assert.equal((await take('oci/beside')).length, 4);
  });

  it('of Hugging Face come in by their links, and with no blob that is not what its name says', async () => {
    const gitDigest = (content: string): string =>
      createHash('sha1').update(`blob ${content.length}\0${content}`).digest('hex');
    const hub = (root: string, blobs: Record<string, string>): void => {
      put(`${root}/refs/main`, COMMIT);
      for (const [name, content] of Object.entries(blobs)) {
        put(`${root}/blobs/${name}`, content);
        link(`../../blobs/${name}`, `${root}/snapshots/${COMMIT}/${name.slice(0, 4)}.bin`);
      }
    };
    hub('hub/good', { [sha256('large')]: 'large', [gitDigest('small')]: 'small', one: 'some other name' });
    assert.equal((await take('hub/good')).length, 3);
    hub('hub/large', { [sha256('large')]: 'other' });
    await refused('hub/large', /its digest is another/);
    hub('hub/small', { [gitDigest('small')]: 'other' });
    await refused('hub/small', /its digest is another/);
    put('hub/snapshot/refs/main', COMMIT);
    link(at('outside'), `hub/snapshot/snapshots/${COMMIT}`);
    await refused('hub/snapshot', /leads out of the model/);
    mkdirSync(at('hub/ref/snapshots'), { recursive: true });
    link(at('outside/secret'), 'hub/ref/refs/main');
    await refused('hub/ref', /is a link where a file belongs/);
    for (const revision of ['../../../outside/secret', '/etc/passwd', '..', ''])
      await refused('hub/good', /has no revision/, revision);
    link('../../../../outside/secret', `hub/good/snapshots/${COMMIT}/x`);
    await refused('hub/good', /leads out of the model/);
  });

  it('of MLflow, and folders, have no links outwards, pipes, or links to nothing', async () => {
    mkdirSync(at('mlflow'));
    link(at('outside/secret'), 'mlflow/MLmodel');
    await refused('mlflow', /is a link where a file belongs/);
    put('pipe/a', 'a');
    execFileSync('/usr/bin/mkfifo', [at('pipe/b')]);
    await refused('pipe', /neither a file nor a folder/);
    await refused('pipe/b', /neither a file nor a folder/);
    put('dangling/a', 'a');
    link('nowhere', 'dangling/b');
    await refused('dangling', /link to nothing/);
    put('out/a', 'a');
    link(at('outside'), 'out/b');
    await refused('out', /leads out of the model/);
    link('real', 'named');
    put('real/a', 'a');
    assert.deepEqual(
      (await take('named')).map(({ name }) => name),
      ['a'],
      'what the operator names may be a link',
    );
  });
});

describe('copies', () => {
  it('are private, and what they are said to be', async () => {
    put('private/deep/a', 'x'.repeat(3_000_000));
    const [copy] = await take('private');
    assert.equal(statSync(copy!.path).mode & 0o777, 0o600);
    assert.equal(statSync(dirname(copy!.path)).mode & 0o777, 0o700);
    assert.equal(sha256(readFileSync(copy!.path)), copy!.sha256);
  });

  it('are never of what a path is swapped for, thousands of times', async () => {
    const inner = 'i'.repeat(400_000);
    put('race/in/sub/file', inner);
    put('race/elsewhere/file', SECRET);
    // Each way of swapping by itself, over and over, until told to stop.
    const swaps = [
      'rm(file); link(elsewhere, file); rm(file); fs.writeFileSync(file, inner);',
      'fs.renameSync(dir, dir + ".was"); link(dirname(elsewhere), dir); rm(dir); fs.renameSync(dir + ".was", dir);',
      'fs.truncateSync(file, 10); fs.appendFileSync(file, "more"); fs.writeFileSync(file, inner);',
      'fs.writeFileSync(file + ".new", inner); fs.renameSync(file + ".new", file);',
    ];
    let copied = 0;
    let tries = 0;
    for (const swap of swaps) {
      put('race/in/sub/file', inner);
      const stop = new Int32Array(new SharedArrayBuffer(8));
      const worker = new Worker(
        `const fs = require('node:fs'); const { dirname } = require('node:path');
         const { dir, elsewhere, inner, stop } = require('node:worker_threads').workerData;
         const file = dir + '/file'; const rm = (path) => fs.unlinkSync(path);
         const link = (to, path) => fs.symlinkSync(to, path);
         while (Atomics.load(stop, 0) === 0) { ${swap} Atomics.add(stop, 1, 1); }`,
        {
          eval: true,
          workerData: { dir: at('race/in/sub'), elsewhere: at('race/elsewhere/file'), inner, stop },
        },
      );
      const failed = new Promise<never>((_, fail) => worker.once('error', fail));
      failed.catch(() => {});
      try {
        const endsMs = performance.now() + 1500;
        while (performance.now() < endsMs) {
          const to = at(`raced-${tries++}`);
          try {
            const found = findModel(at('race/in'));
            const [copy] = await copyPrivately(found.files, found.root, to);
            const content = readFileSync(copy!.path, 'utf8');
            assert.equal(sha256(content), copy!.sha256);
            assert.doesNotMatch(content, /secret of another/, swap);
            copied++;
          } catch (fault) {
            assert.ok(!(fault instanceof assert.AssertionError), String(fault));
          }
          rmSync(to, { recursive: true, force: true });
        }
        Atomics.store(stop, 0, 1);
        await Promise.race([new Promise((done) => worker.once('exit', done)), failed]);
      } finally {
        await worker.terminate();
      }
      assert.ok(Atomics.load(stop, 1) > 20, 'it was swapped while it was read');
      if (!existsSync(at('race/in/sub'))) throw new Error('the swapper left it broken');
    }
    assert.ok(tries > 100 && copied > 0, `${copied} of ${tries}`);
  });

  it('are refused where their content changes while they are copied, though it is as long as before', async () => {
    const file = put('during/file', Buffer.alloc(3 * 1024 * 1024, 'a'));
    const other = Buffer.alloc(3 * 1024 * 1024, 'b');
    // Until the clock of the file system has gone on: what was written within one tick of it cannot be told apart.
    for (const was = statSync(file).ctimeMs; statSync(put('during-clock', 'x')).ctimeMs <= was; );
    const found = findModel(at('during'));
    const copying = copyPrivately(found.files, found.root, at('during-copy'));
    // It is open by now. It is never shorter, so that nothing but its times tells that it changed.
    writeFileSync(file, other, { flag: 'r+' });
    await assert.rejects(copying, { code: 'conflict', message: /changed while it was read/ });
    assert.equal(
      (await copyPrivately(found.files, found.root, at('during-again')))[0]!.sha256,
      sha256(other),
    );
  });

  it('of MLflow tell where they came from, whatever else their settings hold', async () => {
    put(
      'mlflow-long/MLmodel',
      `flavors: {never: [closed\nrun_id: 0123456789abcdef\n${'- a\n'.repeat(1_000_000)}`,
    );
    put('mlflow-long/model.bin', 'x');
    const { layout, label, source } = findModel(at('mlflow-long'));
    assert.deepEqual([layout, label, source], ['mlflow', '0123456789ab', 'mlflow run 0123456789abcdef']);
  });
});
