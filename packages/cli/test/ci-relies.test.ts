import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const SECRET = 'sp_SECRET_of_the_pipeline';

describe('a pipeline relies on nothing that the change brings', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ci-relies-'));
  const asked: string[] = [];
  const listener = createServer((req, res) => {
    asked.push(`${req.url} ${JSON.stringify(req.headers)}`);
    res.writeHead(403).end();
  });
  const put = (path: string, text: string): string => {
    const full = join(folder, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text, { mode: 0o600 });
    return full;
  };
  /** Runs a command in the checkout as a pipeline does. */
  const run = async (...args: string[]): Promise<{ status: number; text: string }> => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
      cwd: join(folder, 'checkout'),
      env: { ...process.env, CI: 'true', SALLYPORT_TOKEN: SECRET, XDG_CONFIG_HOME: join(folder, 'config') },
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (piece: Buffer) => {
        text += piece.toString();
      });
    const [status] = (await once(child, 'close')) as [number];
    return { status, text };
  };

  before(async () => {
    await new Promise<void>((ready) => listener.listen(0, '127.0.0.1', ready));
    const { port } = listener.address() as AddressInfo;
    put('checkout/readme.md', 'hello');
    put('checkout/requirements.txt', 'left==2.0 --hash=sha256:x\n');
    put(
      'checkout/.sallyport/installation.json',
      '{"id":"abcdefghijklmnop","createdAt":"2026-11-30T00:00:00.000Z"}',
    );
    put(
      'checkout/sallyport.yaml',
      `keys: { root: { kind: transit, url: "http://127.0.0.1:${port}", key: k, tokenRef: "env:SALLYPORT_TOKEN", allowPrivate: true } }\n`,
    );
    mkdirSync(join(folder, 'checkout/.sallyport/advisories'));
  });
  after(() => listener.close());

  it('neither an installation nor a configuration in the working folder: no secret goes anywhere', async () => {
    const plain = await run('ci', '.', '--allow-incomplete');
    assert.equal(plain.status, 0, plain.text);
    assert.match(plain.text, /posture +not run/);
    for (const args of [
      ['--data', '.sallyport'],
      ['--data', join(folder, 'checkout/.sallyport')],
    ]) {
      const named = await run('ci', '.', ...args);
      assert.equal(named.status, 2, named.text);
      assert.match(named.text, /lies within `\.`, which is checked/);
    }
    // Outside of what is checked, and the configuration is still the one of the working folder.
    cpSync(join(folder, 'checkout/.sallyport'), join(folder, 'installation'), { recursive: true });
    const outside = await run('ci', 'readme.md', '--data', join(folder, 'installation'));
    assert.equal(outside.status, 2, outside.text);
    assert.match(outside.text, /name the configuration of the installation with --config/);
    assert.deepEqual(asked, []);
    assert.ok(!plain.text.includes(SECRET));
  });

  it('no advisories, cache or configuration from within what is checked, by a link neither', async () => {
    const linked = join(folder, 'linked');
    symlinkSync(join(folder, 'checkout/.sallyport/advisories'), linked);
    for (const [option, path] of [
      ['--advisories', '.sallyport/advisories'],
      ['--advisories', linked],
      ['--cache', 'cache-that-is-not-there'],
      ['--config', 'sallyport.yaml'],
    ] as const) {
      const ended = await run('ci', '.', option, path);
      assert.equal(ended.status, 2, `${option} ${path}: ${ended.text}`);
      assert.match(ended.text, /keep it outside of what is checked/);
    }
    const dependencies = await run('dependencies', '.');
    assert.equal(dependencies.status, 2, dependencies.text);
    assert.match(dependencies.text, /name the advisories with --advisories/);
  });
});
