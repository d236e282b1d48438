/// <reference lib="dom" />
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';

// So that the package unpacks the libraries it brings, on machines that have none of a browser's.
process.env['AWS_EXECUTION_ENV'] = 'AWS_Lambda_nodejs22.x';
process.env['AWS_LAMBDA_JS_RUNTIME'] = 'nodejs22.x';

/** A real Chromium, from the registry. It is started again, twice at most, where it dies before it listens. */
export async function launchBrowser(starts = 3): Promise<Browser> {
  const { default: chromium } = await import('@sparticuz/chromium');
  const { chromium: driver } = await import('playwright-core');
  const browser = driver.launch({
    executablePath: await chromium.executablePath(),
    args: [
      ...chromium.args.filter(
        (arg) =>
          !arg.startsWith('--headless') &&
          // Nor without what keeps sites apart: that is what people have.
          !['--single-process', '--no-zygote', '--disable-web-security'].includes(arg),
      ),
      '--no-sandbox',
    ],
    headless: true,
    downloadsPath: mkdtempSync(join(tmpdir(), 'sallyport-browser-')),
  });
  return starts > 1 ? browser.catch(() => launchBrowser(starts - 1)) : browser;
}

const AXE = fileURLToPath(import.meta.resolve('axe-core/axe.min.js'));
interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** Every violation that axe finds on a page, no rule left out. */
export async function violations(page: Page): Promise<string[]> {
  // Evaluated by the driver, which the page's own policy does not bind.
  await page.evaluate(readFileSync(AXE, 'utf8'));
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run: (o: object) => Promise<{ violations: Violation[] }> };
    };
    return (await axe.run({ resultTypes: ['violations'] })).violations;
  });
  return found.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map((node) => `${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`).join(' | ')}`,
  );
}

/** Becomes the first administrator, `ann`, by the link that a server shows at its first start, and comes to the first hour. */
export async function becomeAdministrator(page: Page, setupUrl: string): Promise<void> {
  await page.goto(setupUrl);
  await page.getByLabel('User name').fill('ann');
  await page.getByLabel('Password').fill('correct horse battery staple');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'First hour' }).waitFor();
}
