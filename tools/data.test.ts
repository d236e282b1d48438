import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { stateTables } from '../packages/store/src/migrations.ts';

const text = readFileSync(join(import.meta.dirname, '../docs/DATA.md'), 'utf8');
/** Cells of the rows below a heading that are no heads of tables. */
const rowsOf = (heading: string): string[][] => {
  const section = text.split(`\n## ${heading}\n`)[1]!.split('\n## ')[0]!;
  return [...section.matchAll(/^\| (?!---)(.+) \|$/gm)].map((match) => match[1]!.split(' | '));
};

describe('docs/DATA.md', () => {
  it('every table of the state has a level', () => {
    const levels = rowsOf('Levels');
    const known = levels.filter((cells) => cells.length === 6).map(([level]) => level!);
    assert.deepEqual(known, ['level', 'secret', 'content', 'personal', 'internal', 'open']);
    const listed = levels
      .filter(([level, cells]) => cells?.startsWith('`') && known.includes(level!))
      .flatMap(([, tables]) => [...tables!.matchAll(/`(\w+)`/g)].map((match) => match[1]!));
    assert.equal(new Set(listed).size, listed.length, 'one level each');
    assert.deepEqual(listed.sort(), [...stateTables().keys()].sort());
  });

  it('what connections are named by are members of the configuration', () => {
    const named = rowsOf('Connections').flatMap(([, by = '']) => [...by.matchAll(/`([a-z]\w*)(?:\.\w+)?`/g)]);
    assert.ok(named.length > 5);
    const schema = JSON.parse(
      readFileSync(join(import.meta.dirname, '../schema/sallyport.schema.json'), 'utf8'),
    ) as { properties: Record<string, { properties?: Record<string, unknown> }> };
    for (const [said, section] of named) {
      const member = said!.slice(1, -1).split('.')[1];
      const properties = schema.properties[section!];
      assert.ok(properties, said);
      if (member) assert.ok(member in properties.properties!, said);
    }
  });

  it('what writes lines of a log writes to one place', () => {
    const log = readFileSync(join(import.meta.dirname, '../packages/server/src/log.ts'), 'utf8');
    assert.match(log, /writeSync\(\s*STANDARD_ERROR/);
    assert.equal(rowsOf('Logs').length, 6, 'five logs and the head');
  });
});
