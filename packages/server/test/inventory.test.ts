import assert from 'node:assert/strict';
import { generateKeyPairSync, verify } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { SallyportEvent } from '@sallyport/core';
import { signModel } from '@sallyport/registry';
import { osv, writeExport } from '../../scan/test/corpus/advisories.ts';
import { tar } from '../../scan/test/corpus/archives.ts';
import { startPostgres } from '../../store/test/postgres.ts';
import { controlSocketPath } from '../src/control-socket.ts';
import {
  completion,
  enforced,
  exchangeOf,
  type FakeSystem,
  fakeSystem,
  scratch,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

interface Version {
  readonly label: string;
  readonly seen: string;
  readonly digest: string;
  readonly gates: readonly { readonly name: string; readonly open: boolean; readonly why: string }[];
  readonly serving: readonly string[];
  readonly approvedBy: string | null;
  readonly attestations: readonly {
    readonly kind: string;
    readonly passed: boolean;
    readonly summary: string;
    readonly envelope: string;
  }[];
}
interface Finding {
  readonly digest: string;
  readonly fingerprint: string;
  readonly subject: string;
  readonly technique: string;
  readonly status: string;
  readonly priority: number;
  readonly owner: string | null;
  readonly overdue: boolean;
  readonly dueAt: string;
  readonly accepted: object | null;
  readonly scanned: {
    readonly target: string;
    readonly place: string;
    readonly message: string;
    readonly exploited: boolean;
  } | null;
}

const codeOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { error: { code: string } }).error.code;
/** Asks on the control socket, as a command does. */
const overSocket = (
  data: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; text: string }> =>
  new Promise((done, fail) => {
    const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = content ? { 'content-type': 'application/json', 'content-length': content.length } : {};
    const req = request(
      { socketPath: controlSocketPath(data), method, path, headers: { host: 'localhost', ...headers } },
      (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('end', () => done({ status: res.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      },
    );
    req.on('error', fail);
    req.end(content);
  });
/** Protocol 2: `os.system` of a word; it is never loaded. */
const HARM = Buffer.from('\x80\x02cos\nsystem\nX\x04\x00\x00\x00echo\x85R.', 'latin1');
const PLAIN = Buffer.from('\x80\x02}X\x01\x00\x00\x00aK\x01s.', 'latin1');

function suite(engine: string, config: () => Record<string, unknown>): void {
  describe(`the inventory over ${engine}`, () => {
    let server: TestServer;
    let folder: string;
    let fake: FakeSystem;
    let operator: TestPerson;
    let approver: TestPerson;
    const key = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const pem = key.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;

    /** As a command on this machine asks. */
    const local = async <T>(method: string, path: string, body?: unknown, status = 200): Promise<T> => {
      const answer = await overSocket(server.data, method, path, body);
      assert.equal(answer.status, status, answer.text);
      return JSON.parse(answer.text) as T;
    };
    const events = async (type: SallyportEvent['type']): Promise<SallyportEvent[]> => {
      await server.control.installation.flush();
      return server.control.installation.store.events.since([type], '2000');
    };
    const findings = async (target: string): Promise<Finding[]> =>
      (
        await ok<{ findings: Finding[] }>(await operator.call('GET', '/api/v1/findings'), 200)
      ).findings.filter(({ scanned }) => scanned?.target === target);
    const model = (name: string, files: Readonly<Record<string, Uint8Array | string>>): string => {
      const path = join(folder, name);
      mkdirSync(path, { recursive: true });
      for (const [file, content] of Object.entries(files)) writeFileSync(join(path, file), content);
      return path;
    };
    const version = async (name: string, label: string): Promise<Version> => {
      const shown = await ok<{ versions: Version[] }>(
        await operator.call('GET', `/api/v1/inventory/model/${encodeURIComponent(name)}`),
        200,
      );
      return shown.versions.find((one) => one.label === label)!;
    };
    const seenNow = async (name: string, label: string): Promise<string> => {
      const { versions } = await ok<{ versions: Version[] }>(
        await approver.call('GET', `/api/v1/inventory/model/${name}`),
        200,
      );
      return versions.find((one) => one.label === label)!.seen;
    };
    const closed = ({ gates }: Version): string[] =>
      gates.filter(({ open }) => !open).map(({ name }) => name);

    before(async () => {
      folder = scratch();
      writeFileSync(join(folder, 'key.pem'), key.publicKey.export({ format: 'pem', type: 'spki' }));
      mkdirSync(join(folder, 'watched'));
      fake = await fakeSystem();
      fake.answer = (_req, res) => sendJson(res, completion('hello'));
      server = await testServer({
        systems: { scoring: enforced(fake, { serves: 'org/good' }) },
        config: {
          ...config(),
          inventory: {
            signers: [{ name: 'ml-team', publicKeyFile: join(folder, 'key.pem') }],
            watch: [{ name: 'code', folder: join(folder, 'watched') }],
          },
        },
      });
      operator = await signedIn(server, [{ role: 'operator' }]);
      approver = await signedIn(server, [{ role: 'approver' }]);
    });
    after(async () => {
      await server.stop();
      await fake.close();
      rmSync(folder, { recursive: true, force: true });
    });

    it('serves no model that is not scanned, signed and approved by somebody other than its author', async () => {
      const path = model('good', { 'model.pkl': PLAIN, 'config.json': '{}' });
      const { bundle } = await signModel(path, { key: pem });
      await local('POST', '/api/v1/inventory', {
        kind: 'endpoint',
        name: 'fraud-eu',
        facts: { purpose: 'scores' },
      });
      const first = await local<Version>(
        'POST',
        '/api/v1/versions',
        { name: 'org/good', path, label: '1.0' },
        201,
      );
      assert.deepEqual(closed(first), ['signed', 'approved']);
      assert.equal(
        await codeOf(
          await operator.call('POST', '/api/v1/models/org%2Fgood/1.0/promote', {
            place: 'endpoint:fraud-eu',
          }),
        ),
        'gate-closed',
      );
      const said = await local<{ passed: boolean; summary: string }>(
        'POST',
        '/api/v1/versions/model/org%2Fgood/1.0/signature',
        { signature: JSON.stringify(bundle) },
      );
      assert.deepEqual(said, { passed: true, summary: 'signed by ml-team' });
      assert.equal(
        await codeOf(
          await operator.call('POST', '/api/v1/versions/model/org%2Fgood/1.0/approve', {
            digest: first.digest,
            seen: first.seen,
          }),
        ),
        'not-permitted',
        'operators approve nothing',
      );
      assert.equal(
        await codeOf(
          await approver.call('POST', '/api/v1/versions/model/org%2Fgood/1.0/approve', {
            digest: '0'.repeat(64),
            seen: first.seen,
          }),
        ),
        'conflict',
        'what is approved is what was looked at',
      );
      assert.equal(
        await codeOf(
          await approver.call('POST', '/api/v1/versions/model/org%2Fgood/1.0/approve', {
            digest: first.digest,
            seen: first.seen,
          }),
        ),
        'conflict',
        'that it was signed was not seen',
      );
      const approved = await ok<Version>(
        await approver.call('POST', '/api/v1/versions/model/org%2Fgood/1.0/approve', {
          digest: first.digest,
          seen: await seenNow('org%2Fgood', '1.0'),
        }),
        200,
      );
      assert.deepEqual(closed(approved), []);
      await ok(
        await operator.call('POST', '/api/v1/models/org%2Fgood/1.0/promote', { place: 'endpoint:fraud-eu' }),
        200,
      );
      assert.deepEqual((await version('org/good', '1.0')).serving, ['endpoint:fraud-eu']);
      const to = join(folder, 'served');
      const loaded = await local<{ digest: string; files: number }>(
        'POST',
        '/api/v1/models/org%2Fgood/load',
        {
          place: 'endpoint:fraud-eu',
          to,
        },
      );
      assert.deepEqual(loaded.digest, first.digest);
      assert.deepEqual(readFileSync(join(to, 'model.pkl')), PLAIN);
      assert.equal((await events('artefact-loaded')).at(-1)!.data['verified'], true);
      assert.deepEqual(
        readdirSync(folder).filter((name) => name.includes('.new')),
        [],
      );
    });

    it('signs what it says in a form that others verify', async () => {
      const { attestations } = await version('org/good', '1.0');
      assert.deepEqual(
        attestations.map(({ kind, passed }) => `${kind} ${passed}`),
        ['promotion true', 'approval true', 'signature true', 'scan true'],
      );
      const { publicKey } = await local<{ publicKey: string }>('GET', '/api/v1/attestations/key');
      for (const { envelope } of attestations) {
        const { payload, payloadType, signatures } = JSON.parse(envelope);
        const bytes = Buffer.from(payload, 'base64');
        const signed = Buffer.concat([
          Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${bytes.length} `),
          bytes,
        ]);
        assert.ok(verify(null, signed, publicKey, Buffer.from(signatures[0].sig, 'base64')));
        assert.equal(JSON.parse(bytes.toString())._type, 'https://in-toto.io/Statement/v1');
      }
    });

    it('keeps files sealed, and hands nothing out that was changed', async () => {
      const artefacts = join(server.control.installation.folder, 'artefacts');
      const stored = readdirSync(artefacts, { recursive: true, encoding: 'utf8' }).filter((name) =>
        /[0-9a-f]{64}$/.test(name),
      );
      assert.ok(stored.length >= 2);
      for (const name of stored) {
        const bytes = readFileSync(join(artefacts, name));
        assert.ok(!bytes.includes(PLAIN), 'no file lies open');
      }
      const target = stored.find((name) => readFileSync(join(artefacts, name)).length > PLAIN.length + 100)!;
      const whole = readFileSync(join(artefacts, target));
      const place = 'endpoint:fraud-eu';
      const load = (to: string) =>
        overSocket(server.data, 'POST', '/api/v1/models/org%2Fgood/load', { place, to: join(folder, to) });
      for (const name of stored) {
        const before = readFileSync(join(artefacts, name));
        for (const changed of [
          Buffer.concat([before.subarray(0, before.length - 1), Buffer.from([before.at(-1)! ^ 1])]),
          before.subarray(0, before.length - 17),
          Buffer.concat([before, Buffer.from('x')]),
        ]) {
          writeFileSync(join(artefacts, name), changed);
          const answer = await load('never');
          assert.match(answer.text, /artefact-corrupt/, `${name} ${changed.length}`);
          assert.ok(!existsSync(join(folder, 'never')));
        }
        writeFileSync(join(artefacts, name), before);
      }
      assert.ok(whole.length > 0);
      assert.equal((await load('again')).status, 200);
    });

    it('holds back what harms, and tells as a finding who asked for what was not approved', async () => {
      const path = model('bad', { 'model.pkl': HARM });
      const bad = await local<Version>('POST', '/api/v1/versions', { name: 'bad', path }, 201);
      assert.ok(closed(bad).includes('scanned') && closed(bad).includes('findings'));
      const [found] = await findings('model:bad@1');
      assert.equal(found!.status, 'open');
      assert.ok(found!.priority >= 60);
      const refused = await overSocket(server.data, 'POST', '/api/v1/models/bad/load', {
        place: 'endpoint:fraud-eu',
        to: join(folder, 'bad-load'),
      });
      assert.match(refused.text, /gate-closed/);
      const [load] = await findings('model:bad');
      assert.equal(load!.technique, 'unapproved-load');
      assert.ok(!existsSync(join(folder, 'bad-load')));
      const viewer = await signedIn(server, [{ role: 'operator' }]);
      assert.equal(
        await codeOf(await viewer.call('POST', '/api/v1/versions', { name: 'spy', path: '/etc/passwd' })),
        'not-permitted',
        'paths of this machine are named on it',
      );
    });

    it('goes back in one step, and never to what was found bad since', async () => {
      const make = async (label: string, weight: string): Promise<void> => {
        const path = model(`good-${label}`, {
          'weights.safetensors': weight,
          'config.json': `{"v":"${label}"}`,
        });
        const { bundle } = await signModel(path, { key: pem });
        const made = await local<Version>(
          'POST',
          '/api/v1/versions',
          { name: 'org/good', path, label, signature: JSON.stringify(bundle), from: ['claims@2026'] },
          201,
        );
        await ok(
          await approver.call('POST', `/api/v1/versions/model/org%2Fgood/${label}/approve`, {
            digest: made.digest,
            seen: await seenNow('org%2Fgood', label),
          }),
          200,
        );
      };
      const header = '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}';
      const tensor = (byte: string): string => {
        const size = Buffer.alloc(8);
        size.writeBigUInt64LE(BigInt(header.length));
        return size.toString('latin1') + header + byte;
      };
      await make('2.0', tensor('x'));
      await ok(
        await operator.call('POST', '/api/v1/models/org%2Fgood/2.0/promote', { place: 'endpoint:fraud-eu' }),
        200,
      );
      await ok(await operator.call('POST', '/api/v1/places/rollback', { place: 'endpoint:fraud-eu' }), 200);
      assert.deepEqual((await version('org/good', '1.0')).serving, ['endpoint:fraud-eu']);
      assert.deepEqual((await version('org/good', '2.0')).serving, []);
      const conflict = await overSocket(server.data, 'POST', '/api/v1/versions', {
        name: 'org/good',
        path: join(folder, 'bad'),
        label: '2.0',
      });
      assert.match(conflict.text, /versions never change/);
      const graph = await local<{ nodes: string[] }>('GET', '/api/v1/lineage?node=model:org%2Fgood@2.0');
      assert.deepEqual(
        new Set(graph.nodes),
        new Set(['model:org/good@2.0', 'dataset:claims@2026', 'endpoint:fraud-eu']),
      );
    });

    it('lets no call through to a system whose model does not serve there, and tells what decided a call', async () => {
      const key = await server.key(['scoring']);
      const refused = await server.chat(key, 'hello');
      assert.equal(refused.status, 403);
      assert.match(await refused.text(), /gate-closed/);
      await ok(
        await operator.call('POST', '/api/v1/models/org%2Fgood/1.0/promote', { place: 'system:scoring' }),
        200,
      );
      const answered = await server.chat(key, 'hello');
      assert.equal(answered.status, 200);
      await server.control.installation.flush();
      const graph = await local<{ nodes: string[] }>(
        'GET',
        `/api/v1/lineage?node=exchange:${exchangeOf(answered)}`,
      );
      for (const node of ['model:org/good@1.0', 'system:scoring', `exchange:${exchangeOf(answered)}`])
        assert.ok(graph.nodes.includes(node), node);
      await server.control.scans.watch();
      await server.control.installation.flush();
      const { uses } = await ok<{ uses: { place: string; decision: string | null }[] }>(
        await operator.call('GET', '/api/v1/ai-uses'),
        200,
      );
      assert.ok(
        uses.some(({ place, decision }) => place === 'gateway system:scoring' && decision === null),
        'a system that nobody answers for is a use that nobody told of',
      );
      await ok(await operator.call('POST', '/api/v1/places/withdraw', { place: 'system:scoring' }), 200);
      assert.equal((await server.chat(key, 'hello')).status, 403);
    });

    it('takes data only from sources that somebody other than who proposed them approved', async () => {
      const path = model('claims', { 'rows.csv': 'a,b\n1,2\n' });
      const ingest = (source: string) =>
        overSocket(server.data, 'POST', '/api/v1/versions', {
          kind: 'dataset',
          name: 'claims',
          path,
          label: '2026',
          facts: { source },
        });
      assert.match((await ingest('')).text, /not-permitted/);
      assert.match((await ingest('https://data.example/claims')).text, /not approved/);
      const source = await ok<{ id: string; digest: string }>(
        await operator.call('POST', '/api/v1/sources', {
          pattern: 'https://data.example/claims',
          licence: 'own',
        }),
        201,
      );
      assert.equal(
        await codeOf(
          await operator.call('POST', `/api/v1/sources/${source.id}/approve`, { digest: source.digest }),
        ),
        'not-permitted',
      );
      assert.match((await ingest('https://data.example/claims')).text, /not approved/);
      const { digest } = source;
      const approve = (id: string, what: string) =>
        approver.call('POST', `/api/v1/sources/${id}/approve`, { digest: what });
      assert.equal(await codeOf(await approve(source.id, 'f'.repeat(64))), 'conflict', 'another digest');
      await ok(await approve(source.id, digest), 200);
      const ended = await ok<{ id: string; digest: string }>(
        await operator.call('POST', '/api/v1/sources', { pattern: 'https://ended.example', licence: 'own' }),
        201,
      );
      const now = await ok<{ digest: string; status: string }>(
        await operator.call('POST', `/api/v1/sources/${ended.id}/end`, {}),
        200,
      );
      assert.equal(now.status, 'ended');
      assert.equal(await codeOf(await approve(ended.id, now.digest)), 'conflict', 'it has ended');
      for (const other of [
        'https://data.example/claims-of-others',
        'https://data.example/claims/../x',
        'https://data.example',
      ])
        assert.match((await ingest(other)).text, /not approved/, other);
      assert.equal((await ingest('https://data.example/claims/2026')).status, 201);
      const decided = await events('ingest-decided');
      assert.deepEqual(
        decided.map(({ data }) => data['decision']),
        ['refused', 'refused', 'refused', 'refused', 'refused', 'refused', 'allowed'],
      );
    });

    it('takes in and gives out lineage as OpenLineage has it', async () => {
      const run = '01926ab1-7a9c-7c3e-8f5e-1234567890ab';
      const event = {
        eventType: 'COMPLETE',
        eventTime: '2026-11-22T00:00:00Z',
        run: { runId: run },
        job: { namespace: 'airflow', name: 'train.fraud' },
        inputs: [{ namespace: 's3://bucket', name: 'claims' }],
        outputs: [{ namespace: 'sallyport', name: 'model:org/good@2.0' }],
        producer: 'https://example.com',
        schemaURL: 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent',
      };
      await ok(await operator.call('POST', '/api/v1/lineage', event), 201);
      const graph = await ok<{ nodes: string[] }>(
        await operator.call('GET', '/api/v1/lineage?node=endpoint:fraud-eu'),
        200,
      );
      assert.ok(graph.nodes.includes('dataset:s3://bucket/claims'), 'from the data to what serves');
      const { events: given } = await ok<{ events: { run: { runId: string }; job: { name: string } }[] }>(
        await operator.call('GET', '/api/v1/lineage/events'),
        200,
      );
      assert.ok(given.some((one) => one.run.runId === run && one.job.name === 'train.fraud'));
      assert.equal((await operator.call('POST', '/api/v1/lineage', { ...event, run: {} })).status, 400);
    });

    it('lineage of a node is told whatever else is noted, and when that is said to be', async () => {
      const run = { runId: '01926ab1-7a9c-7c3e-8f5e-1234567890ac' };
      for (let n = 0; n < 11; n++) {
        const outputs = Array.from({ length: 500 }, (_, i) => ({
          namespace: 's3://flood',
          name: `${n}-${i}`,
        }));
        const event = {
          eventTime: '9998-01-01T00:00:00Z',
          run,
          job: { namespace: 'x', name: `${n}` },
          outputs,
        };
        await ok(await operator.call('POST', '/api/v1/lineage', event), 201);
      }
      const ask = async (query: string) =>
        ok<{ nodes: string[]; edges: { at: string }[]; leftOut: number }>(
          await operator.call('GET', `/api/v1/lineage${query}`),
          200,
        );
      const around = await ask('?node=endpoint:fraud-eu');
      assert.ok(around.nodes.includes('dataset:s3://bucket/claims'));
      assert.equal(around.leftOut, 0);
      const all = await ask('');
      assert.ok(all.leftOut > 500, `${all.leftOut}`);
      const soon = new Date(Date.now() + 60_000).toISOString();
      assert.ok(
        all.edges.every(({ at }) => at < soon),
        'nothing is of a time to come',
      );
    });

    it('makes findings of scans once, and closes them only when a scan no longer sees them', async () => {
      const watched = join(folder, 'watched');
      writeFileSync(join(watched, 'requirements.txt'), 'left==1.0 --hash=sha256:x\n');
      writeFileSync(join(watched, 'model.pkl'), HARM);
      writeFileSync(join(watched, 'app.py'), 'from openai import OpenAI\n');
      writeExport(join(folder, 'export'), {
        PyPI: [
          osv('PYSEC-1', 'PyPI', 'left', [{ introduced: '0' }, { fixed: '2.0' }], {
            aliases: ['CVE-2026-1'],
            published: '2026-01-01T00:00:00Z',
          }),
        ],
      });
      writeFileSync(
        join(folder, 'kev.json'),
        JSON.stringify({ dateReleased: '2026-11-20', vulnerabilities: [{ cveID: 'CVE-2026-1' }] }),
      );
      const { importAdvisories } = await import('@sallyport/scan');
      importAdvisories(join(folder, 'export'), server.control.scans.advisories, {
        exploited: join(folder, 'kev.json'),
      });
      const scan = async (): Promise<Finding[]> => {
        await ok(await operator.call('POST', '/api/v1/scans', { watch: 'code' }), 200);
        return findings('folder:code');
      };
      const first = await scan();
      const kinds = (some: readonly Finding[], status: string): string[] =>
        some
          .filter((one) => one.status === status)
          .map(({ technique }) => technique)
          .sort();
      assert.deepEqual(kinds(first, 'open'), [
        'code-execution',
        'exploited-vulnerability',
        'unsanctioned-ai',
      ]);
      assert.equal((await scan()).length, 3, 'seen again, they are the same');
      const exploited = first.find(({ technique }) => technique === 'exploited-vulnerability')!;
      assert.ok(exploited.scanned!.exploited);
      assert.ok(first[0]!.priority >= first[1]!.priority, 'the most pressing first');
      assert.ok(Date.parse(exploited.dueAt) - Date.now() < 48 * 3_600_000);

      const owned = await ok<Finding>(
        await operator.call('POST', `/api/v1/findings/${exploited.fingerprint}/owner`, {
          owner: operator.name,
        }),
        200,
      );
      assert.equal(owned.owner, operator.id);
      assert.equal(
        await codeOf(
          await operator.call('POST', `/api/v1/findings/${exploited.fingerprint}/accept`, {
            days: 3,
            reason: 'no time',
          }),
        ),
        'not-permitted',
      );
      const accepted = await ok<Finding>(
        await approver.call('POST', `/api/v1/findings/${exploited.fingerprint}/accept`, {
          days: 3,
          reason: 'contained',
          digest: owned.digest,
        }),
        200,
      );
      assert.ok(accepted.accepted !== null && accepted.status === 'open');

      writeFileSync(join(watched, 'requirements.txt'), 'left==2.0 --hash=sha256:x\n');
      rmSync(join(watched, 'model.pkl'));
      const { uses } = await ok<{ uses: { fingerprint: string; service: string; digest: string }[] }>(
        await operator.call('GET', '/api/v1/ai-uses'),
        200,
      );
      const use = uses.find(({ service }) => service === 'openai')!;
      await ok(
        await approver.call('POST', '/api/v1/ai-uses/sanction', {
          fingerprint: use.fingerprint,
          digest: use.digest,
          decision: 'sanctioned',
          owner: operator.id,
          reason: 'it is the shop assistant',
        }),
        200,
      );
      const last = await scan();
      assert.deepEqual(kinds(last, 'open'), []);
      assert.deepEqual(kinds(last, 'resolved'), [
        'code-execution',
        'exploited-vulnerability',
        'unsanctioned-ai',
      ]);
      writeFileSync(join(watched, 'model.pkl'), HARM);
      assert.deepEqual(kinds(await scan(), 'open'), ['code-execution'], 'what comes back is open again');
      rmSync(join(watched, 'model.pkl'));
      writeFileSync(join(watched, 'requirements.txt'), 'left==1.0 --hash=sha256:x\n');
      await scan();
      // What cannot be read any more is not known to be gone.
      rmSync(join(watched, 'requirements.txt'));
      writeFileSync(join(watched, 'poetry.lock'), '[[package');
      writeFileSync(join(watched, 'requirements.txt'), 'left==1.0 --hash=sha256:x\n');
      writeFileSync(join(watched, 'AGENTS.md'), 'Answer in short sentences.\n');
      writeFileSync(
        join(watched, 'image.tar'),
        tar([
          { name: 'c.json', content: Buffer.from('{}') },
          { name: 'manifest.json', content: Buffer.from('[{"Config":"c.json","Layers":[]}]') },
        ]),
      );
      assert.ok(kinds(await scan(), 'open').includes('exploited-vulnerability'));
    });

    it('lights controls by what happened, and by nothing else', async () => {
      await ok(
        await operator.call('POST', '/api/v1/ci-runs', {
          reference: 'abc',
          inputsDigest: '0'.repeat(64),
          passed: false,
          failOn: 'high',
          checks: [{ name: 'model files', ran: true, passed: false, summary: 'x' }],
        }),
        201,
      );
      await server.control.probeIfOlder(0);
      const controls = await server.controls();
      const told = (id: string): string => {
        const { status, evidence } = controls.get(id)!;
        return `${status}: ${evidence.join('; ')}`;
      };
      const LIT: Readonly<Record<string, RegExp>> = {
        'DAT-01': /^effective: 1 data sets were taken in from approved sources, 6 from others were refused/,
        'DAT-02':
          /^effective: all 1 data sets were asked for by a person without a role on them, and refused/,
        // Files were changed on the disk above: what was asked for then was refused, and that is no good sign.
        'MOD-02':
          /^failing: 2 loads of models were verified byte by byte, 7 were refused; all \d+ stored files/,
        'VUL-01':
          /^(?:partial|failing|effective): (\d+) of \1 watched folders and stored versions were scanned within a day; .* the scans of a day were of model-files, dependencies, sources; 1 prompts and 1 container images/,
        'VUL-03': /^failing: .* 3 were closed, each by a scan .* 3 have no owner, 0 are overdue/,
        'GOV-02': /^partial: everything that serves \(1\) has a signed approval of its digest/,
        'GOV-03':
          /^effective: of two uses of AI that were seeded unregistered, in code and in a log, 2 were found/,
        'CMP-01':
          /^partial: the latest check of a change \(abc\) failed, and so stopped it: model files failed/,
        'CMP-04': /^partial: 0 findings are open beyond their time/,
        'KEY-02': /^partial: all \d+ stored files of models and data are sealed, each under a key of its own/,
      };
      for (const [id, words] of Object.entries(LIT)) assert.match(told(id), words);
    });

    it('builds findings and uses of AI from the record alone', async () => {
      const { store, ledger } = server.control.installation;
      const before = [await store.findings.list(), await store.aiUses.list()];
      await store.exchanges.reset();
      const leaves: { index: number; leaf: SallyportEvent }[] = [];
      for await (const { index, leaf } of ledger.read(0))
        leaves.push({ index, leaf: JSON.parse(Buffer.from(leaf).toString()) as SallyportEvent });
      await store.exchanges.project(leaves as never);
      assert.deepEqual([await store.findings.list(), await store.aiUses.list()], before);
    });
  });
}

suite('SQLite', () => ({}));
describe('with PostgreSQL', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  before(async () => {
    postgres = await startPostgres();
    process.env['SALLYPORT_INVENTORY_TEST_URL'] = postgres.url;
  });
  after(() => postgres.stop());
  suite('PostgreSQL', () => ({ database: { urlRef: 'env:SALLYPORT_INVENTORY_TEST_URL' } }));
});
