/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { RunningServer } from '@sallyport/server';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchBrowser } from './browser.ts';
import { consoleServer, newDataFolder } from './console-server.ts';

const PASSWORD = 'correct horse battery staple';

describe('other programs on this machine, at other ports of localhost', () => {
  let server: RunningServer;
  let other: Server;
  let otherUrl = '';
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  /** What the other program was sent. */
  const seen: IncomingMessage[] = [];
  /** Cookies that the other program sets. */
  let plants: string[] = [];

  before(async () => {
    const data = newDataFolder('ports');
    server = await consoleServer(data);
    other = createServer((req, res) => {
      seen.push(req);
      res.setHeader('set-cookie', plants);
      res.setHeader('content-type', 'text/html');
      res.end('<title>other</title>');
    });
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    otherUrl = `http://localhost:${(other.address() as AddressInfo).port}`;
    browser = await launchBrowser();
    context = await browser.newContext();
    page = await context.newPage();
    page.setDefaultTimeout(15_000);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    other?.close();
  });

  const cookiesSeen = (): string => seen.map(({ headers }) => headers.cookie ?? '').join('; ');
  const session = (cookie: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${server.controlUrl}/api/v1/session`, { headers: { cookie, ...headers } });
  /** What the page itself is told of who is signed in. */
  const here = (own: Page): Promise<string> => own.locator('header a[href="/account"]').innerText();
  const heading = (own: Page, name: string): Promise<void> =>
    own.getByRole('heading', { level: 1, name }).waitFor();

  it('a person signs in, and goes on after a reload, in another tab, and while calls come in', async () => {
    await page.goto(server.setupUrl!);
    await page.getByLabel('User name').fill('ann');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Become administrator' }).click();
    await heading(page, 'First hour').catch(() => heading(page, 'The first hour'));
    await page.reload();
    assert.equal(await here(page), 'ann');
    const tab = await context.newPage();
    await tab.goto(`${server.controlUrl}/people`);
    await heading(tab, 'People');
    assert.equal(await here(tab), 'ann');
    const live = tab.waitForResponse((response) => response.url().endsWith('/api/v1/live'));
    await tab.goto(`${server.controlUrl}/traffic`);
    assert.equal((await live).status(), 200);
    await tab.close();
  });

  it('the cookie that another port is sent opens nothing', async () => {
    const tab = await context.newPage();
    await tab.goto(otherUrl);
    const stolen = cookiesSeen();
    assert.match(stolen, /sallyport_session=/, 'browsers send it: a cookie knows no port');
    assert.equal((await session(stolen)).status, 401);
    for (const guess of ['A'.repeat(43), '', 'x'])
      assert.notEqual((await session(stolen, { 'x-sallyport-page': guess })).status, 200);
    const { status } = await fetch(`${server.controlUrl}/api/v1/people`, { headers: { cookie: stolen } });
    assert.equal(status, 401);
    assert.equal(
      await tab.evaluate(() => localStorage.length),
      0,
      'what the page holds is of its own origin',
    );
    await tab.close();
    await page.reload();
    assert.equal(await here(page), 'ann', 'and who was robbed notices nothing');
  });

  it('a cookie that another port sets signs nobody in', async () => {
    const { person, token } = await server.control.accounts.directory.add('test', {
      name: 'mallory',
      grants: [{ role: 'viewer' }],
    });
    const made = await fetch(`${server.controlUrl}/api/v1/setup`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token, password: PASSWORD }),
    });
    const evil = made.headers.getSetCookie().map((line) => line.split(';')[0]!);
    assert.equal((await session(evil.join('; '))).status, 200, `${person.name} is signed in elsewhere`);
    const victim = await browser.newContext();
    plants = evil.map((one) => `${one}; Path=/; Max-Age=1000`);
    const tab = await victim.newPage();
    await tab.goto(otherUrl);
    plants = [];
    await tab.goto(`${server.controlUrl}/`);
    await tab.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
    assert.ok((await victim.cookies(server.controlUrl)).some(({ name }) => name === 'sallyport_session'));
    await victim.close();
  });

  it('another port neither signs somebody out nor changes anything in their name', async () => {
    const tab = await context.newPage();
    await tab.goto(otherUrl);
    const tries = await tab.evaluate(async (url) => {
      const out: string[] = [];
      for (const [method, path] of [
        ['DELETE', '/api/v1/session'],
        ['POST', '/api/v1/people'],
        ['POST', '/sign-on'],
      ] as const)
        for (const mode of ['cors', 'no-cors'] as const)
          out.push(
            await fetch(`${url}${path}`, {
              method,
              mode,
              credentials: 'include',
              body: method === 'POST' ? '{}' : null,
            }).then(
              ({ status }) => `${status}`,
              () => 'refused',
            ),
          );
      return out;
    }, server.controlUrl);
    assert.ok(
      tries.every((one) => one === 'refused' || one === '0'),
      tries.join(),
    );
    await tab.close();
    await page.reload();
    assert.equal(await here(page), 'ann');
  });

  it('what Chromium does with cookies that are meant for one host over TLS, on plain localhost', async () => {
    const measured = await browser.newContext();
    plants = ['__Host-probe=1; Secure; Path=/; HttpOnly'];
    const tab = await measured.newPage();
    await tab.goto(otherUrl);
    plants = [];
    // It takes them there, and sends them to every port: such a name binds nothing to a port.
    assert.ok((await measured.cookies(otherUrl)).some(({ name }) => name === '__Host-probe'));
    const [request] = await Promise.all([
      tab.waitForRequest(`${server.controlUrl}/healthz`),
      tab.goto(`${server.controlUrl}/healthz`),
    ]);
    assert.match((await request.allHeaders())['cookie'] ?? '', /__Host-probe/);
    await measured.close();
  });
});
