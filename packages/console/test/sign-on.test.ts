import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { RunningServer } from '@sallyport/server';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from './browser.ts';
import { consoleServer, newDataFolder } from './console-server.ts';

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** An identity provider that vouches for whoever comes, and asks nothing. */
async function provider(): Promise<{ issuer: string; idp: Server }> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  let nonce: string | null = null;
  const idp = createServer((req, res) => {
    const url = new URL(req.url!, issuer());
    const json = (value: object): void => {
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end(JSON.stringify(value));
    };
    req.resume();
    if (url.pathname === '/auth') {
      nonce = url.searchParams.get('nonce');
      const back = new URL(url.searchParams.get('redirect_uri')!);
      back.search = String(new URLSearchParams({ code: 'c', state: url.searchParams.get('state')! }));
      res.writeHead(302, { location: back.href });
      return res.end();
    }
    if (url.pathname === '/keys')
      return json({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'RS256', use: 'sig' }] });
    if (url.pathname === '/token') {
      const now = Math.floor(Date.now() / 1_000);
      const text = [
        encoded({ alg: 'RS256', kid: 'k', typ: 'JWT' }),
        encoded({
          ...{ iss: issuer(), aud: 'sallyport', iat: now, exp: now + 60, auth_time: now, nonce },
          ...{ sub: 'ann', preferred_username: 'ann', groups: ['viewers'] },
        }),
      ].join('.');
      const signature = sign('sha256', Buffer.from(text), privateKey).toString('base64url');
      return json({ access_token: 'a', token_type: 'bearer', id_token: `${text}.${signature}` });
    }
    json({
      issuer: issuer(),
      authorization_endpoint: `${issuer()}/auth`,
      token_endpoint: `${issuer()}/token`,
      jwks_uri: `${issuer()}/keys`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    });
  });
  const issuer = (): string => `http://127.0.0.1:${(idp.address() as AddressInfo).port}`;
  await new Promise<void>((done) => idp.listen(0, '127.0.0.1', done));
  return { issuer: issuer(), idp };
}

describe('signing on through an identity provider, in a browser', () => {
  let server: RunningServer;
  let idp: Server;
  let browser: Browser;
  let page: Page;
  before(async () => {
    const made = await provider();
    idp = made.idp;
    const data = newDataFolder('sign-on');
    const signOn = { issuer: made.issuer, clientId: 'sallyport', allowPrivate: true };
    server = await consoleServer(data, {
      access: { signOn: { ...signOn, label: 'Example', roles: { viewers: ['viewer'] } } },
    });
    await server.control.accounts.directory.add('test', {
      name: 'root',
      grants: [{ role: 'administrator' }],
    });
    browser = await launchBrowser();
    page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(15_000);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    idp?.closeAllConnections();
    idp?.close();
  });

  it('leads there and back, by the button and by an address, into a session of that page', async () => {
    await page.goto(`${server.controlUrl}/sign-in?next=/systems`);
    await page.getByRole('button', { name: 'Sign on with Example' }).click();
    await page.waitForURL(`${server.controlUrl}/systems`);
    assert.equal(await page.locator('header a[href="/account"]').innerText(), 'ann');
    await page.goto(`${server.controlUrl}/sign-on?next=/findings`);
    await page.waitForURL(`${server.controlUrl}/findings`);
    assert.equal(await page.locator('header a[href="/account"]').innerText(), 'ann');
    const cookies = await page.context().cookies(server.controlUrl);
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    assert.match(cookie, /sallyport_session=/);
    const alone = await fetch(`${server.controlUrl}/api/v1/session`, { headers: { cookie } });
    assert.equal(alone.status, 401, 'the cookie alone opens nothing');
  });

  it('an answer to what another page began signs nobody in, and says so', async () => {
    const headers = { 'content-type': 'application/json', 'x-sallyport-page': 'a'.repeat(43) };
    const begun = await fetch(`${server.controlUrl}/sign-on`, { method: 'POST', headers, body: '{}' });
    const { url } = (await begun.json()) as { url: string };
    const context = await browser.newContext();
    const planted = { name: 'sallyport_sign_on', value: new URL(url).searchParams.get('state')! };
    await context.addCookies([{ ...planted, url: server.controlUrl }]);
    const victim = await context.newPage();
    await victim.goto(url);
    await victim.getByRole('alert').waitFor();
    assert.match(await victim.getByRole('alert').innerText(), /signing on failed/);
    assert.ok(!(await context.cookies()).some(({ name }) => name === 'sallyport_session'));
  });
});
