import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { totpCode, totpStep } from '../../access/src/factors/totp.ts';
import { SoftwarePasskey } from '../../access/test/software-passkey.ts';
import { PolicyBench } from '../src/authorisation/policy-bench.ts';
import { followed } from './followed.ts';
import { type TestServer, testServer } from './harness.ts';
import { addPasskey, browserOf, ok, PASSWORD, signedIn } from './people.ts';

describe('who somebody is, over HTTP', () => {
  let server: TestServer;
  before(async () => {
    server = await testServer({
      config: {
        access: {
          signOn: { issuer: 'http://127.0.0.1:9', clientId: 'x', allowPrivate: true },
          workloads: [
            {
              name: 'jobs',
              issuer: 'http://127.0.0.1:9',
              audience: 'x',
              claims: { sub: 'x' },
              program: 'none',
              allowPrivate: true,
            },
          ],
        },
      },
    });
  });
  after(() => server.stop());

  const age = (minutes: number): Promise<unknown> =>
    server.control.installation.store.change(async (tx) => {
      const at = new Date(Date.now() - minutes * 60_000).toISOString();
      await tx.updateTable('sessions').set({ proven_at: at }).execute();
      await followed(tx, 'sessions');
      return { result: undefined, event: [] };
    });
  const bytesOf = (secret: string): Buffer => {
    const bits = [...secret]
      .map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0'))
      .join('');
    return Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
  };

  it('a password and a code that were phished make no passkey of an account that has one', async () => {
    const ann = await signedIn(server, [{ role: 'operator' }]);
    const { id, secret } = await ok<{ id: string; secret: string }>(
      await ann.call('POST', '/api/v1/account/authenticators', { name: 'app' }),
      201,
    );
    const code = (steps: number): string => totpCode(bytesOf(secret), totpStep(Date.now()) + steps);
    await ok(await ann.call('POST', `/api/v1/account/authenticators/${id}/confirm`, { code: code(-1) }), 200);
    const thief = browserOf(server);
    const { pending } = await ok<{ pending: string }>(
      await thief.call('POST', '/api/v1/session', { name: ann.name, password: PASSWORD }),
      202,
    );
    await ok(await thief.call('POST', '/api/v1/session', { pending, proof: { code: code(0) } }), 201);
    const { factors } = await ok<{ factors: { id: string }[] }>(
      await thief.call('GET', '/api/v1/account'),
      200,
    );
    for (const [method, path, body] of [
      ['POST', '/api/v1/account/passkey-creation', undefined],
      ['POST', '/api/v1/account/authenticators', { name: 'evil' }],
      ['POST', '/api/v1/account/recovery-codes', undefined],
      ...factors.map((one) => ['DELETE', `/api/v1/account/factors/${one.id}`, undefined] as const),
      ['POST', '/api/v1/account/password', { current: PASSWORD, password: `another ${PASSWORD}` }],
    ] as const) {
      const answer = await thief.call(method, path, body);
      assert.deepEqual(
        [answer.status, ((await answer.json()) as { error: { code: string } }).error.code],
        [403, 'proof-needed'],
        `${method} ${path}`,
      );
    }
    // The passkey that another session began to make is not finished by this one.
    const begun = await ok<{ ticket: string; options: { challenge: string } }>(
      await ann.call('POST', '/api/v1/account/passkey-creation'),
      200,
    );
    const passkey = new SoftwarePasskey(server.controlUrl).create(begun.options);
    const added = await thief.call('POST', '/api/v1/account/passkeys', {
      ticket: begun.ticket,
      name: 'evil',
      passkey,
    });
    assert.equal(added.status, 403);
    await addPasskey(server, ann);
  });

  it('ending other sessions, and forgetting devices, asks who it is first', async () => {
    const ben = await signedIn(server, [{ role: 'viewer' }]);
    const { sessions, devices } = await server.control.accounts.sessions.list(ben.id);
    await age(6);
    for (const path of ['sessions', `sessions/${sessions[0]!.id}`, `devices/${devices[0]!.id}`]) {
      const answer = await ben.call('DELETE', `/api/v1/account/${path}`);
      assert.equal(((await answer.json()) as { error: { code: string } }).error.code, 'proof-needed', path);
    }
    await age(0);
    await ok(await ben.call('DELETE', '/api/v1/account/sessions'), 204);
  });

  const rows = async (table: 'tickets' | 'attempts' | 'outbox'): Promise<number> => {
    let n = 0;
    await server.control.installation.store.change(async (tx) => {
      n = (await tx.selectFrom(table).selectAll().execute()).length;
      return { result: undefined, event: [] };
    });
    return n;
  };

  it('asking for challenges, and failing to sign on, fills nothing', async () => {
    const before = [await rows('tickets'), await rows('outbox')] as const;
    const page = browserOf(server);
    for (let i = 0; i < 200; i++) {
      await ok(await page.call('POST', '/api/v1/session', { request: 'passkey' }), 200);
      assert.equal((await page.call('GET', '/sign-on/callback?state=x&code=y')).status, 302);
    }
    assert.equal((await rows('tickets')) - before[0], 0, 'tickets');
    assert.ok((await rows('outbox')) - before[1] <= 30, `${(await rows('outbox')) - before[1]} events`);
  });

  it('policies are tried beside, under a deadline, and few at a time', async () => {
    const auditor = await signedIn(server, [{ role: 'auditor' }]);
    const tests = Array.from({ length: 200 }, (_, i) => ({
      name: `t${i}`,
      principal: { person: 'ann', roles: ['operator'] },
      action: 'change-systems',
      resource: { system: `chat${i}` },
      expect: 'allow',
    }));
    const policies = Array.from({ length: 60 }, (_, i) => {
      return `@id("p${i}") forbid (principal is Person, action in Action::"operate", resource is System) when { resource.environment like "*a*b*c*${i}*" };`;
    }).join('\n');
    let answered = 0;
    let done = false;
    const trial = auditor.call('POST', '/api/v1/policies/test', { policies, tests }).then((response) => {
      done = true;
      return response;
    });
    while (!done) {
      await ok(await fetch(`${server.controlUrl}/healthz`), 200);
      if (!done) answered++;
    }
    assert.equal((await trial).status, 200);
    assert.ok(answered >= 5, `${answered} others were answered meanwhile`);
    const many = await Promise.all(
      Array.from({ length: 12 }, () => auditor.call('POST', '/api/v1/policies/test', { tests: [] })),
    );
    const statuses = many.map(({ status }) => status);
    assert.ok(statuses.includes(200) && statuses.includes(503), statuses.join());
    const slow = new PolicyBench(1);
    await assert.rejects(slow.run({ text: policies, tests: [] }), { code: 'request-invalid' });
    const broken = await auditor.call('POST', '/api/v1/policies/test', { policies: 'permit (', tests: [] });
    assert.equal(broken.status, 400);
  });

  it('one person follows the traffic in few pages at a time, and keeps nobody else from it', async () => {
    const [greedy, other] = [
      await signedIn(server, [{ role: 'viewer' }], false),
      await signedIn(server, [{ role: 'viewer' }], false),
    ];
    const open = await Promise.all(Array.from({ length: 20 }, () => greedy.call('GET', '/api/v1/live')));
    assert.ok(open.every(({ status }) => status === 200));
    const ended = await Promise.all(
      open.map(async ({ body }) => {
        const reader = body!.getReader();
        const until = new Promise<false>((done) => setTimeout(() => done(false), 4_000));
        const whole = (async () => {
          while (!(await reader.read()).done);
          return true;
        })();
        const over = await Promise.race([whole, until]);
        if (!over) await reader.cancel();
        return over;
      }),
    );
    assert.equal(ended.filter((over) => !over).length, 8, 'the newest go on, the others end');
    const theirs = await other.call('GET', '/api/v1/live');
    assert.equal(theirs.status, 200);
    await theirs.body?.cancel();
  });

  it('over TLS browsers are told to stay with it, but not for names of this machine', async () => {
    for (const [publicUrl, told] of [
      ['https://console.example', 'max-age=31536000'],
      ['https://localhost:8443', null],
      ['https://127.0.0.1:8443', null],
      [undefined, null],
    ] as const) {
      Object.assign(server.control.config.control, { publicUrl });
      for (const path of ['/healthz', '/api/v1/people', '/nothing/x.js'])
        assert.equal(
          (await fetch(`${server.controlUrl}${path}`)).headers.get('strict-transport-security'),
          told,
          `${publicUrl} ${path}`,
        );
    }
  });

  /** Sends bytes as they are, and reads what comes back until the other side ends or answers. */
  const raw = (text: string): Promise<string> =>
    new Promise((done) => {
      const { hostname, port } = new URL(server.controlUrl);
      const socket = connect(Number(port), hostname === 'localhost' ? '127.0.0.1' : hostname);
      let got = '';
      socket.setTimeout(5_000, () => socket.destroy());
      socket.on('data', (piece) => (got += String(piece)));
      socket.on('close', () => done(got));
      socket.on('error', () => done(got));
      socket.write(text, 'latin1');
    });

  it('no request without a session has us fail, whatever its method, path, headers and body', async () => {
    const { port } = new URL(server.controlUrl);
    const document = (await (await fetch(`${server.controlUrl}/openapi.json`)).json()) as {
      paths: Record<string, object>;
    };
    const paths = [
      ...Object.keys(document.paths),
      '/',
      '/nothing',
      '/api',
      '/api/v1/',
      '/scim/v2',
      '/assets/x.js',
    ];
    const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'LOCK'];
    const TYPES = [
      'application/json',
      'application/json; charset=utf-7',
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'multipart/form-data',
      'application/scim+json',
      'application/octet-stream',
      ';;;',
      '',
    ];
    const BODIES = [
      '{}',
      '[]',
      'null',
      '"x"',
      '1e999',
      '{',
      '',
      '\0\xff\xfe',
      'a=b&a=c&=&%ff=%zz',
      'grant_type=refresh_token&refresh_token=%00',
      'logout_token=%ff.%ff.%ff',
      'logout_token=eyJhbGciOiJub25lIn0.e30.',
      '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--',
      '--x\r\nnothing',
      `${'['.repeat(20_000)}`,
      '{"__proto__":{"x":1},"constructor":null,"name":{"toString":1},"password":[]}',
      '{"name":"\\ud800","password":"\\u0000"}',
      '{"request":"passkey","pending":"x"}',
      '{"pending":"x","proof":{"code":"\\u0000"}}',
      '{"ticket":"x","passkey":{"id":"","rawId":"","type":"public-key","response":{"clientDataJSON":"","authenticatorData":"","signature":""}}}',
      '{"token":"","name":"","password":"correct horse battery staple"}',
    ];
    const HEADERS = [
      '',
      'Cookie: sallyport_session=%ff; sallyport_session=; =; ;;',
      'Cookie: sallyport_session="x\\"; sallyport_device=\x80; sallyport_sign_on=%',
      'Authorization: Bearer sp_',
      `Authorization: Bearer sp_${'a'.repeat(43)}_abcdef`,
      'Authorization: Bearer \xff\xfe',
      'Authorization: Basic Og==',
      'X-Sallyport-Page: x',
      'X-Forwarded-For: %, 1.2.3.4.5, ::::',
      'Origin: null',
      'Accept: */*;q=nothing',
      'If-None-Match: "\xff"',
      'Range: bytes=9-1',
      'Expect: 100-continue',
      'Content-Encoding: gzip',
    ];
    const QUERIES = [
      '',
      '?',
      '?%',
      '?a=%ff&limit=-1&minutes=1e9',
      '?token=%00&next=%00',
      '?filter=((((',
      '?state=x&code=%E0',
    ];
    let state = 7;
    const pick = <T>(all: readonly T[]): T => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return all[Math.floor((state / 2_147_483_648) * all.length)]!;
    };
    // There is no console in this test: its page says so with 503, in the absolute form of a path too.
    const failed: string[] = [];
    const ask = async (method: string, path: string): Promise<void> => {
      const [type, body, header, query] = [pick(TYPES), pick(BODIES), pick(HEADERS), pick(QUERIES)];
      const filled = path.replaceAll(/\{[^}]+\}/g, () =>
        pick(['x', '%00', '%ff', '..%2f', "'", '%F0%9F', 'a'.repeat(300)]),
      );
      const host = pick([
        `localhost:${port}`,
        `localhost:${port}`,
        `127.0.0.1:${port}`,
        'localhost:99999999',
        '[::1',
      ]);
      const answer = await raw(
        [
          `${method} ${filled}${query} HTTP/1.1`,
          `Host: ${host}`,
          'Connection: close',
          ...(type === '' ? [] : [`Content-Type: ${type}`]),
          ...(method === 'GET' || method === 'HEAD'
            ? []
            : [`Content-Length: ${Buffer.byteLength(body, 'latin1')}`]),
          ...(header === '' ? [] : [header]),
          '',
          method === 'GET' || method === 'HEAD' ? '' : body,
        ].join('\r\n'),
      );
      const status = Number(
        /^HTTP\/1\.1 (\d{3})/.exec(answer.replace(/^HTTP\/1\.1 100.*?\r\n\r\n/s, ''))?.[1],
      );
      if (
        !(status < 500) &&
        !(status === 503 && (path === '/' || /overloaded|The console is not built/.test(answer)))
      )
        failed.push(
          `${method} ${filled.slice(0, 60)}${query} ${type} ${header} ${host} ${body.slice(0, 60)}: ${answer.slice(0, 12)} ${answer.slice(-200)}`,
        );
    };
    for (const path of paths) for (const method of METHODS) await ask(method, path);
    for (const path of [
      '/api/v1/session',
      '/api/v1/setup',
      '/token',
      '/sign-on',
      '/sign-on/callback',
      '/sign-on/back-channel-logout',
    ])
      for (let i = 0; i < 150; i++) await ask(pick(['POST', 'GET', 'DELETE']), path);
    for (const path of [
      '/%',
      '//',
      '/\\',
      '/api/v1/%2e%2e/x',
      '*',
      'http://localhost/',
      '/api/v1/people/%',
      '/\xff',
    ])
      await ask('GET', path);
    assert.deepEqual(failed, []);
    assert.equal((await fetch(`${server.controlUrl}/healthz`)).status, 200);
  });
});
