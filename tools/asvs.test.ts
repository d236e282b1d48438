import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { asvsDocument, CHAPTERS } from './asvs/document.ts';

const ROOT = join(import.meta.dirname, '..');
/** The real list, where it lies beside the checkout. */
const LIST = join(
  ROOT,
  '../shared/specs/asvs/5.0/docs_en/OWASP_Application_Security_Verification_Standard_5.0.0_en.flat.json',
);
const rows = CHAPTERS.flatMap(({ requirements }) => requirements);

describe('OWASP ASVS 5.0', () => {
  it('every requirement of levels 1 and 2 has a row, with its level, and there are no others', (t) => {
    if (!existsSync(LIST)) return t.skip(`the list is not at ${LIST}`);
    const { requirements } = JSON.parse(readFileSync(LIST, 'utf8')) as {
      requirements: { chapter_id: string; req_id: string; L: string }[];
    };
    const wanted = requirements
      .filter(({ L }) => L !== '3')
      .map(({ chapter_id, req_id, L }) => `${chapter_id} ${req_id.slice(1)} ${L}`);
    assert.ok(wanted.length > 200);
    assert.deepEqual(
      CHAPTERS.flatMap(({ id, requirements: own }) =>
        own.map(([number, level]) => `${id} ${number} ${level}`),
      ),
      wanted,
    );
  });

  it('what is met names tests and documents that are there, by what they say', () => {
    const wrong: string[] = [];
    for (const [id, , asks, answer] of rows) {
      assert.ok(asks.length > 2, id);
      if (answer.kind === 'not-applicable') {
        assert.ok(answer.why.length > 5, id);
        continue;
      }
      if (answer.kind === 'met') assert.ok(answer.by.length > 0, `${id} is met, and nothing shows it`);
      else assert.ok(answer.lacking.length > 10, id);
      for (const [file, name] of answer.by) {
        assert.match(file, /\.test\.ts$|^docs\/[A-Z]+\.md$/, id);
        assert.ok(name.length >= 7, `${id}: ${name}`);
        const path = join(ROOT, file);
        if (!existsSync(path)) wrong.push(`${id}: there is no ${file}`);
        else if (!readFileSync(path, 'utf8').includes(name)) wrong.push(`${id}: ${file} has no \`${name}\``);
      }
    }
    assert.deepEqual(wrong, []);
  });

  it('a requirement that a document alone meets is one about documents', () => {
    for (const [id, , , answer] of rows)
      if (answer.kind === 'met' && answer.by.every(([file]) => file.endsWith('.md')))
        assert.match(id, /^\d+\.1\./, id);
  });

  it('what does not apply for want of a technique is among no dependencies', () => {
    const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { dev?: boolean }>;
    };
    const names = Object.entries(packages)
      .filter(([, { dev }]) => dev !== true)
      .map(([path]) => path.split('node_modules/').at(-1)!);
    assert.ok(names.length > 50);
    for (const [id, , , answer] of rows)
      for (const part of answer.kind === 'not-applicable' ? answer.absent : [])
        assert.deepEqual(
          names.filter((name) => name.split(/[/@-]/).includes(part) || name === part),
          [],
          `${id}: ${part}`,
        );
  });

  it('docs/ASVS.md is what the rows say', () => {
    assert.equal(readFileSync(join(ROOT, 'docs/ASVS.md'), 'utf8'), asvsDocument());
  });
});
