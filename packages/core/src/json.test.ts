import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { configJsonSchema, parseConfig } from './config.ts';
import { parseDurationMs } from './duration.ts';
import { idTimeMs, isId, newId } from './ids.ts';
import { replaceStrings, toPointer, visitStrings } from './json.ts';
import { LIMITS } from './limits.ts';
import { atOnce } from './steps.ts';
import { parseStrictJson, strictJson } from './strict-json.ts';

/** JSON text with spaces where they may stand. */
const spaced = (value: unknown): string => JSON.stringify(value, null, 2);

describe('strict JSON', () => {
  it('reads what JSON.parse reads, whatever the document', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), (text) =>
        assert.deepEqual(parseStrictJson(text), JSON.parse(text)),
      ),
      { numRuns: 500 },
    );
  });

  it('refuses what two parsers read differently, however it is written', () => {
    for (const text of [
      '{"a":1,"a":2}',
      '{"a":1,"\\u0061":2}',
      '[{"x":{"b":1,"b":1}}]',
      '{"__proto__":1,"__proto__":2}',
    ]) {
      assert.throws(() => parseStrictJson(text), { code: 'body-duplicate-key' }, text);
    }
    for (const text of ['', '{', '"a', '{"a":"\\"}', '[1,]', '{"a"}', 'nul', '\u{feff}{}'])
      assert.throws(() => parseStrictJson(text), { code: 'body-not-json' }, text);
    assert.throws(() => parseStrictJson('['.repeat(65) + ']'.repeat(65)), { code: 'body-too-deep' });
    assert.deepEqual(parseStrictJson('{"a":"{\\"b\\":1,[[["}'), { a: '{"b":1,[[[' });
  });

  const bounds = { members: 1_000, containers: 1_000, values: 1_000 };
  const said = (read: () => unknown): unknown => {
    try {
      return { value: read() };
    } catch (fault) {
      return (fault as { code: string }).code;
    }
  };

  it('is the same built in pieces as in one go, whatever the document and wherever it is broken', () => {
    const spaces = [undefined, 1];
    fc.assert(
      fc.property(
        fc.json({ maxDepth: 6 }),
        fc.constantFrom(...spaces),
        fc.nat(),
        fc.constantFrom('', ',', ']', '}', '[', '{', '"', ':', '0', ' ', '\\', '"a":1', ',"a":1', '[1]'),
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 2, max: 24 }),
        (json, space, at, put, cut, piece) => {
          const whole = JSON.stringify(JSON.parse(json), null, space);
          const place = at % (whole.length + 1);
          for (const text of [whole, whole.slice(0, place) + put + whole.slice(place + cut)])
            assert.deepEqual(
              said(() => atOnce(strictJson(text, bounds, piece))),
              said(() => parseStrictJson(text, bounds)),
              text,
            );
        },
      ),
      { numRuns: 5_000 },
    );
    for (const text of [
      '{"__proto__":{"x":[1,2,3]},"a":[[1,2,3,4,5],[6,7,8]]}',
      '[[1,2,3,4],]',
      '[,[1,2,3,4]]',
      '[  ]',
    ])
      assert.deepEqual(
        said(() => atOnce(strictJson(text, bounds, 2))),
        said(() => parseStrictJson(text, bounds)),
        text,
      );
  });

  it('stops now and then in what is long, and nowhere for long', () => {
    const long = [
      JSON.stringify(Array.from({ length: 200_000 }, (_, n) => n)),
      JSON.stringify({ a: [{ b: Array.from({ length: 50_000 }, (_, n) => ({ n, s: `t${n}` })) }] }),
      JSON.stringify(Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`k${n}`, n]))),
    ];
    for (const text of long) {
      const steps = strictJson(text);
      let stops = 0;
      let step = steps.next();
      for (; !step.done; step = steps.next()) stops++;
      assert.deepEqual(step.value, JSON.parse(text));
      assert.ok(stops >= (2 * text.length) / 66_000 - 3, `${stops} stops in ${text.length} characters`);
    }
  });

  it('is bounded in members of one object, and in values', () => {
    const members = Array.from({ length: LIMITS.jsonMembersMax + 1 }, (_, n) => `"k${n}":1`).join();
    const wide = { ...bounds, members: 1e9, containers: 1e9, values: 1e9 };
    assert.throws(() => parseStrictJson(`{${members}}`, wide), { code: 'body-invalid' });
    assert.throws(() => parseStrictJson(`[${'1,'.repeat(1_001)}1]`, bounds), { code: 'body-invalid' });
  });

  it('replaces one string and nothing else', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.string(), fc.nat(), (value, replacement, pick) => {
        const pointers: string[] = [];
        visitStrings(value, (_text, path) => pointers.push(toPointer(path)));
        if (pointers.length === 0) return;
        const chosen = pointers[pick % pointers.length]!;
        for (const text of [JSON.stringify(value), spaced(value)]) {
          assert.equal(replaceStrings(text, new Map()), text);
          const changed = JSON.parse(replaceStrings(text, new Map([[chosen, replacement]]))) as unknown;
          visitStrings(changed, (seen, path) => {
            if (toPointer(path) === chosen) assert.equal(seen, replacement);
          });
          const back: Map<string, string> = new Map();
          visitStrings(value, (seen, path) => toPointer(path) === chosen && back.set(chosen, seen));
          assert.deepEqual(
            JSON.parse(replaceStrings(JSON.stringify(changed), back)),
            JSON.parse(JSON.stringify(value)),
          );
        }
      }),
      { numRuns: 500 },
    );
    assert.equal(
      replaceStrings('{ "n":1.0,"b":12345678901234567890 , "s":"x" }', new Map([['/s', 'y']])),
      '{ "n":1.0,"b":12345678901234567890 , "s":"y" }',
    );
  });
});

describe('ids, durations, configuration', () => {
  it('ids sort by time and have their shape', () => {
    const ids = [1, 1000, 1_800_000_000_000].map((ms) => newId('exc', ms));
    assert.deepEqual([...ids].sort(), ids);
    assert.deepEqual(ids.map(idTimeMs), [1, 1000, 1_800_000_000_000]);
    assert.ok(isId('exc', ids[0]!) && !isId('key', ids[0]!) && !isId('exc', `${ids[0]}x`));
  });
  it('durations', () => {
    assert.deepEqual(
      ['45s', '90m', '12h', '30d'].map(parseDurationMs),
      [45_000, 5_400_000, 43_200_000, 2_592_000_000],
    );
    for (const text of ['', '30', 'd', '-1d', '1.5h', '9999999d'])
      assert.throws(() => parseDurationMs(text), { code: 'usage' });
  });
  it('configuration has defaults, refuses what it does not know, and has a schema', () => {
    assert.deepEqual(
      [parseConfig({}).gateway, parseConfig(null).control.port],
      [{ host: '127.0.0.1', port: 8080, trustedProxies: [], origins: [] }, 8081],
    );
    assert.throws(() => parseConfig({ systems: { a: { dialect: 'openai', urls: ['ftp://x'] } } }), {
      code: 'config-invalid',
    });
    assert.throws(
      () => parseConfig({ systems: { a: { dialect: 'openai', urls: ['https://x.example'], color: 1 } } }),
      /systems\.a/,
    );
    assert.equal((configJsonSchema() as { additionalProperties: boolean }).additionalProperties, false);
  });
});

it('what would take long to build is refused before it is built', () => {
  const members = `{${Array.from({ length: LIMITS.jsonMembersMax + 1 }, (_, n) => `"${n}":0`).join(',')}}`;
  const lists = `[${Array.from({ length: LIMITS.jsonContainersMax + 1 }, () => '[]').join(',')}]`;
  for (const text of [members, lists]) assert.throws(() => parseStrictJson(text), { code: 'body-invalid' });
  const floats = `[${Array.from({ length: 1_000_000 }, () => '0.5').join(',')}]`;
  assert.equal((parseStrictJson(floats) as number[]).length, 1_000_000);
});
