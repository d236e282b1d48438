import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { osv, writeExport } from '../../scan/test/corpus/advisories.ts';
import { pickle, reduce, stackGlobal, text } from '../../scan/test/corpus/assembler.ts';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'sallyport-registry-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const at = (...parts: string[]): string => join(folder, ...parts);
const put = (path: string, content: string | Uint8Array): string => {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), content);
  return at(path);
};
const environment = { ...process.env, GITHUB_STEP_SUMMARY: '', SALLYPORT_ROOT_KEY: at('root.key') };
const run = (...args: string[]) =>
  spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', MAIN, ...args, '--data', at('data')],
    {
      encoding: 'utf8',
      cwd: folder,
      env: environment,
    },
  );
const done = (status: number, ...args: string[]): string => {
  const { status: got, stdout, stderr } = run(...args);
  assert.equal(got, status, `${args.join(' ')}\n${stdout}\n${stderr}`);
  return stdout;
};
const json = <T>(status: number, ...args: string[]): T =>
  JSON.parse(done(status, ...args, '--format', 'json')) as T;
const HARM = pickle(4, reduce(stackGlobal('os', 'system'), text('x')));

describe('dependencies', () => {
  it('are incomplete without advisories, held against them with, and told by exit status', () => {
    put('app/requirements.txt', 'left==1.0 --hash=sha256:x\nright==1.0 --hash=sha256:x\n');
    assert.match(done(1, 'dependencies', at('app')), /incomplete.*\n.*no-advisories/);
    done(0, 'dependencies', at('app'), '--allow-incomplete');
    writeExport(at('export'), {
      PyPI: [
        osv('PYSEC-1', 'PyPI', 'left', [{ introduced: '0' }, { fixed: '2.0' }], {
          severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
        }),
      ],
    });
    assert.match(done(0, 'advisories', 'import', at('export')), /PyPI: 1 advisories/);
    const report = json<{
      files: { path: string; verdict: string }[];
      vulnerabilities: { id: string; severity: string }[];
    }>(1, 'dependencies', at('app'), '--cyclonedx', at('bom.json'), '--sarif', at('out.sarif'));
    assert.deepEqual(
      report.vulnerabilities.map(({ id, severity }) => [id, severity]),
      [['PYSEC-1', 'critical']],
    );
    assert.equal(report.files[0]!.verdict, 'suspicious');
    assert.match(readFileSync(at('bom.json'), 'utf8'), /pkg:pypi\/left@1\.0/);
    put('app/requirements.txt', 'left==2.0 --hash=sha256:x\n');
    assert.match(done(0, 'dependencies', at('app')), /1 clean/);
    assert.match(run('advisories', 'import', at('nowhere')).stderr, /has no advisories|no such file/);
  });
});

describe('the use of AI', () => {
  it('is found in sources and logs, sanctioned by name', () => {
    put('src/app.ts', `import OpenAI from 'openai';\n`);
    put('proxy.log', '10.0.0.9 - - [22/Nov/2025:00:00:00 +0000] "CONNECT api.mistral.ai:443 HTTP/1.1" 200\n');
    const found = json<{ hits: { service: string; kind: string }[]; files: unknown[] }>(
      0,
      'discover',
      at('src'),
      '--log',
      at('proxy.log'),
    );
    assert.deepEqual(
      found.hits.map(({ service, kind }) => `${service} ${kind}`),
      ['openai import', 'mistral traffic'],
    );
    assert.equal(found.files.length, 2);
    const less = json<{ files: unknown[] }>(0, 'discover', at('src'), '--sanctioned', 'openai');
    assert.equal(less.files.length, 0);
  });
});

describe('models', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  it('are signed and verified without an installation', () => {
    put('key.pem', privateKey.export({ format: 'pem', type: 'pkcs8' }));
    put('key.pub', publicKey.export({ format: 'pem', type: 'spki' }));
    put('model/config.json', '{}');
    put('model/weights.pkl', pickle(4, text('a')));
    const signed = json<{ resources: number; signature: string }>(
      0,
      'model',
      'sign',
      at('model'),
      '--key',
      at('key.pem'),
    );
    assert.deepEqual([signed.resources, signed.signature], [2, at('model/model.sig')]);
    assert.match(done(0, 'model', 'verify', at('model'), '--key', at('key.pub')), /2 files of model/);
    writeFileSync(at('model/weights.pkl'), pickle(4, text('b')));
    assert.match(done(1, 'model', 'verify', at('model'), '--key', at('key.pub')), /weights\.pkl` changed/);
    writeFileSync(at('model/weights.pkl'), pickle(4, text('a')));
    done(2, 'model', 'verify', at('model'));
    done(2, 'model', 'sign', at('model'), '--key', at('nowhere'));
    done(2, 'model', 'sign', at('no-model'), '--key', at('key.pem'));
    mkdirSync(at('empty'));
    done(2, 'model', 'sign', at('empty'), '--key', at('key.pem'));
    assert.ok(!existsSync(at('empty/model.sig')));
    done(2, 'model', 'sign', at('model'), '--key', at('key.pem'), '--ignore', '*.bin');
  });

  it('that are one file are signed beside it, and under its name alone', () => {
    const key = ['--key', at('key.pem')];
    const file = put('single/weights.bin', Buffer.alloc(1000, 1));
    const signed = json<{ resources: number; signature: string }>(0, 'model', 'sign', file, ...key);
    assert.deepEqual(signed, { ...signed, resources: 1, signature: `${file}.sig` });
    done(0, 'model', 'verify', file, '--key', at('key.pub'));
    const other = put('single/other.bin', Buffer.alloc(1000, 1));
    assert.match(
      done(1, 'model', 'verify', other, '--key', at('key.pub'), '--signature', `${file}.sig`),
      /not valid/,
    );
  });

  it('are signed without the signature, wherever it lies, and no link in its place is followed', () => {
    const trusted = ['--key', at('key.pub')];
    put('own/config.json', '{}');
    const inner = ['--out', at('own/inner/our.sig')];
    done(2, 'model', 'sign', at('own'), '--key', at('key.pem'), ...inner);
    mkdirSync(at('own/inner'));
    for (const _ of [1, 2]) {
      const { resources } = json<{ resources: number }>(
        ...([0, 'model', 'sign', at('own'), '--key', at('key.pem'), ...inner] as const),
      );
      assert.equal(resources, 1);
      done(0, 'model', 'verify', at('own'), ...trusted, '--signature', at('own/inner/our.sig'));
    }
    // What lies there besides is not signed, even under the usual name of signatures.
    done(
      0,
      'model',
      'sign',
      at('own'),
      '--key',
      at('key.pem'),
      '--out',
      at('beside.sig'),
      '--ignore',
      'inner',
    );
    done(0, 'model', 'verify', at('own'), ...trusted, '--signature', at('beside.sig'));
    const victim = put('victim', 'mine');
    symlinkSync(victim, at('own/model.sig'));
    done(0, 'model', 'sign', at('own'), '--key', at('key.pem'), '--ignore', 'inner');
    assert.equal(readFileSync(victim, 'utf8'), 'mine');
    assert.ok(lstatSync(at('own/model.sig')).isFile());
    done(0, 'model', 'verify', at('own'), ...trusted);
    rmSync(at('own/model.sig'));
    spawnSync('/usr/bin/mkfifo', [at('own/model.sig')]);
    done(2, 'model', 'verify', at('own'), ...trusted);
  });

  it('are registered, held back, shown; what harms ends with 1', () => {
    put('sallyport.yaml', `inventory:\n  signers:\n    - { name: team, publicKeyFile: ${at('key.pub')} }\n`);
    const config = ['--config', at('sallyport.yaml')];
    const made = json<{ label: string; gates: { name: string; open: boolean }[] }>(
      0,
      'model',
      'register',
      at('model'),
      '--name',
      'risk/fraud',
      '--label',
      '1.0',
      '--signature',
      at('model/model.sig'),
      '--purpose',
      'scores',
      ...config,
    );
    assert.deepEqual(
      made.gates.filter(({ open }) => !open).map(({ name }) => name),
      ['approved'],
    );
    done(0, 'inventory', 'set', 'endpoint', 'eu', '--risk', 'high', ...config);
    assert.match(done(0, 'inventory', 'list', ...config), /risk\/fraud/);
    assert.match(
      run('model', 'promote', 'risk/fraud', '1.0', '--to', 'endpoint:eu', ...config).stderr,
      /approved: only its author/,
    );
    done(1, 'model', 'promote', 'risk/fraud', '1.0', '--to', 'endpoint:eu', ...config);
    done(1, 'model', 'load', 'risk/fraud', '--place', 'endpoint:eu', '--to', at('out'), ...config);
    assert.ok(!existsSync(at('out')));
    assert.match(done(1, 'finding', 'list', ...config), /unapproved|asked for it/);
    assert.match(done(0, 'model', 'show', 'risk/fraud', ...config), /closed +approved/);
    put('harm/model.pkl', HARM);
    done(1, 'model', 'register', at('harm'), '--name', 'harm', ...config);
    done(0, 'model', 'test', 'risk/fraud', '1.0', '--summary', 'red team, 3 of 100', '--failed', ...config);
    assert.match(done(0, 'model', 'show', 'risk/fraud', ...config), /closed +tested/);
    done(2, 'model', 'rollback', 'endpoint:eu', ...config);
  });

  it('come from caches and layouts of others, and never from outside them', () => {
    const commit = 'a'.repeat(40);
    put('hub/models--org--net/refs/main', commit);
    put('hub/models--org--net/blobs/one', '{"a":1}');
    put('hub/models--org--net/blobs/two', pickle(4, text('a')));
    const snapshot = at('hub/models--org--net/snapshots', commit);
    mkdirSync(snapshot, { recursive: true });
    symlinkSync('../../blobs/one', join(snapshot, 'config.json'));
    symlinkSync('../../blobs/two', join(snapshot, 'weights.pkl'));
    const made = done(0, 'model', 'register', at('hub/models--org--net'));
    assert.match(made, /aaaaaaaaaaaa {2}sha256/);
    assert.match(done(0, 'inventory', 'list'), /org\/net/);
    symlinkSync('/etc/hostname', join(snapshot, 'host'));
    assert.match(run('model', 'register', at('hub/models--org--net'), '--label', '2').stderr, /leads out of/);
    put('mlflow/model.pkl', pickle(4, text('a')));
    put('mlflow/MLmodel', 'flavors: {}\nmodel_uuid: 0123456789abcdef0123\n');
    assert.match(done(0, 'model', 'register', at('mlflow')), /0123456789ab/);
  });
});

describe('ci', () => {
  it('passes over an ordinary tree of packages, and says once what such a tree hides', () => {
    put('installed/node_modules/.package-lock.json', '{"lockfileVersion":3,"packages":{}}');
    put('installed/node_modules/left/yarn.lock', '# yarn lockfile v1\n');
    put('installed/main.py', 'x = 1\n');
    interface Told {
      readonly files: readonly { readonly detections: readonly { readonly message: string }[] }[];
    }
    const checked = (): { status: number | null; files: Told['files'] } => {
      const bare = ['ci', at('installed'), '--data', at('nothing'), '--format', 'json'];
      const ended = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...bare], {
        env: environment,
        encoding: 'utf8',
      });
      return { status: ended.status, files: (JSON.parse(ended.stdout) as Told).files };
    };
    assert.deepEqual(checked(), { status: 0, files: [] });
    put('installed/node_modules/left/model.pkl', 'x');
    const { status, files } = checked();
    assert.equal(status, 1);
    assert.deepEqual(
      files.flatMap(({ detections }) => detections.map(({ message }) => message)),
      ['is passed over by its name, and holds `left/model.pkl`'],
    );
  });

  it('checks everything in one run, writes SARIF and a summary, and tells the control plane', async () => {
    put('change/requirements.txt', 'left==2.0 --hash=sha256:x\n');
    put('change/readme.md', 'hello');
    const waivers = (until: string): string =>
      put(
        'waivers.yaml',
        `- { technique: code-execution, path: change/model.pkl, reason: a test of ours, until: ${until} }\n`,
      );
    const bare = ['ci', at('change'), '--data', at('nothing'), '--allow-incomplete'];
    const ended = (...more: string[]): number | null =>
      spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...bare, ...more], {
        env: environment,
      }).status;
    assert.equal(ended(), 0);
    put('change/model.pkl', HARM);
    assert.equal(ended(), 1);
    assert.equal(ended('--waivers', waivers('2999-12-31')), 0, 'what is waived does not stop a change');
    assert.equal(ended('--waivers', waivers('2020-01-01')), 1, 'until its day is over');
    assert.equal(ended('--waivers', put('waivers.yaml', '- { technique: x }\n')), 2);
    const taken: { body: Record<string, unknown>; authorization: string | undefined }[] = [];
    const server = createServer((req, res) => {
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.on('end', () => {
        taken.push({
          body: JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>,
          authorization: req.headers.authorization,
        });
        res.writeHead(201, { 'content-type': 'application/json' }).end('{"kept":true}');
      });
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    const child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        MAIN,
        'ci',
        at('change'),
        '--data',
        at('data'),
        '--sarif',
        at('ci.sarif'),
        '--summary',
        at('ci.md'),
        '--report',
        `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        '--token-ref',
        'env:CI_TOKEN',
        '--reference',
        'abc',
      ],
      { env: { ...environment, CI_TOKEN: 'sp_test' } },
    );
    const [status] = (await once(child, 'close')) as [number];
    server.close();
    assert.equal(status, 1);
    assert.match(
      readFileSync(at('ci.md'), 'utf8'),
      /\| model files \| \*\*failed\*\* \|[\s\S]*code-execution/,
    );
    assert.match(readFileSync(at('ci.sarif'), 'utf8'), /code-execution/);
    assert.equal(taken[0]!.authorization, 'Bearer sp_test');
    assert.deepEqual([taken[0]!.body['passed'], taken[0]!.body['reference']], [false, 'abc']);
    done(2, 'ci', at('nowhere'));
    done(2, 'ci', at('change'), '--fail-on', 'everything');
  });
});
