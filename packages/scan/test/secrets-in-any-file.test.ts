import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, it } from 'node:test';
import { discover } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-any-secrets-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let round = 0;
const told = async (name: string, content: string | Uint8Array): Promise<string[]> => {
  const place = join(folder, String(++round), name);
  mkdirSync(dirname(place), { recursive: true });
  writeFileSync(place, content);
  const { files } = await discover([join(folder, String(round))]);
  return files.flatMap(({ detections }) => detections.map(({ technique }) => technique));
};
// Put together here, so that no file of the sources holds what looks like a key.
const TOKEN = ['gh', 'p_', 'aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5'].join('');

it('a secret is told in whatever text it stands, whatever the name of its file', async () => {
  for (const name of [
    '.npmrc',
    '.netrc',
    '.git-credentials',
    'credentials',
    'prod.tfvars',
    'terraform.tfstate',
    'main.cpp',
    'build.gradle',
    'settings.xml',
    'dump.sql',
    'a.csv',
    'app.log',
    'Jenkinsfile',
    'a.j2',
    'a.jsonc',
    'a.bat',
    'a.odd-ending',
    'deep/.config/tool',
  ])
    assert.deepEqual(await told(name, `x = "${TOKEN}"\n`), ['secret-in-source'], name);
  const key = `-----BEGIN ${'OPENSSH'} PRIVATE KEY-----\n${hash('sha512', 'a', 'base64')}\n${hash('sha512', 'b', 'base64')}\n-----END ${'OPENSSH'} PRIVATE KEY-----\n`;
  for (const name of ['id_rsa', 'server.pem', 'server.key'])
    assert.deepEqual(await told(name, key), ['secret-in-source'], name);
  assert.deepEqual(await told('a.tfvars', Buffer.from(`\ufeffx = "${TOKEN}"\n`, 'utf16le')), [
    'secret-in-source',
  ]);
  assert.deepEqual(await told('late.csv', `${'1,2,3\n'.repeat(1_000_000)}${TOKEN}\n`), ['secret-in-source']);
});

it('and what only might be one is told of sources alone, of programs and pictures nothing', async () => {
  const loose = `password = "${'qW8zR2mK5tY9'.repeat(3)}"\n`;
  assert.deepEqual(await told('a.csv', loose), []);
  assert.deepEqual(await told('a.png', Buffer.concat([Buffer.alloc(64), Buffer.from(TOKEN)])), []);
  assert.deepEqual(await told('notes.rst', 'from openai import OpenAI\nhttps://api.openai.com/v1\n'), []);
});
