import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer as createHttp, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { CERTIFICATE, CERTIFICATE_KEY } from '../../../server/test/certificate.ts';
import {
  chunk,
  completion,
  scratch,
  sendEvents,
  sendJson,
  testServer,
} from '../../../server/test/harness.ts';

/*
 * Out of many networks there is one way, through a proxy, and what comes back is signed by an authority of the house
 * (agentgateway/agentgateway#1084, langfuse/langfuse#15467).
 */
const listen = (server: Server): Promise<number> =>
  new Promise((done) => server.listen(0, '127.0.0.1', () => done((server.address() as AddressInfo).port)));

describe('the way out', () => {
  let proxy: Server;
  let proxyPort: number;
  let secure: Server;
  let plain: Server;
  let securePort: number;
  let plainPort: number;
  let asked: { target: string; authorization: string | undefined }[] = [];
  let refuse: number | null = null;
  const folder = scratch();
  const caFile = join(folder, 'ca.pem');
  before(async () => {
    writeFileSync(caFile, CERTIFICATE);
    const answer: Parameters<typeof createHttp>[1] = (req, res) => {
      let body = '';
      req.on('data', (piece) => {
        body += piece;
      });
      req.on('end', () => {
        if (body.includes('"stream":true'))
          sendEvents(res, [chunk({ content: 'hello' }), 'data: [DONE]\n\n']);
        else sendJson(res, completion(`via ${req.headers.host}`));
      });
    };
    secure = createHttps({ cert: CERTIFICATE, key: CERTIFICATE_KEY }, answer);
    plain = createHttp(answer);
    proxy = createHttp((_req, res) => {
      res.writeHead(405);
      res.end();
    });
    proxy.on('connect', (req, socket) => {
      asked.push({ target: req.url!, authorization: req.headers['proxy-authorization'] });
      if (refuse !== null) {
        socket.end(`HTTP/1.1 ${refuse} No\r\ncontent-length: 0\r\n\r\n`);
        return;
      }
      const port = Number(req.url!.split(':').at(-1));
      // Names are resolved by the proxy, which knows more than this machine.
      const upstream = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        upstream.pipe(socket);
        socket.pipe(upstream);
      });
      upstream.on('error', () => socket.destroy());
      socket.on('error', () => upstream.destroy());
    });
    proxyPort = await listen(proxy);
    securePort = await listen(secure);
    plainPort = await listen(plain);
  });
  after(() => {
    for (const server of [proxy, secure, plain]) {
      server.closeAllConnections();
      server.close();
    }
  });
  beforeEach(() => {
    asked = [];
    refuse = null;
  });
  const system = (url: string, more: object = {}) => ({
    dialect: 'openai',
    urls: [url],
    mode: 'enforce',
    ...more,
  });
  async function through<T>(
    systems: Record<string, unknown>,
    outbound: object,
    work: (call: (name: string, more?: object) => Promise<[number, string]>) => Promise<T>,
  ): Promise<T> {
    const server = await testServer({ systems, config: { outbound } });
    try {
      const key = await server.key(Object.keys(systems));
      return await work(async (name, more = {}) => {
        const response = await server.post(`/s/${name}/v1/chat/completions`, key, {
          model: 'm',
          messages: [{ role: 'user', content: 'hi' }],
          ...more,
        });
        return [response.status, await response.text()];
      });
    } finally {
      await server.stop();
    }
  }

  it('through a proxy: names are left to it, TLS goes to the system itself', async () => {
    await through(
      {
        secure: system(`https://localhost.corp.example:${securePort}`),
        local: system(`https://localhost:${securePort}`, { allowPrivate: true }),
        plain: system(`http://models.corp.example:${plainPort}`),
      },
      {
        proxy: `http://127.0.0.1:${proxyPort}`,
        caFile,
        systems: { local: { proxy: `http://127.0.0.1:${proxyPort}` } },
      },
      async (call) => {
        const [status, text] = await call('plain');
        assert.deepEqual([status, text.includes(`via models.corp.example:${plainPort}`)], [200, true], text);
        assert.deepEqual((await call('local'))[0], 200);
        const [streamed, events] = await call('local', { stream: true });
        assert.match(events, /hello/);
        assert.equal(streamed, 200);
        // Its certificate is for another name: the proxy cannot stand in for the system.
        assert.equal((await call('secure'))[0], 502);
        assert.deepEqual(
          new Set(asked.map(({ target }) => target)),
          new Set([
            `models.corp.example:${plainPort}`,
            `localhost:${securePort}`,
            `localhost.corp.example:${securePort}`,
          ]),
        );
      },
    );
  });

  it('an authority of the house is trusted where it is named, and nowhere else', async () => {
    const local = { secure: system(`https://localhost:${securePort}`, { allowPrivate: true }) };
    await through(local, {}, async (call) => assert.equal((await call('secure'))[0], 502));
    await through(local, { caFile }, async (call) => assert.equal((await call('secure'))[0], 200));
    await through(
      { ...local, other: system(`https://localhost:${securePort}`, { allowPrivate: true }) },
      { systems: { secure: { caFile } } },
      async (call) => {
        assert.equal((await call('secure'))[0], 200);
        assert.equal((await call('other'))[0], 502);
      },
    );
    assert.deepEqual(asked, []);
  });

  it('as the environment says, where the configuration says nothing', async () => {
    const before = { ...process.env };
    process.env['HTTPS_PROXY'] = `http://jo:p%40ss@127.0.0.1:${proxyPort}`;
    process.env['HTTP_PROXY'] = `http://127.0.0.1:${proxyPort}`;
    process.env['NO_PROXY'] = `direct.corp.example, .inner.example,10.0.0.0/8`;
    try {
      const names = {
        plain: system(`http://models.corp.example:${plainPort}`),
        secure: system(`https://models.corp.example:${securePort}`),
        direct: system(`http://direct.corp.example:${plainPort}`),
        inner: system(`http://a.inner.example:${plainPort}`),
        here: system(`http://127.0.0.1:${plainPort}`, { allowPrivate: true }),
      };
      await through(names, {}, async (call) => {
        assert.equal((await call('plain'))[0], 200);
        await call('secure');
        for (const name of ['direct', 'inner', 'here']) await call(name);
        assert.deepEqual(asked, [
          { target: `models.corp.example:${plainPort}`, authorization: undefined },
          {
            target: `models.corp.example:${securePort}`,
            authorization: `Basic ${Buffer.from('jo:p@ss').toString('base64')}`,
          },
        ]);
      });
      asked = [];
      await through(names, { proxy: 'none' }, async (call) => {
        await call('plain');
        assert.deepEqual(asked, []);
      });
      await through(names, { systems: { plain: { proxy: 'none' } } }, async (call) => {
        await call('plain');
        assert.deepEqual(asked, []);
      });
    } finally {
      for (const name of ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'])
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
    }
  });

  it('a proxy that refuses is told apart from the system', async () => {
    await through(
      { plain: system(`http://models.corp.example:${plainPort}`) },
      { proxy: `http://127.0.0.1:${proxyPort}` },
      async (call) => {
        refuse = 407;
        const [status, text] = await call('plain');
        assert.equal(status, 502);
        assert.match(text, /the proxy answered with 407/);
      },
    );
    await through(
      { plain: system(`http://models.corp.example:${plainPort}`) },
      { proxy: 'http://127.0.0.1:1' },
      async (call) => assert.match((await call('plain'))[1], /upstream-unreachable/),
    );
  });

  it('an address that is refused is refused behind a proxy, too', async () => {
    await through(
      {
        here: system(`http://127.0.0.1:${plainPort}`),
        meta: system('http://169.254.169.254', { allowPrivate: true }),
      },
      {
        proxy: `http://127.0.0.1:${proxyPort}`,
        systems: {
          here: { proxy: `http://127.0.0.1:${proxyPort}` },
          meta: { proxy: `http://127.0.0.1:${proxyPort}` },
        },
      },
      async (call) => {
        for (const name of ['here', 'meta']) assert.match((await call(name))[1], /upstream-refused-address/);
        assert.deepEqual(asked, []);
      },
    );
  });

  it('what is no authority, or no proxy, is refused at the start', async () => {
    const bad = join(folder, 'bad.pem');
    writeFileSync(bad, 'nothing');
    for (const outbound of [
      { caFile: bad },
      { caFile: join(folder, 'missing.pem') },
      { systems: { a: { caFile: bad } } },
      { proxy: 'socks5://127.0.0.1:1' },
      { proxy: 'http://jo:secret@127.0.0.1:1' },
    ])
      await assert.rejects(testServer({ config: { outbound } }), { code: 'config-invalid' });
  });
});
