import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { discover } from '../src/index.ts';

it('sources are read in every encoding, and with a zero somewhere; programs are not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-sources-'));
  const text = `import OpenAI from 'openai';\n${'// a comment\n'.repeat(20)}`;
  const files: Record<string, Buffer> = {
    'plain.js': Buffer.from(text),
    'zero.js': Buffer.from(`/* \0 */ ${text}`),
    'wide.js': Buffer.from(text, 'utf16le'),
    'marked.js': Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(text, 'utf16le').swap16()]),
    'film.ts': Buffer.concat([Buffer.from('G@'), Buffer.alloc(4000), Buffer.from(text)]),
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const { hits } = await discover([folder]);
  const seen = hits
    .filter(({ kind }) => kind === 'import')
    .map(({ where }) => where.slice(folder.length + 1));
  assert.deepEqual(seen.sort(), ['marked.js', 'plain.js', 'wide.js', 'zero.js']);
});
