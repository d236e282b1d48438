/// <reference lib="dom" />
import assert from 'node:assert/strict';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunningServer } from '@sallyport/server';
import type { Browser, Page } from 'playwright-core';
import { becomeAdministrator, launchBrowser, violations } from './browser.ts';
import { consoleServer, helloSystem, newDataFolder } from './console-server.ts';

/** Longer than it takes to answer one request, in milliseconds. */
const SLOW_MS = 6_000;

describe('the first hour with a provider that wants a credential, in a browser', () => {
  let server: RunningServer;
  let upstream: Server;
  let browser: Browser;
  let page: Page;
  let url = '';
  before(async () => {
    process.env['HOUR_KEY'] = 'good-provider-key';
    process.env['HOUR_ALLOWED'] = 'another-key';
    upstream = await helloSystem({}, 'good-provider-key');
    url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    server = await consoleServer(newDataFolder('hour'), { secrets: { environment: ['HOUR_ALLOWED'] } });
    browser = await launchBrowser();
    page = await (await browser.newContext({ reducedMotion: 'reduce' })).newPage();
    page.setDefaultTimeout(15_000);
    await becomeAdministrator(page, server.setupUrl!);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    upstream?.close();
  });
  const step = (n: number) =>
    page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: new RegExp(`^${n}\\.`) }) });

  it('says beforehand which credentials may be named, and the command for one that may not', async () => {
    await page.getByText('May be named here: env:HOUR_ALLOWED.').waitFor();
    await page.getByRole('textbox', { name: /^Name/ }).fill('chat');
    await page.getByLabel('Address', { exact: true }).fill(url);
    await page.getByLabel('loopback or private').check();
    const credential = page.getByLabel('Where its credential is kept');
    await credential.fill('env:HOUR_KEY');
    const command = page.getByRole('region', { name: 'The command' });
    assert.equal(
      await command.innerText(),
      `npx sallyport upstream add chat --dialect openai --url ${url} --allow-private --api-key-ref env:HOUR_KEY`,
    );
    assert.deepEqual(await violations(page), []);
    await credential.fill('env:HOUR_ALLOWED');
    await command.waitFor({ state: 'detached' });
    await credential.fill('');
  });

  it('tests the connection, and is not done with a system that answers 401', async () => {
    await page.getByRole('button', { name: 'Connect and observe' }).click();
    const first = step(1);
    await first.getByText('calls would fail', { exact: true }).waitFor();
    await first.getByText('answers with 401: it wants a credential, and none is set').first().waitFor();
    assert.equal(await first.getByText('done', { exact: true }).count(), 0);
    await server.control.editSystem('local:test', 'chat', { apiKeyRef: 'env:HOUR_KEY' });
    await first.getByRole('button', { name: 'Test again' }).click();
    await first.getByText('done', { exact: true }).waitFor();
  });

  it('says where a client of the dialect points', async () => {
    await page.getByLabel('What the key is for').fill('web shop');
    await page.getByRole('button', { name: 'Make key for chat' }).click();
    await page.getByText(`${server.gatewayUrl}/v1`, { exact: true }).waitFor();
    const key = (await page.getByRole('region', { name: 'The new key' }).innerText()).trim();
    const answer = await fetch(`${server.gatewayUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hello' }] }),
    });
    assert.equal(answer.status, 200, await answer.text());
    await page.getByRole('button', { name: 'Read the report' }).click();
    await page.getByText('enforcing would have denied 0').waitFor();
  });

  it('the question whether to enforce ends with the answer, and never asks the opposite', async () => {
    await page.getByRole('button', { name: 'Enforce …' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Let the gates of chat block?').waitFor();
    // What is read again takes long.
    await page.route('**/api/v1/first-hour', async (route) => {
      await delay(SLOW_MS);
      await route.continue().catch(() => {});
    });
    await page.evaluate(() => {
      const said: string[] = [];
      Object.assign(globalThis, { said });
      new MutationObserver(() =>
        said.push(document.querySelector('dialog[open] h2')?.textContent ?? ''),
      ).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await dialog.getByRole('button', { name: 'Enforce', exact: true }).click();
    await dialog.waitFor({ state: 'hidden', timeout: SLOW_MS / 2 });
    const said = await page.evaluate(() => (globalThis as unknown as { said: string[] }).said);
    assert.deepEqual(
      said.filter((one) => one.startsWith('Stop')),
      [],
    );
    await page.unroute('**/api/v1/first-hour');
    await page.reload();
    await page.getByText(/^Done on/).waitFor();
  });
});
