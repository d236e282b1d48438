import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { discover } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-lock-secrets-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let round = 0;
const told = async (name: string, text: string): Promise<string[]> => {
  const place = join(folder, String(++round));
  mkdirSync(place);
  writeFileSync(join(place, name), text);
  const { files } = await discover([place]);
  return files.flatMap(({ detections }) =>
    detections.filter(({ technique }) => technique !== 'ai-use').map(({ technique }) => technique),
  );
};
const digest = (text: string, form: 'hex' | 'base64'): string =>
  createHash('sha512').update(text).digest(form);
const NAMES = ['jsonwebtoken', 'cookie-token', 'secret-manager', 'password-hash', 'api-key', 'aws-secret'];
const many = (line: (name: string, at: number) => string): string =>
  Array.from({ length: 300 }, (_, at) => line(NAMES[at % NAMES.length]!, at)).join('\n');

/** One file of each form, with digests under names that sound like secrets. */
const LOCKS: Readonly<Record<string, string>> = {
  'requirements.txt': many(
    (name, at) => `${name}==1.${at} --hash=sha256:${digest(name + at, 'hex').slice(64)}`,
  ),
  'uv.lock': `version = 1\n${many((name, at) => `[[package]]\nname = "${name}"\nversion = "1.${at}"\nsource = { registry = "https://pypi.org/simple" }\nsdist = { url = "https://files.pythonhosted.org/packages/${digest(name + at, 'hex').slice(60)}/x.tar.gz", hash = "sha256:${digest(name + at, 'hex').slice(64)}" }`)}\n`,
  'yarn.lock': `# yarn lockfile v1\n\n${many((name, at) => `${name}@^${at}:\n  version "${at}.0.0"\n  resolved "https://registry.yarnpkg.com/${name}/-/${name}-${at}.0.0.tgz#${digest(name + at, 'hex').slice(88)}"\n  integrity sha512-${digest(name + at, 'base64')}\n`)}`,
  'pnpm-lock.yaml': `lockfileVersion: '9.0'\npackages:\n${many((name, at) => `  ${name}@${at}.0.0:\n    resolution: {integrity: sha512-${digest(name + at, 'base64')}}`)}\n`,
  'Cargo.lock': `version = 3\n${many((name, at) => `[[package]]\nname = "${name}"\nversion = "1.${at}.0"\nchecksum = "${digest(name + at, 'hex').slice(64)}"`)}\n`,
  'package-lock.json': JSON.stringify({
    lockfileVersion: 3,
    packages: Object.fromEntries(
      NAMES.map((name) => [
        `node_modules/${name}`,
        { version: '1.0.0', integrity: `sha512-${digest(name, 'base64')}` },
      ]),
    ),
  }),
};
/** As AWS writes its ids, put together here so that no file of the repository holds one. */
const SECRET = ['AKIA', 'QYLPMN5HFIQR7XYA'].join('');

describe('secrets in lock files and requirements', () => {
  for (const [name, text] of Object.entries(LOCKS))
    it(`are found, and digests are none: ${name}`, async () => {
      assert.deepEqual(await told(name, text), []);
      const more = name.endsWith('.json')
        ? text.replace('"lockfileVersion"', `"x":"${SECRET}","lockfileVersion"`)
        : `${text}\n# AWS_KEY=${SECRET}\n`;
      assert.deepEqual(await told(name, more), ['secret-in-source']);
    });

  it('are found in the address of an index', async () => {
    const address = 'https://ci:R4nd0mQ7zP1kLw9@pypi.corp.example/simple';
    assert.equal((await told('requirements.txt', `--extra-index-url ${address}\nnumpy==2.0\n`)).length, 1);
  });
});
