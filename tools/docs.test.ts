import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ENCODERS, LANGUAGES } from '@sallyport/attacks';
import { configJsonSchema, ERRORS } from '@sallyport/core';
import { PRACTICES } from '@sallyport/govern';
import { DIALECT_TABLE } from '@sallyport/models';
import { COMMANDS } from '../packages/cli/src/commands.ts';
import { NATIONAL_IDS } from '../packages/guard/src/pii/national-ids.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('documents agree with the code', () => {
  it('docs/ERRORS.md has exactly the codes there are, with status, meaning and action', () => {
    const rows = [
      ...read('docs/ERRORS.md').matchAll(/^\| `([a-z0-9-]+)` \| (\d+) \| (.+) \| (.+) \|$/gm),
    ].map((match) => match.slice(1, 5));
    const wanted = Object.entries(ERRORS).map(([code, { status, meaning, action }]) => [
      code,
      String(status),
      meaning,
      action.replaceAll('|', '\\|'),
    ]);
    assert.deepEqual(rows, wanted);
  });

  it('schema/sallyport.schema.json is the schema of the code', () => {
    assert.deepEqual(
      JSON.parse(read('schema/sallyport.schema.json')),
      JSON.parse(JSON.stringify(configJsonSchema())),
    );
  });

  it('docs/LIFECYCLE.md names every route', () => {
    const text = read('docs/LIFECYCLE.md');
    for (const dialect of Object.values(DIALECT_TABLE))
      for (const { id } of dialect.operations) assert.ok(text.includes(`\`${id}\``), id);
  });

  it('README.md names every command, and links lead somewhere', () => {
    const text = read('README.md');
    for (const { name } of COMMANDS) assert.ok(text.includes(`sallyport ${name}`), name);
    for (const file of [
      'README.md',
      ...readdirSync(join(ROOT, 'docs'))
        .filter((name) => name.endsWith('.md'))
        .map((name) => `docs/${name}`),
    ]) {
      for (const [, target] of read(file).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
        assert.ok(existsSync(join(ROOT, file, '..', target!)), `${file} links to ${target}`);
      }
    }
  });

  it('tests that documents name are there', () => {
    const names = (folder: string): string[] =>
      readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
        entry.name === 'node_modules'
          ? []
          : entry.isDirectory()
            ? names(join(folder, entry.name))
            : [entry.name],
      );
    const known = new Set([...['packages', 'prove', 'tools'].flatMap((one) => names(join(ROOT, one)))]);
    for (const file of ['docs/THREATS.md', 'docs/ASVS.md'])
      for (const [, name] of read(file).matchAll(/`(?:prove\/)?([\w-]+\.test\.ts)`/g))
        assert.ok(known.has(name!), `${file} names ${name}`);
  });

  it('what they count is what there is', () => {
    const counts: Readonly<Record<string, number>> = {
      languages: LANGUAGES.length,
      disguises: Object.keys(ENCODERS).length,
      countries: new Set(NATIONAL_IDS.map(({ country }) => country)).size,
      practices: PRACTICES.length,
    };
    // What was measured has numbers of its own.
    const names = readdirSync(join(ROOT, 'docs')).filter((name) =>
      /^(?!guard-report|MEASURED).*\.md$/.test(name),
    );
    let found = 0;
    for (const file of ['README.md', ...names.map((name) => `docs/${name}`)])
      for (const [said, count, what] of read(file).matchAll(
        /\b(\d+) (languages|disguises|countries|practices)\b/g,
      )) {
        found++;
        assert.equal(Number(count), counts[what!], `${file}: ${said}`);
      }
    assert.ok(found >= 8, `${found}`);
  });

  it('there are 64 practices, each complete', () => {
    assert.equal(PRACTICES.length, 64);
    assert.equal(new Set(PRACTICES.map((practice) => practice.id)).size, 64);
    for (const practice of PRACTICES) {
      assert.match(practice.maxAge, /^\d+[mhd]$/);
      for (const field of ['area', 'practice', 'control', 'evidence', 'forPeople', 'severity'] as const)
        assert.ok(practice[field].length > 0, `${practice.id} ${field}`);
    }
  });
});
