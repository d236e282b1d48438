import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseConfig } from '@sallyport/core';
import { configExposure, exposure } from '@sallyport/server';
import { scratch, type TestServer, testServer } from './harness.ts';

describe('what is told of where an installation lies open', () => {
  let server: TestServer;
  const root = scratch();
  const secrets = join(root, 'secrets');
  before(async () => {
    chmodSync(root, 0o755);
    mkdirSync(secrets, { mode: 0o700 });
    writeFileSync(join(secrets, 'provider'), 'x', { mode: 0o644 });
    mkdirSync(join(root, 'keep'), { mode: 0o755 });
    server = await testServer({
      data: join(root, 'keep', 'data'),
      config: { secrets: { folder: secrets, environment: ['SOME_KEY'] } },
    });
  });
  after(() => server.stop());
  const told = async (what: string): Promise<[string, boolean] | undefined> => {
    const one = (await exposure(server.control)).find((each) => each.what === what);
    return one && [one.detail, one.wide];
  };

  it('listeners: from where, and whether with TLS', async () => {
    assert.deepEqual(await told('gateway'), [
      `${server.gatewayUrl}: reached from this machine alone, without TLS`,
      false,
    ]);
    const { config } = server.control;
    server.control.config = {
      ...config,
      gateway: { ...config.gateway, host: '0.0.0.0' },
      control: { ...config.control, host: '192.0.2.7' },
    };
    assert.match((await told('gateway'))![0], /from every network that this machine is in, without TLS/);
    assert.equal((await told('gateway'))![1], true);
    assert.match((await told('console'))![0], /from the network of 192\.0\.2\.7/);
    server.control.config = config;
  });

  it('secrets: readable by whom, and what is open wide', async () => {
    const own = `user ${userInfo().username} alone`;
    for (const what of ['data folder', 'root key', 'keys beside the root', 'folder of secrets'])
      assert.ok((await told(what))![0].endsWith(own), what);
    assert.equal(
      await told('variables that systems may name'),
      undefined,
      'what is not set is open to nobody',
    );
    process.env['SOME_KEY'] = 'some-value';
    assert.match((await told('variables that systems may name'))![0], /^SOME_KEY: /);
    delete process.env['SOME_KEY'];
    assert.equal(await told('secret'), undefined, 'a file in a folder that others cannot enter is closed');
    const open: [string, string, string][] = [
      [server.data, 'data folder', '755'],
      [`${server.data}.key`, 'root key', '644'],
      [`${server.data}.key`, 'root key', '660'],
      [secrets, 'folder of secrets', '777'],
    ];
    for (const [path, what, mode] of open) {
      chmodSync(path, Number.parseInt(mode, 8));
      const [detail, wide] = (await told(what))!;
      assert.ok(wide, `${what} ${mode}`);
      assert.match(detail, mode.endsWith('0') ? /and group \d+/ : /every user of this machine/);
      chmodSync(path, path === `${server.data}.key` ? 0o600 : 0o700);
      assert.equal((await told(what))![1], false);
    }
    chmodSync(secrets, 0o711);
    assert.match((await told('secret'))![0], /provider: open to every user/);
    chmodSync(secrets, 0o700);
  });

  it('secrets in files that the configuration or a command names, wherever they lie', async () => {
    const file = (name: string, mode: number): string => {
      writeFileSync(join(root, name), 'x', { mode });
      chmodSync(join(root, name), mode);
      return join(root, name);
    };
    const [closed, tls, open] = [file('provider-key', 0o600), file('tls.key', 0o640), file('sign-on', 0o644)];
    const { config } = server.control;
    const system = {
      dialect: 'openai',
      urls: ['http://127.0.0.1:9'],
      allowPrivate: true,
      apiKeyRef: `file:${closed}`,
    };
    const { gateway, access, systems } = parseConfig({
      gateway: { port: 0, tls: { certFile: join(root, 'tls.pem'), keyFile: tls } },
      access: {
        signOn: { issuer: 'https://idp.example', clientId: 'x', clientSecretRef: `file:${open}`, roles: {} },
      },
      systems: { one: system },
    });
    server.control.config = { ...config, gateway, access, systems };
    const found = async (): Promise<Record<string, boolean>> =>
      Object.fromEntries(
        (await exposure(server.control))
          .filter(({ what }) => what === 'secret')
          .map(({ detail, wide }) => [detail.split(': ')[0]!, wide]),
      );
    assert.deepEqual(await found(), { [closed]: false, [tls]: true, [open]: true });
    server.control.config = config;
    const byCommand = file('by-command', 0o604);
    await server.control.addSystem('local:me', 'two', { ...system, apiKeyRef: `file:${byCommand}` });
    assert.deepEqual(await found(), { [byCommand]: true });
  });

  it('the configuration file, where others may change it', () => {
    const file = join(root, 'sallyport.yaml');
    writeFileSync(file, '', { mode: 0o644 });
    assert.deepEqual(configExposure(file), []);
    chmodSync(file, 0o666);
    assert.equal(configExposure(file)[0]?.wide, true);
    assert.deepEqual(configExposure(join(root, 'none.yaml')), []);
  });
});
