import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { trainLending } from '../src/demo/lending/train.ts';
import {
  completion,
  enforced,
  exchangeOf,
  type FakeSystem,
  fakeSystem,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';

describe('the control plane', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let cookie = '';
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({ demo: true, systems: { main: enforced(fake) } });
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${server.controlUrl}${path}`, { headers, redirect: 'manual' });
  const send = (
    method: string,
    path: string,
    body: object | null,
    headers: Record<string, string> = {},
  ): Promise<Response> =>
    fetch(`${server.controlUrl}${path}`, {
      method,
      redirect: 'manual',
      body: body === null ? null : JSON.stringify(body),
      headers: body === null ? headers : { 'content-type': 'application/json', ...headers },
    });
  const signIn = (name: string, password: string, headers: Record<string, string> = {}): Promise<Response> =>
    send('POST', '/api/v1/session', { name, password }, headers);
  /** A request with headers that fetch would not send. */
  const rawGet = (path: string, headers: Record<string, string>): Promise<number> =>
    new Promise((done, fail) => {
      request(`${server.controlUrl}${path}`, { headers }, (res) => {
        res.resume();
        done(res.statusCode!);
      })
        .on('error', fail)
        .end();
    });

  it('health, readiness and metrics are open; nothing else is', async () => {
    assert.equal((await get('/healthz')).status, 200);
    assert.equal((await get('/readyz')).status, 200);
    await server.chat(await server.key(['main']), 'hello');
    await new Promise((tick) => setTimeout(tick, 700));
    const metrics = await (await get('/metrics')).text();
    assert.match(metrics, /^sallyport_exchanges_total\{outcome="answered",code=""\} 1$/m);
    assert.ok(!metrics.includes('main'), 'names no system to whoever asks');
    const scraper = await server.control.accounts.programs.add('test', {
      name: 'scraper',
      purpose: 'metrics',
      owner: null,
      grants: [{ role: 'viewer' }],
    });
    const { key } = await server.control.apiKeys.create('test', {
      name: 'scraper',
      systems: [],
      program: scraper.id,
    });
    const told = await get('/metrics', { authorization: `Bearer ${key}` });
    assert.match(
      await told.text(),
      /^sallyport_exchanges_total\{system="main",outcome="answered",code=""\} 1$/m,
    );
    assert.equal((await get('/metrics', { authorization: 'Bearer sp_none' })).status, 401);
    assert.match(metrics, /^sallyport_ledger_entries \d+$/m);
    const document = (await (await get('/openapi.json')).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const published = JSON.parse(
      readFileSync(join(import.meta.dirname, '../../../schema/openapi.json'), 'utf8'),
    ) as unknown;
    assert.deepEqual(document, published, 'schema/openapi.json is what the code serves');
    for (const [path, methods] of Object.entries(document.paths)) {
      if (!path.startsWith('/api/') || /\/(?:session|setup)$/.test(path)) continue;
      for (const method of Object.keys(methods)) {
        const response = await fetch(`${server.controlUrl}${path.replace(/\{[^}]+\}/, 'x')}`, {
          method: method.toUpperCase(),
        });
        assert.equal(response.status, 401, `${method} ${path}`);
      }
    }
  });

  const password = 'correct horse battery staple';

  it('the set-up link works once; passwords need length; the session opens the API', async () => {
    const token = new URLSearchParams(new URL(server.setupUrl!).hash.slice(1)).get('token')!;
    const open = async (value: string): Promise<unknown> =>
      (await get('/api/v1/setup', { 'x-sallyport-setup': value })).json();
    assert.equal(new URL(server.setupUrl!).search, '', 'what opens it is sent to no server with the address');
    assert.deepEqual(await open('wrong'), { open: false, name: null, administrators: false, signOn: null });
    assert.deepEqual(await open(token), { open: true, name: null, administrators: false, signOn: null });
    const setUp = (name: string, chosen: string): Promise<Response> =>
      send('POST', '/api/v1/setup', { token, name, displayName: 'Ann Müller', password: chosen });
    assert.equal((await setUp('ann', 'short')).status, 400);
    const made = await Promise.all([0, 1, 2].map((i) => setUp(`ann${i}`, password)));
    assert.deepEqual(made.map((one) => one.status).sort(), [201, 403, 403]);
    const won = made.find((one) => one.status === 201)!;
    const set = won.headers.get('set-cookie')!;
    for (const part of [/HttpOnly/, /SameSite=Strict/, /Path=\//]) assert.match(set, part);
    cookie = set.split(';')[0]!;
    assert.equal((await get('/api/v1/systems', { cookie })).status, 200);
    const { name, displayName } = (await (await get('/api/v1/session', { cookie })).json()) as {
      name: string;
      displayName: string;
    };
    assert.match(name, /^ann\d$/);
    assert.equal(displayName, 'Ann Müller');
    assert.equal((await setUp('eve', password)).status, 403);
    assert.deepEqual(await open(token), { open: false, name: null, administrators: true, signOn: null });
  });

  it('every answer forbids scripts of others, frames and caching', async () => {
    for (const path of ['/', '/api/v1/session', '/healthz']) {
      const { headers } = await get(path);
      assert.match(headers.get('content-security-policy')!, /default-src 'none'.*frame-ancestors 'none'/);
      assert.ok(!/unsafe|https?:/.test(headers.get('content-security-policy')!));
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.match(headers.get('cache-control')!, /no-(?:store|cache)/);
    }
  });

  it('signing in: wrong passwords are told alike, throttled, and recorded; it replaces the session; signing out ends it', async () => {
    const { name } = (await (await get('/api/v1/session', { cookie })).json()) as { name: string };
    const wrong = await signIn(name, 'x');
    const nobody = await signIn('nobody', 'x');
    assert.deepEqual([wrong.status, nobody.status], [401, 401]);
    assert.equal(await wrong.text(), await nobody.text());
    const again = await signIn(name, password, { cookie });
    assert.equal(again.status, 201);
    assert.equal((await get('/api/v1/systems', { cookie })).status, 401, 'the session before is over');
    cookie = again.headers.get('set-cookie')!.split(';')[0]!;
    for (let i = 0; i < 10; i++) await signIn('zed', 'x');
    assert.equal((await signIn('zed', 'x')).status, 429);
    assert.ok(
      (await server.control.installation.store.events.list(50)).some(
        (event) => event.type === 'sign-in-failed',
      ),
    );
    assert.equal((await send('DELETE', '/api/v1/session', null, { cookie })).status, 204);
    assert.equal((await get('/api/v1/systems', { cookie })).status, 401);
  });

  it('other sites and other host names are refused', async () => {
    assert.equal((await signIn('a', 'b', { origin: 'https://evil.example' })).status, 403);
    assert.equal(await rawGet('/healthz', { host: 'evil.example' }), 421);
    assert.equal(await rawGet('/healthz', { host: 'localhost:1' }), 421);
  });

  it('posture is honest about ourselves: an administrator without a second factor fails ACC-02', async () => {
    assert.equal((await server.controls()).get('ACC-02')!.status, 'failing');
  });

  it('the exchange in the log says who, what, which policy and how it was judged, and nothing of the content', async () => {
    fake.answer = (_req, res) => sendJson(res, completion('the answer is unmistakable'));
    const response = await server.chat(
      await server.key(['main']),
      'a question that is unmistakable, card 4111 1111 1111 1111',
    );
    const { entries } = await server.control.exchange('test', exchangeOf(response), false);
    const [intent, outcome] = entries.map((entry) => entry.leaf);
    assert.equal(intent?.type === 'exchange-intent' && intent.policy!.ids[0], 'key-systems');
    assert.equal(intent?.type === 'exchange-intent' && intent.verdict.action, 'redact');
    assert.equal(outcome?.type === 'exchange-outcome' && outcome.outputTokens, 5);
    assert.ok(!/unmistakable|4111/.test(JSON.stringify(entries)));
    const opened = await server.control.exchange('test', exchangeOf(response), true);
    assert.match(opened.entries[0]!.content!, /unmistakable, card 4111/);
    assert.match(opened.entries[1]!.content!, /the answer is unmistakable/);
    await server.control.installation.flush();
    assert.ok(opened.entries.every((entry) => entry.commitmentHolds));
    assert.ok(
      (await server.control.installation.store.events.list(10)).some(
        (event) => event.type === 'content-read',
      ),
    );
  });

  it('stored content cannot be read without its key', () => {
    const state = readFileSync(join(server.data, 'state.db')).toString('latin1');
    const wal = readFileSync(join(server.data, 'state.db-wal')).toString('latin1');
    assert.ok(!state.includes('unmistakable') && !wal.includes('unmistakable'));
  });

  it('the projection can be built again from the log', async () => {
    const { store } = server.control.installation;
    const before = await server.control.exchanges({ limit: 100 });
    await store.exchanges.reset();
    const cursor = await store.exchanges.cursor();
    assert.equal(cursor, 0);
    const again: unknown[] = [];
    for await (const { index, leaf } of server.control.installation.ledger.read(0))
      again.push({ index, leaf: JSON.parse(Buffer.from(leaf).toString()) });
    await store.exchanges.project(again as never);
    assert.deepEqual(await server.control.exchanges({ limit: 100 }), before);
  });
});

describe('posture', () => {
  it('demonstration and synthetic traffic light nothing', async () => {
    const server = await testServer({ demo: true });
    try {
      for (let i = 0; i < 5; i++)
        await server.post('/v1/chat/completions', server.demo!.key, {
          model: 'helpdesk',
          messages: [{ role: 'user', content: 'refund, card 4111 1111 1111 1111' }],
        });
      const controls = await server.controls();
      for (const id of ['MOD-01', 'MOD-03', 'IO-01', 'IO-03', 'DAT-03', 'DAT-06'])
        assert.equal(controls.get(id)!.status, 'not assessed', id);
    } finally {
      await server.stop();
    }
  });
});

describe('a record that cannot be written', () => {
  it('denies the call before it is forwarded', async () => {
    const fake = await fakeSystem();
    const server = await testServer({ systems: { main: enforced(fake) } });
    const key = await server.key(['main']);
    const { ledger } = server.control.installation;
    const append = ledger.append.bind(ledger);
    ledger.append = () => Promise.reject(new Error('disk full'));
    const response = await server.chat(key, 'hello');
    assert.equal(response.status, 503);
    assert.equal(((await response.json()) as { error: { code: string } }).error.code, 'record-unavailable');
    assert.equal(fake.requests.length, 0);
    fake.answer = (_req, res) => {
      ledger.append = () => Promise.reject(new Error('disk full'));
      sendJson(res, completion('an answer that may not leave unrecorded'));
    };
    ledger.append = append;
    const withheld = await server.chat(key, 'hello');
    assert.equal(withheld.status, 503);
    assert.ok(!(await withheld.text()).includes('may not leave'));
    ledger.append = append;
    fake.answer = (_req, res) => sendJson(res, completion('ok'));
    assert.equal((await server.chat(key, 'hello')).status, 200, 'recovers by itself');
    await server.stop();
    await fake.close();
  });
});

describe('the lending model', () => {
  it('is what training from the seed gives, byte for byte, and better than saying yes', () => {
    const { file, accuracy, baseline } = trainLending();
    assert.deepEqual(file, readFileSync(join(import.meta.dirname, '../src/demo/lending/lending.onnx')));
    assert.ok(accuracy > baseline + 0.1, `${accuracy} against ${baseline}`);
  });
});
