import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { OpenAPIHono } from '@hono/zod-openapi';
import { consoleRoutes } from '../src/routes/console.ts';
import type { Env } from '../src/routes/shared.ts';
import { scratch } from './harness.ts';

describe('files that the control plane serves', () => {
  const root = scratch();
  const folder = join(root, 'console');
  for (const path of ['assets', '.git']) mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(root, 'secret.js'), 'secret');
  writeFileSync(join(folder, 'index.html'), '<title>console</title>');
  writeFileSync(join(folder, 'assets/app.js'), 'app');
  writeFileSync(join(folder, 'assets/app.js.map'), 'secret');
  writeFileSync(join(folder, 'package.json'), 'secret');
  writeFileSync(join(folder, '.git/config'), 'secret');
  writeFileSync(join(folder, '.env'), 'secret');
  symlinkSync(root, join(folder, 'up'));
  const app = new OpenAPIHono<Env>();
  consoleRoutes(app, folder);
  const ask = async (path: string): Promise<string> => {
    const answer = await app.request(path);
    return `${answer.status} ${await answer.text()}`;
  };

  it('are those of the built console, by their names', async () => {
    assert.equal(await ask('/assets/app.js'), '200 app');
    assert.equal(await ask('/'), '200 <title>console</title>');
    assert.equal(await ask('/traffic'), '200 <title>console</title>');
  });

  it('are no others, and no lists of them: neither of version control, nor beside, nor above', async () => {
    for (const path of [
      '/assets/',
      '/assets',
      '/.git/',
      '/.git/config',
      '/.git/HEAD',
      '/.env',
      '/package.json',
      '/assets/app.js.map',
      '/up/secret.js',
      '/../secret.js',
      '/..%2fsecret.js',
      '/assets/..%2f..%2fsecret.js',
      '/assets/%2e%2e/%2e%2e/secret.js',
      '/%2e%2e%5csecret.js',
      '//secret.js',
      '/secret.js%00.js',
      '/etc/passwd',
      '/sallyport.yaml',
      '/api/v1/../../secret.js',
    ])
      assert.match(await ask(path), /^(?:404 |200 <title>console<\/title>$)/, path);
  });
});
