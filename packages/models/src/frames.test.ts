import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import type { StreamEvent } from './framing.ts';
import { ndjson } from './ndjson.ts';
import { sse } from './sse.ts';

/** What our parser makes of a text, cut at these places. */
function ours(text: string, cuts: readonly number[] = [], framing = sse): StreamEvent[] {
  const bytes = Buffer.from(text);
  const parser = framing.parser(10_000);
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const events = edges.slice(1).flatMap((to, i) => parser.push(bytes.subarray(edges[i], to)));
  return [...events, ...parser.end()];
}

const spoken = (events: readonly StreamEvent[]): (readonly [string, string])[] =>
  events.flatMap(({ name, data }) => (data === null ? [] : [[name, data] as const]));

/**
 * What another parser makes of it; events of nothing but space say nothing. A byte order mark at the start is dropped
 * first (WHATWG HTML, section 9.2.6), since that parser knows it by its bytes only.
 */
function theirs(text: string): (readonly [string, string])[] {
  const events: (readonly [string, string])[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) => data.trim() !== '' && events.push([event ?? '', data]),
  });
  parser.feed(text.replace(/^\u{feff}/u, ''));
  return events;
}

const piece = fc.constantFrom(
  ...[
    'data',
    'data:',
    'data: ',
    'event: a',
    'event: b.c',
    'event',
    'id: 1',
    'id: \0',
    'retry: 5',
    ': note',
    ':',
  ],
  ...['\n', '\r', '\r\n', '\n\n', '\r\r', '\r\n\r\n', '\u2028', '\u2029', '\u0085', '\v', '\f', ' ', '\t'],
  ...['\u{feff}', '{"a":1}', '"event: c"', 'x', 'é漢', 'Data: y', ' data: z', '\0'],
);
const stream = fc.array(piece, { maxLength: 40 }).map((pieces) => `${pieces.join('')}\n\n`);
const cuts = fc.array(fc.nat(400), { maxLength: 12 });

describe('frames', () => {
  it('are read as another parser reads them, wherever they are cut', () => {
    fc.assert(
      fc.property(stream, cuts, (text, at) => {
        assert.deepEqual(spoken(ours(text, at)), theirs(text));
      }),
      { numRuns: 3_000 },
    );
  });

  it('that are written hold one event each, and what was asked for, to both parsers and to those that split lines oddly', () => {
    const name = fc.oneof(
      fc.constantFrom('', 'error', 'response.created', 'a b', 'x\ny', 'x\ry', 'Event', 'é'),
      fc.string(),
    );
    const data = fc
      .oneof(
        fc.jsonValue(),
        fc.array(piece).map((pieces) => pieces.join('')),
      )
      .chain((value) => fc.constantFrom(JSON.stringify(value), JSON.stringify(value, null, 1)));
    fc.assert(
      fc.property(fc.array(fc.tuple(name, data), { minLength: 1, maxLength: 5 }), (wanted) => {
        const text = wanted.map(([own, json]) => sse.render(own, json)).join('');
        const read = theirs(text);
        assert.deepEqual(spoken(ours(text)), read);
        assert.equal(read.length, wanted.length);
        read.forEach(([own, json], i) => {
          assert.ok(own === '' || own === wanted[i]![0], own);
          assert.match(own, /^[a-z0-9_.-]*$/);
          assert.deepEqual(JSON.parse(json), JSON.parse(wanted[i]![1]));
        });
        // Some clients end lines at each of these.
        for (const line of text.split(/\r\n|[\n\r\v\f\x1c-\x1e\u0085\u2028\u2029]/))
          assert.match(line, /^(?:|data: .+|event: [a-z0-9_.-]+)$/s);
        const lines = wanted.map(([, json]) => ndjson.render('', json)).join('');
        assert.deepEqual(
          spoken(ours(lines, [], ndjson)).map(([, json]) => JSON.parse(json) as unknown),
          wanted.map(([, json]) => JSON.parse(json) as unknown),
        );
        assert.equal(lines.split(/[\n\r\v\f\x1c-\x1e\u0085\u2028\u2029]/).length, wanted.length + 1);
      }),
      { numRuns: 1_000 },
    );
  });

  it('of two names the last counts, a carriage return ends a line, and neither comments nor ids are kept', () => {
    assert.deepEqual(
      ours('event: ping\nevent: error\rdata: {}\r\rid: secret\n: secret\ndata\n\n: secret\n\n'),
      [
        { name: 'error', data: '{}' },
        { name: '', data: null },
        { name: '', data: null },
      ],
    );
    assert.deepEqual(ours('\u{feff}data: 1\n\n\u{feff}data: 2\n\n'), [
      { name: '', data: '1' },
      { name: '', data: null },
    ]);
    assert.equal(sse.render('error\ndata: x', '{}'), 'data: {}\n\n');
    assert.equal(sse.keepAlive, ':\n\n');
  });

  it('are bounded, must be UTF-8, and cost time that grows with their length only', () => {
    for (const framing of [sse, ndjson]) {
      assert.throws(() => framing.parser(10).push(Buffer.from('data: far too long')), {
        code: 'upstream-too-large',
      });
      assert.throws(() => framing.parser(10).push(Buffer.from([0xff])), { code: 'upstream-invalid' });
      const half = framing.parser(10);
      half.push(Buffer.from([0xc3]));
      assert.throws(() => half.end(), { code: 'upstream-invalid' });
    }
    const lines = sse.parser(10);
    assert.throws(() => lines.push(Buffer.from('data:1\ndata:2\n')), { code: 'upstream-too-large' });
    const began = performance.now();
    const parser = sse.parser(8_000_000);
    const crumb = Buffer.from('data: aaaaaaaaaa');
    for (let i = 0; i < 200_000; i++) parser.push(crumb);
    assert.ok(performance.now() - began < 2_000, `${performance.now() - began} ms`);
  });
});
