/// <reference lib="dom" />
import assert from 'node:assert/strict';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { RunningServer } from '@sallyport/server';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser, violations } from './browser.ts';
import { consoleServer, helloSystem, newDataFolder } from './console-server.ts';

describe('the console says what is, in a browser of New York', () => {
  let server: RunningServer;
  let upstream: Server;
  let browser: Browser;
  let page: Page;
  before(async () => {
    const data = newDataFolder('says');
    upstream = await helloSystem();
    server = await consoleServer(data);
    browser = await launchBrowser();
    const context = await browser.newContext({
      locale: 'en-US',
      timezoneId: 'America/New_York',
      viewport: { width: 1280, height: 860 },
      reducedMotion: 'reduce',
    });
    page = await context.newPage();
    page.setDefaultTimeout(10_000);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    upstream?.close();
  });
  const open = async (path: string, heading: string): Promise<void> => {
    await page.goto(`${server.controlUrl}${path}`);
    await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  };
  const go = async (name: string): Promise<void> => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name, exact: true }).click();
    await page.getByRole('heading', { level: 1, name }).waitFor();
  };

  it('set-up states its rules beforehand, and takes a name with spaces', async () => {
    await page.goto(server.setupUrl!);
    await page.getByText('any letters, with spaces').waitFor();
    await page.getByText('letters A to Z, digits and').waitFor();
    assert.deepEqual(await violations(page), []);
    await page.getByLabel('Display name').fill('Ann Müller');
    await page.getByLabel('User name').fill('ann miller');
    await page.getByLabel('Password').fill('correct horse battery staple');
    await page.keyboard.press('Enter');
    const isValid = (): Promise<boolean> =>
      page.getByLabel('User name').evaluate((input) => (input as HTMLInputElement).validity.valid);
    assert.equal(await isValid(), false, 'said before it is sent');
    await page.getByLabel('User name').fill('ann');
    assert.equal(await isValid(), true);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'First hour' }).waitFor();
    await page.getByRole('link', { name: 'Ann Müller' }).waitFor();
  });

  let key = '';
  it('a double click makes one key', async () => {
    const { port } = upstream.address() as AddressInfo;
    await page.getByLabel('Name', { exact: false }).first().fill('shop');
    await page.getByLabel('Address', { exact: true }).fill(`http://127.0.0.1:${port}`);
    await page.getByLabel('loopback or private').check();
    await page.getByRole('button', { name: 'Connect and observe' }).dblclick();
    await page.getByLabel('What the key is for').fill('web shop');
    await page.getByRole('button', { name: 'Make key for shop' }).dblclick();
    key = (await page.getByRole('region', { name: 'The new key' }).innerText()).trim();
    const keys = await server.control.apiKeys.list();
    assert.equal(keys.length, 1);
    assert.equal((await server.control.systems()).length, 1);
  });

  it('nor does a second Enter add a second of anything', async () => {
    await open('/people/programs', 'Programs');
    await page.getByRole('button', { name: 'Add a program' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name', { exact: true }).fill('nightly');
    await dialog.locator('[name=purpose]').fill('reads what it may');
    let asked = 0;
    page.on('request', (request) => {
      if (request.method() === 'POST' && request.url().endsWith('/api/v1/programs')) asked++;
    });
    await dialog.locator('form').evaluate((form) => {
      for (let i = 0; i < 3; i++) (form as HTMLFormElement).requestSubmit();
    });
    await page.getByRole('row', { name: /nightly/ }).waitFor();
    assert.equal(asked, 1);
    assert.equal((await server.control.accounts.programs.list()).length, 1);
  });

  const call = async (): Promise<void> => {
    const response = await fetch(`${server.gatewayUrl}/s/shop/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hello' }] }),
    });
    assert.equal(response.status, 200);
    await response.text();
  };

  it('what our own probes call is left out of what happens, as it is of the counts', async () => {
    await open('/', 'Overview');
    const latest = page.getByRole('region', { name: 'As it happens' });
    await latest.getByText('No call since').waitFor();
    // Until the live feed stands.
    await page.waitForTimeout(500);
    await server.control.tryCall('local:test', 'shop', { text: 'Hello' });
    await call();
    await latest.getByRole('listitem').first().waitFor();
    await page.waitForTimeout(1_000);
    assert.equal(await latest.getByRole('listitem').count(), 1);
    await open('/traffic', 'Traffic');
    await page.getByText('1 call, times in E').waitFor();
    await page.getByLabel('Our own probes too').check();
    const probe = page.getByRole('row').filter({ hasText: '(probe)' }).first();
    await probe.getByRole('link').click();
    await page.getByRole('complementary').getByText(', our own probe').waitFor();
    await page.goBack();
    await page.getByLabel('Our own probes too').uncheck();
    await page.getByText('(probe)').first().waitFor({ state: 'detached' });
  });

  it('Back closes the panel of a call, and so does Close; dates are the reader’s, with their zone', async () => {
    await open('/systems', 'Systems');
    await go('Traffic');
    const panel = page.getByRole('complementary');
    for (const leave of [
      () => page.goBack(),
      () => panel.getByRole('button', { name: 'Close' }).dblclick(),
      () => page.keyboard.press('Escape'),
    ]) {
      await page
        .getByRole('link', { name: /^Call of \d+:\d\d:\d\d [AP]M$/ })
        .first()
        .click();
      await panel.waitFor();
      await panel.getByText(/^\d{1,2}\/\d{1,2}\/\d{4}, \d{1,2}:\d\d:\d\d [AP]M E[SD]T$/).waitFor();
      await leave();
      await panel.waitFor({ state: 'detached' });
      assert.equal(new URL(page.url()).pathname, '/traffic');
    }
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: 'Systems' }).waitFor();
  });

  it('a review asks before it opens, and says whether anyone could decide', async () => {
    await open('/people/reviews', 'Reviews');
    await page.getByRole('button', { name: 'Review who holds what' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('No one here can decide on it').waitFor();
    await dialog.getByText('roles stay as they are when it is due').waitFor();
    assert.deepEqual(await violations(page), []);
    assert.equal((await server.control.accounts.reviews.list()).length, 0);
    await dialog.getByRole('button', { name: 'Open it' }).dblclick();
    await page.getByText('who holds what', { exact: true }).waitFor();
    assert.equal((await server.control.accounts.reviews.list()).length, 1);
  });

  it('the curve of the guard says what each of its axes is, and the drill stands beside it', async () => {
    await open('/guard', 'Guard');
    const drawn = page.getByRole('img', { name: /^Attacks seen by share of harmless/ });
    const words = await drawn.locator('text').allTextContents();
    for (const title of ['share of attacks', 'share of harmless texts', 'flagged', 'denied'])
      assert.ok(
        words.some((one) => one.startsWith(title)),
        `${title}: ${words}`,
      );
    await page.getByRole('note', { name: 'The last drill' }).waitFor();
  });

  it('a count that could not be read is no 0', async () => {
    await page.route('**/api/v1/observations', (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/json',
        body: JSON.stringify({ error: { code: 'overloaded', message: 'busy', action: '' } }),
      }),
    );
    await open('/', 'Overview');
    const row = page.getByRole('row', { name: /shop/ });
    await page.getByRole('region', { name: 'Systems' }).getByRole('alert').waitFor();
    assert.deepEqual((await row.getByRole('cell').allInnerTexts()).slice(1), ['–', '–', '–']);
    await page.unroute('**/api/v1/observations');
  });

  it('with the server gone it says so, and marks what it shows as stale, never as 0', async () => {
    await open('/', 'Overview');
    const row = page.getByRole('row', { name: /shop/ });
    await row.getByRole('cell', { name: '1', exact: true }).waitFor();
    await server.stop();
    const banner = page.getByRole('alert').filter({ hasText: 'does not answer. What is shown is stale' });
    await banner.waitFor();
    assert.match(await banner.innerText(), /as of \d{1,2}\/\d{1,2}\/\d{4}, .* E[SD]T\.$/);
    await page.getByRole('heading', { level: 2, name: 'Systems (stale)' }).waitFor();
    await row.getByRole('cell', { name: '1', exact: true }).waitFor();
    assert.deepEqual(await violations(page), []);
    for (const name of ['Traffic', 'Systems', 'Findings', 'Guard', 'Evidence']) {
      await go(name);
      await banner.waitFor();
      await page.waitForTimeout(300);
      await page.getByRole('heading', { level: 1, name: `${name} (stale)` }).waitFor();
      // What was read before stays, as it is.
      if (name === 'Systems') continue;
      const said = await page.getByRole('main').innerText();
      assert.doesNotMatch(said, /\b0\b(?! ?%)/, `${name}: ${said}`);
    }
  });

  it('who signs out with the server gone leaves nothing on the screen, and is told that the session goes on', async () => {
    await go('Overview');
    await page.getByRole('row', { name: /shop/ }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('alert').filter({ hasText: 'your session goes on' }).waitFor();
    assert.doesNotMatch(await page.locator('body').innerText(), /shop/);
    await page.goBack();
    await page.waitForTimeout(300);
    assert.doesNotMatch(await page.locator('body').innerText(), /shop/);
  });
});
