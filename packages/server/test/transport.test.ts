import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connect } from 'node:tls';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { HYBRID_GROUP } from '@sallyport/core';
import { safeFetch } from '@sallyport/gateway';
import { cryptoBom } from '../src/crypto-bom.ts';
import { listKeys } from '../src/key-listing.ts';
import { post } from '../src/post.ts';
import { authorityPath, renewCertificates } from '../src/tls/listener.ts';
import { lookAtEndpoints } from '../src/tls/tls-endpoints.ts';
import { lookOverTls } from '../src/tls/tls-look.ts';
import { CERTIFICATE, CERTIFICATE_KEY } from './certificate.ts';
import { listenForOffers } from './client-hello.ts';
import { completion, enforced, fakeSystem, scratch, testServer } from './harness.ts';

describe('transport', () => {
  it('a system whose certificate does not verify is never sent anything', async () => {
    let reached = 0;
    const upstream = createServer({ cert: CERTIFICATE, key: CERTIFICATE_KEY }, (_req, res) => {
      reached++;
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end(completion('hi'));
    });
    await new Promise<void>((done) => upstream.listen(0, '127.0.0.1', done));
    const url = `https://localhost:${(upstream.address() as AddressInfo).port}`;
    const server = await testServer({
      systems: { main: { dialect: 'openai', urls: [url], allowPrivate: true } },
    });
    const response = await server.chat(await server.key(['main']), 'hello');
    assert.equal(response.status, 502);
    assert.equal(((await response.json()) as { error: { code: string } }).error.code, 'upstream-unreachable');
    assert.equal(reached, 0);
    assert.equal((await server.controls()).get('DAT-04')!.status, 'failing');
    await server.stop();
    upstream.close();
  });

  it('listeners speak TLS 1.3 when told to', async () => {
    const folder = scratch();
    writeFileSync(join(folder, 'c.pem'), CERTIFICATE);
    writeFileSync(join(folder, 'k.pem'), CERTIFICATE_KEY);
    const tls = { certFile: join(folder, 'c.pem'), keyFile: join(folder, 'k.pem') };
    const server = await testServer({
      demo: true,
      config: { gateway: { host: '0.0.0.0', port: 0, tls }, control: { port: 0, tls } },
    });
    const port = new URL(server.gatewayUrl).port;
    const ask = (options: object): Promise<string> =>
      new Promise((done) => {
        const req = request(
          {
            host: '127.0.0.1',
            servername: 'localhost',
            port,
            path: '/v1/models',
            ca: CERTIFICATE,
            headers: { authorization: `Bearer ${server.demo!.key}` },
            ...options,
          },
          (res) => {
            res.resume();
            done(`${res.statusCode} ${(res.socket as import('node:tls').TLSSocket).getProtocol()}`);
          },
        );
        req.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? 'error'));
        req.end();
      });
    assert.equal(await ask({}), '200 TLSv1.3');
    assert.match(await ask({ maxVersion: 'TLSv1.2' }), /^E/);
    assert.match(server.controlUrl, /^https:/);
    for (const one of [port, new URL(server.controlUrl).port]) {
      const plain = await fetch(`http://127.0.0.1:${one}/healthz`, { redirect: 'manual' }).catch(() => null);
      assert.equal(plain, null, 'nothing is answered in the clear, and no one is led elsewhere');
    }
    await server.stop();
  });

  it('certificates are generated under an authority of its own, renewed without a restart, and wrapped', async () => {
    const data = join(scratch(), 'data');
    const tls = { generated: true, names: ['gateway.example'] };
    const start = () =>
      testServer({
        data,
        demo: true,
        config: {
          gateway: { host: '0.0.0.0', port: 0, tls },
          control: { port: 0, tls: { generated: true } },
        },
      });
    let server = await start();
    const { id, rootKey, ring } = server.control.installation;
    const authority = readFileSync(authorityPath(rootKey, id), 'utf8');
    const certificateOf = (servername: string, options: object = {}): Promise<X509Certificate | string> =>
      new Promise((done) => {
        const { port } = new URL(server.gatewayUrl);
        const socket = connect(
          { host: '127.0.0.1', port: Number(port), servername, ca: authority, ...options },
          () => {
            const raw = socket.getPeerX509Certificate()!;
            socket.destroy();
            done(raw);
          },
        );
        socket.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
      });
    const shown = (await certificateOf('gateway.example')) as X509Certificate;
    assert.ok(shown.checkIP('127.0.0.1') && shown.checkHost('localhost'));
    assert.ok(Date.parse(shown.validTo) - Date.now() < 91 * 86_400_000);
    assert.equal(await certificateOf('other.example'), 'ERR_TLS_CERT_ALTNAME_INVALID');
    assert.equal(
      await certificateOf('gateway.example', { ca: CERTIFICATE }),
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    );
    assert.ok((await certificateOf('localhost', { ecdhCurve: HYBRID_GROUP })) instanceof X509Certificate);
    const control = await fetch(`${server.controlUrl}/healthz`).catch(
      (error: Error) => (error.cause as Error).message,
    );
    assert.match(String(control), /verify|self-signed|unable/);
    // Its key is under the ring, and goes with it from suite to suite.
    assert.ok(ring.list().some(({ purpose }) => purpose === 'tls'));
    assert.ok(!readFileSync(join(data, 'keys', 'tls-authority.json'), 'latin1').includes('PRIVATE'));
    const states = await lookAtEndpoints(server.control, await server.control.systems());
    for (const name of ['listener:gateway', 'listener:control']) {
      const state = states.find((one) => one.name === name)!;
      assert.deepEqual([state.protocol, state.group, state.problem], ['TLSv1.3', HYBRID_GROUP, null]);
      assert.match(state.issuer!, /local authority/);
    }
    // The bill of materials names the links too, and is sound.
    const weak = { ...states[0]!, name: 'system:old', group: 'X25519' };
    const bom = cryptoBom(listKeys(server.control.installation), [...states, weak]);
    assert.equal(
      await new Validation.JsonStrictValidator(Spec.Version.v1dot7).validate(JSON.stringify(bom)),
      null,
    );
    const text = JSON.stringify(bom);
    assert.match(text, /"name":"TLS of listener:gateway".*"assetType":"protocol".*X25519MLKEM768/);
    assert.match(
      text,
      /not-quantum-safe","value":"system:old \(.*\) agrees on keys in X25519 that a quantum computer opens/,
    );
    await renewCertificates(server.control);
    assert.equal(
      ((await certificateOf('localhost')) as X509Certificate).serialNumber,
      shown.serialNumber,
      'it is new enough',
    );
    await server.stop();
    server = await start();
    const anew = (await certificateOf('gateway.example')) as X509Certificate;
    assert.notEqual(anew.serialNumber, shown.serialNumber);
    assert.equal(
      readFileSync(authorityPath(rootKey, id), 'utf8'),
      authority,
      'whoever trusts it needs nothing new',
    );
    await server.stop();
  });

  it('the gateway and all that calls out from here offer a hybrid group first', async () => {
    const listening = await listenForOffers();
    const url = `https://localhost:${listening.port}`;
    const server = await testServer({
      systems: { main: { dialect: 'openai', urls: [url], allowPrivate: true } },
    });
    await (await server.chat(await server.key(['main']), 'hello')).text();
    const calls = listening.offers.length;
    assert.ok(calls > 0);
    await post(`${url}/x`, {}, '', true).catch(() => {});
    await safeFetch(true)(url).catch(() => {});
    await lookOverTls(url, true, () => true);
    assert.equal(listening.offers.length, calls + 3);
    // X25519MLKEM768 has the number 4588 (draft-ietf-tls-ecdhe-mlkem).
    for (const { groups, shares } of listening.offers) assert.deepEqual([groups[0], shares[0]], [4588, 4588]);
    await server.stop();
    listening.close();
  });

  it('every endpoint is asked what it speaks, and a weak one is told', async () => {
    const old = createServer(
      { cert: CERTIFICATE, key: CERTIFICATE_KEY, maxVersion: 'TLSv1.2' },
      (_req, res) => void res.end(),
    );
    await new Promise<void>((done) => old.listen(0, '127.0.0.1', done));
    const { port } = old.address() as AddressInfo;
    const system = (url: string) => ({ dialect: 'openai', urls: [url], allowPrivate: true });
    const server = await testServer({
      systems: {
        weak: system(`https://localhost:${port}`),
        plain: system('http://10.1.2.3:1'),
        here: system('http://127.0.0.1:1'),
      },
    });
    const states = new Map(
      (await lookAtEndpoints(server.control, await server.control.systems())).map((state) => [
        state.name,
        state,
      ]),
    );
    assert.equal(states.get('system:weak')!.problem, 'no connection came about whose certificate holds');
    assert.equal(states.get('system:plain')!.problem, 'it is reached without TLS');
    assert.equal(states.get('system:here')!.problem, null);
    assert.equal(states.get('listener:gateway')!.problem, null, 'loopback');
    const seen = await lookOverTls(`https://localhost:${port}`, true, (socket) => socket.getProtocol(), {
      own: CERTIFICATE,
    });
    assert.equal(seen, 'TLSv1.2');
    assert.equal(
      await lookOverTls(`https://localhost:${port}`, true, () => true, {
        own: CERTIFICATE,
        group: HYBRID_GROUP,
      }),
      null,
    );
    const control = (await server.controls()).get('DAT-04')!;
    assert.equal(control.status, 'failing');
    assert.match([...control.evidence, ...control.missing].join(), /`system:\w+`: /);
    await server.stop();
    old.close();
  });

  it('what never leaves this machine shows no encryption in transit', async () => {
    const fake = await fakeSystem();
    const judged = async (config: Record<string, unknown>) => {
      const server = await testServer({ systems: { main: enforced(fake) }, config });
      await server.control.probeIfOlder(0);
      const control = (await server.controls()).get('DAT-04')!;
      await server.stop();
      return control;
    };
    const plain = await judged({});
    assert.equal(plain.status, 'not assessed', plain.evidence.join());
    assert.match(plain.missing.join(), /all 3 listeners and endpoints are on loopback/);
    const over = await judged({ gateway: { port: 0, tls: { generated: true } } });
    assert.equal(over.status, 'effective', over.missing.join());
    assert.match(over.evidence.join(), /of 3 listeners and endpoints 1 speak TLS 1\.3, 2 are on loopback/);
    await fake.close();
  });

  it('an address that is not loopback needs TLS', async () => {
    await assert.rejects(testServer({ config: { gateway: { host: '0.0.0.0', port: 0 } } }), {
      code: 'tls-required',
    });
    await assert.rejects(testServer({ config: { control: { host: '::', port: 0 } } }), {
      code: 'tls-required',
    });
  });
});

describe('which system', () => {
  it('by model name, by a model listed for it, by SYSTEM/MODEL, by path, by the key having one', async () => {
    const [first, second] = [await fakeSystem(), await fakeSystem()];
    const server = await testServer({
      systems: { first: enforced(first, { models: ['gpt-x'] }), second: enforced(second) },
    });
    const both = await server.key(['first', 'second']);
    const one = await server.key(['second']);
    const ask = async (
      key: string,
      model: string | undefined,
      prefix = '',
    ): Promise<[number, number, number]> => {
      const [a, b] = [first.requests.length, second.requests.length];
      const response = await server.post(`${prefix}/v1/chat/completions`, key, {
        model,
        messages: [{ role: 'user', content: 'hi' }],
      });
      await response.text();
      return [response.status, first.requests.length - a, second.requests.length - b];
    };
    assert.deepEqual(await ask(both, 'first'), [200, 1, 0]);
    assert.deepEqual(await ask(both, 'gpt-x'), [200, 1, 0]);
    assert.deepEqual(await ask(both, 'second/gpt-y'), [200, 0, 1]);
    assert.equal((JSON.parse(second.requests.at(-1)!.body.toString()) as { model: string }).model, 'gpt-y');
    assert.deepEqual(await ask(both, 'unheard-of', '/s/second'), [200, 0, 1]);
    assert.deepEqual(await ask(both, 'unheard-of'), [400, 0, 0]);
    assert.deepEqual(await ask(one, 'unheard-of'), [200, 0, 1]);
    assert.deepEqual(await ask(one, undefined), [200, 0, 1]);
    assert.deepEqual(
      await ask(one, 'first'),
      [403, 0, 0],
      'a system named outright is not silently replaced by another',
    );
    assert.deepEqual(await ask(one, 'x', '/s/first'), [403, 0, 0]);
    await server.stop();
    await first.close();
    await second.close();
  });
});
