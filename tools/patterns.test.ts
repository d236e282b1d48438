import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { probesFor, runProbes } from './pattern-fuzz.ts';
import { allPatterns, objections, REVIEWED, readSource } from './patterns.ts';

/** Texts that each pattern is timed on here; `npm run prove prove/linear.test.ts` has many more. */
const PROBES = 3;
/** Longest that one of them may take before its pattern is given up. */
const STUCK_MS = 10_000;

const { patterns, unseen } = await allPatterns();
const reviewed = new Set(REVIEWED.map(({ source }) => source));
const shown = ({ source, flags }: { source: string; flags: string }): string => `/${source}/${flags}`;

/** The same texts for a pattern, whatever others there are. */
const seedOf = (source: string): number =>
  [...source].reduce((seed, c) => (Math.imul(seed, 31) + c.codePointAt(0)!) >>> 0, 7);

describe('patterns', () => {
  it('are all found: literals, those of tables, and those made when they are needed', () => {
    assert.ok(patterns.length > 1_000, `${patterns.length}`);
    assert.deepEqual(unseen, [], 'call what makes them in tools/pattern-makers.ts');
    const { literals, made, hidden } = readSource(
      'x.ts',
      'const a: RegExp = /a+/g; f(new RegExp("b"), RegExp("c")); t.match(a); t.match(/b/); x instanceof RegExp;',
    );
    assert.deepEqual([literals[0]?.source, literals.length, made.length, hidden.length], ['a+', 2, 2, 0]);
  });

  it('are made in no way that is not seen', () => {
    for (const text of [
      'const R = RegExp;',
      'new globalThis.RegExp("a");',
      'new globalThis["RegExp"]("a");',
      'const { RegExp: R } = globalThis;',
      'Reflect.construct(RegExp, ["a"]);',
      'new (/a/.constructor)("b");',
      't.match("(a+)+b");',
      'function f(p: string) { return t.search(p); }',
      'const p = "a"; t["match"](p);',
      't.matchAll("(a+)+b");',
      'const p = /a/; p.compile(`b`);',
    ])
      assert.ok(readSource('x.ts', text).hidden.length > 0, text);
  });

  it('the checker objects to what takes more than linear time, and to nothing else', () => {
    const markup = String.raw`(?:<!--[^>]{0,200}-->|\*{1,3}|_{2,3}|~~)+(?=\w)`;
    for (const source of [
      markup,
      '(?:a{1,3})+b',
      '(a|a)*b',
      '(\\w+\\s?)*$',
      '\\s+$',
      '^\\s*(.*)x$',
      '(a{1,30}){1,30}b',
    ])
      assert.notDeepEqual(objections(source, ''), [], source);
    for (const source of ['a{1,9}b', '(?<!a)a+$', '^(?:ab)*$', '[^x]{0,300}x', '(?:\\d{3}){2,}'])
      assert.deepEqual(objections(source, ''), [], source);
  });

  it('are linear by the checker, but for those whose texts are short', () => {
    const found = patterns
      .filter(({ source }) => !reviewed.has(source))
      .map((one) => ({ place: one.place, pattern: shown(one), why: objections(one.source, one.flags) }))
      .filter(({ why }) => why.length > 0);
    assert.deepEqual(found, []);
  });

  it('reviewed ones are still there and still need it', () => {
    for (const { source } of REVIEWED) {
      const one = patterns.find((pattern) => pattern.source === source);
      assert.ok(one, source);
      assert.notDeepEqual(objections(source, one.flags), [], source);
    }
  });

  it('take time linear in texts that their own grammar makes', { timeout: 170_000 }, async () => {
    const probes = patterns
      .filter(({ source }) => !reviewed.has(source))
      .flatMap((pattern) => probesFor(pattern, PROBES, seedOf(pattern.source)));
    const slow = await runProbes(probes, false, STUCK_MS);
    assert.deepEqual(
      slow.map(({ probe, said }) => ({ place: probe.place, pattern: shown(probe), unit: probe.unit, said })),
      [],
    );
  });

  it('the fuzz sees a square, and one that never ends', { timeout: 120_000 }, async () => {
    const square = { place: '', source: '\\{:[^}]*x', flags: '' };
    const endless = { place: '', source: '(?:\\*{1,3})+(?=\\w)', flags: 'g' };
    const seen = (
      await runProbes([...probesFor(square, 30, 1), ...probesFor(endless, 3, 1)], false, 2_000)
    ).map(({ probe }) => probe.source);
    assert.deepEqual(new Set(seen), new Set([square.source, endless.source]));
  });
});
