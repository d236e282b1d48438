import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { newId } from '@sallyport/core';
import { signModel } from '@sallyport/registry';
import { openApiDocument } from '../src/app.ts';
import { scratch, type TestServer, testServer } from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

/** Protocol 2: `os.system` of a word; it is never loaded. */
const HARM = Buffer.from('\x80\x02cos\nsystem\nX\x04\x00\x00\x00echo\x85R.', 'latin1');
const PLAIN = Buffer.from('\x80\x02}X\x01\x00\x00\x00aK\x01s.', 'latin1');
const codeOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { error: { code: string } }).error.code;

describe('files of others', () => {
  const folder = scratch();
  const key = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  let server: TestServer;
  before(async () => {
    writeFileSync(join(folder, 'key.pem'), key.publicKey.export({ format: 'pem', type: 'spki' }));
    mkdirSync(join(folder, 'first'));
    mkdirSync(join(folder, 'second'));
    server = await testServer({
      config: {
        inventory: {
          signers: [{ name: 'ml-team', publicKeyFile: join(folder, 'key.pem') }],
          watch: ['first', 'second'].map((name) => ({
            name,
            folder: join(folder, name),
            for: ['model-files'],
          })),
        },
      },
    });
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const register = async (kind: 'model' | 'dataset', name: string, path: string, source = '') => {
    const facts = { owner: null, purpose: '', risk: 'minimal', dataClasses: [], source, licence: '' };
    const inventory = await server.control.inventory();
    return inventory.addVersion('test', kind, name, facts as never, { root: path, label: '1' });
  };
  const scans = async (target: string): Promise<number> =>
    (await server.control.installation.store.events.since(['scan-completed'], '2000')).filter(
      ({ data }) => data['target'] === target,
    ).length;

  it('are kept as they were scanned, whatever becomes of them meanwhile', async () => {
    const path = join(folder, 'swapped');
    mkdirSync(path);
    const file = join(path, 'model.pkl');
    writeFileSync(file, PLAIN);
    const stop = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(
      `const fs = require('node:fs'); const { file, plain, harm, stop } = require('node:worker_threads').workerData;
       const turn = new Int32Array(new SharedArrayBuffer(4));
       for (let i = 0; Atomics.load(stop, 0) === 0; i++) {
         fs.writeFileSync(file + '.new', i % 2 ? plain : harm); fs.renameSync(file + '.new', file);
         Atomics.wait(turn, 0, 0, i % 7);
       }`,
      { eval: true, workerData: { file, plain: PLAIN, harm: HARM, stop } },
    );
    try {
      const seen = new Set<boolean>();
      for (let i = 0; i < 25; i++) {
        const known = await register('model', `swapped/m${i}`, path).catch(() => null);
        const kept = known?.version.files.find(({ name }) => name === 'model.pkl');
        if (!known || !kept || known.version.files.length > 1) continue;
        const isHarm = kept.sha256 === createHash('sha256').update(HARM).digest('hex');
        const scan = known.attestations.find(({ kind }) => kind === 'scan')!;
        assert.equal(scan.passed, !isHarm, `round ${i}: what was scanned is not what is kept`);
        seen.add(isHarm);
      }
      assert.ok(seen.size > 0, 'some were registered');
    } finally {
      Atomics.store(stop, 0, 1);
      await worker.terminate();
    }
    assert.deepEqual(
      readdirSync(join(server.data, 'artefacts')).filter((name) => name.startsWith('open-')),
      [],
    );
  });

  it('that cannot be scanned again stop nobody else from being', async () => {
    const { installation, scans: desk } = server.control;
    const path = join(folder, 'sound');
    mkdirSync(path);
    writeFileSync(join(path, 'model.pkl'), PLAIN);
    const { version } = await register('model', 'batch', path);
    // As an earlier release took it from a layout of an image: a file that is a folder too. Neither was scanned for a day.
    const [file] = version.files;
    const createdAt = '2025-01-01T00:00:00.000Z';
    const old = (label: string, digest: string, names: readonly string[]) => ({
      ...version,
      id: newId('ver'),
      label,
      digest: digest.repeat(64),
      createdAt,
      files: names.map((name) => ({ ...file!, name })),
    });
    const { inventory } = installation.store;
    await installation.store.change(async (tx) => {
      await inventory.putVersion(tx, old('bad', '0', ['a', 'a/b']));
      await inventory.putVersion(tx, old('sound', '1', ['a.pkl']));
      return { result: undefined, event: [] };
    });
    await desk.watch();
    await installation.flush();
    assert.equal((await inventory.attestations('1'.repeat(64)))[0]?.passed, true, 'it had its turn');
    const said = await inventory.attestations('0'.repeat(64));
    assert.equal(said[0]?.passed, false);
    assert.match(said[0]!.summary, /cannot lie in one folder/);
  });

  it('that are odd in one watched folder keep no other from being watched', async () => {
    const first = join(folder, 'first');
    execFileSync('/usr/bin/mkfifo', [join(first, 'pipe.pkl')]);
    symlinkSync('/nowhere', join(first, 'dangling'));
    symlinkSync('.', join(first, 'round'));
    writeFileSync(Buffer.concat([Buffer.from(`${first}/`), Buffer.from([0xff]), Buffer.from('.pkl')]), HARM);
    writeFileSync(join(folder, 'second', 'model.pkl'), HARM);
    await server.control.scans.watch();
    assert.ok((await scans('folder:first')) > 0);
    assert.ok((await scans('folder:second')) > 0);
    const found = await server.control.installation.store.findings.openOn('folder:second');
    assert.deepEqual(
      found.map(({ technique }) => technique),
      ['code-execution'],
    );
  });

  it('of data sets are handed out as models are: where every gate is open, on every route', async () => {
    const { accounts } = server.control;
    const operator = await signedIn(server, [{ role: 'operator' }]);
    const approver = await signedIn(server, [{ role: 'approver' }]);
    const source = await ok<{ id: string; digest: string }>(
      await operator.call('POST', '/api/v1/sources', { pattern: 'https://data.example/x', licence: 'own' }),
      201,
    );
    const { digest } = source;
    await ok(await approver.call('POST', `/api/v1/sources/${source.id}/approve`, { digest }), 200);
    const path = join(folder, 'rows');
    mkdirSync(path);
    writeFileSync(join(path, `rows 'é"; (1*)\r.csv`), 'a,b\n1,2\n');
    const known = await register('dataset', 'rows', path, 'https://data.example/x');
    const reader = await signedIn(server, [{ role: 'data-user', system: 'dataset:rows' }]);
    const routes = Object.entries((openApiDocument() as { paths: Record<string, object> }).paths).flatMap(
      ([route, methods]) =>
        Object.entries(methods as Record<string, { responses: Record<string, { content?: object }> }>)
          .filter(([, { responses }]) => 'application/octet-stream' in (responses['200']?.content ?? {}))
          .filter(() => /dataset|version|model|artefact/.test(route))
          .map(([method]) => [method.toUpperCase(), route] as const),
    );
    assert.ok(routes.length > 0);
    const ask = (who: TestPerson): Promise<Response[]> =>
      Promise.all(
        routes.map(([method, route]) =>
          who.call(
            method,
            route
              .replace('{kind}', 'dataset')
              .replace('{name}', 'rows')
              .replace('{label}', '1')
              .replace('{number}', '0'),
          ),
        ),
      );
    const refused = async (why: RegExp): Promise<void> => {
      for (const response of await ask(reader)) {
        const text = await response.text();
        assert.match(text, /gate-closed/);
        assert.match(text, why);
      }
    };
    await refused(/signed.*approved/s);
    const pem = key.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    const { bundle } = await signModel(path, { key: pem });
    const base = '/api/v1/versions/dataset/rows/1';
    await ok(await operator.call('POST', `${base}/signature`, { signature: JSON.stringify(bundle) }), 200);
    await refused(/approved/);
    const { versions } = await ok<{ versions: { seen: string }[] }>(
      await approver.call('GET', '/api/v1/inventory/dataset/rows'),
      200,
    );
    await ok(
      await approver.call('POST', `${base}/approve`, {
        digest: known.version.digest,
        seen: versions[0]!.seen,
      }),
      200,
    );
    for (const response of await ask(reader)) {
      assert.equal(response.status, 200);
      assert.equal(await response.text(), 'a,b\n1,2\n');
      assert.equal(response.headers.get('content-type'), 'application/octet-stream');
      assert.equal(
        response.headers.get('content-disposition'),
        "attachment; filename*=UTF-8''rows%20%27%C3%A9%22%3B%20%281%2A%29%0D.csv",
      );
    }
    for (const response of await ask(operator)) assert.equal(await codeOf(response), 'not-permitted');
    assert.ok(accounts && existsSync(path));
  });
});
