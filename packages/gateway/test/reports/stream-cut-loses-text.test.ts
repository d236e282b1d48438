import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, describe, it } from 'node:test';
import {
  enforced,
  exchangeOf,
  type FakeSystem,
  fakeSystem,
  sendJson,
  type TestServer,
  testServer,
} from '../../../server/test/harness.ts';
import { ask, STREAMED, type Streamed, said } from './stream-dialects.ts';

/*
 * What an AI system wrote before it broke off, and what is allowed of it, reaches the caller, and then word of what
 * happened (api7/aisix#177, preloop/preloop#117).
 */
const TEXT =
  'The quarterly report describes the work of the northern offices in some detail, names no one, and closes with a table of what was spent. Nothing in it is new to those who read the last one, and the summary says so in its first line. It is short this time.';
const pieces = TEXT.match(/.{1,9}/g)!;
/** Ways for a stream to end badly, and what the caller is told. */
const ENDINGS: Readonly<Record<string, readonly [(res: ServerResponse, own: Streamed) => void, string]>> = {
  'a connection that breaks': [(res) => void setTimeout(() => res.destroy(), 30), 'upstream-unreachable'],
  'a connection that breaks within an event': [
    (res, own) => {
      res.write(own.delta('never whole').slice(0, -20));
      setTimeout(() => res.destroy(), 30);
    },
    'upstream-unreachable',
  ],
  silence: [() => {}, 'upstream-timeout'],
  'an event that cannot be parsed': [
    (res, own) => void res.write(own.event('{"choices":[')),
    'upstream-invalid',
  ],
  'a key that comes twice': [
    (res, own) => void res.end(own.event('{"choices":[],"choices":[]}')),
    'upstream-invalid',
  ],
  'bytes that are no text': [
    (res, own) =>
      void res.end(Buffer.concat([Buffer.from(own.delta('')), Buffer.from([0xff, 0xfe, 10, 10])])),
    'upstream-invalid',
  ],
  'a character cut in half': [(res) => void res.end(Buffer.from([0xe6, 0xbc])), 'upstream-invalid'],
  'an event cut in half': [(res) => void res.end('data: {"choices":[{"del'), 'upstream-invalid'],
  'an event that is too large': [
    (res, own) => void res.write(own.delta('x'.repeat(80_000))),
    'upstream-too-large',
  ],
  'a member in another case': [
    (res, own) => void res.write(own.event('{"Choices":[{"index":0}]}')),
    'upstream-invalid',
  ],
};

describe('a stream that breaks off', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    const dialects = ['openai', 'anthropic', 'ollama'];
    server = await testServer({
      systems: Object.fromEntries(
        dialects.map((dialect) => [dialect, enforced(fake, { dialect, canaries: ['MAGNOLIA-3391'] })]),
      ),
      config: {
        deadlines: { connectMs: 500, firstByteMs: 1_500, idleMs: 1_000, bodyMs: 1_500 },
        limits: { streamEventBytesMax: 60_000 },
      },
    });
    key = await server.key(dialects, { concurrent: 1 });
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  for (const [dialect, own] of Object.entries(STREAMED)) {
    const write = (res: ServerResponse, frames: readonly string[], together: boolean): void => {
      res.writeHead(200, { 'content-type': own.type });
      if (together) res.write(frames.join(''));
      else for (const frame of frames) res.write(frame);
    };
    for (const [what, [end, code]] of Object.entries(ENDINGS))
      it(`${dialect}: ${what} loses nothing, and is told`, async () => {
        for (const together of [false, true]) {
          fake.answer = (_req, res) => {
            write(res, [...own.begin, ...pieces.map((piece) => own.delta(piece))], together);
            end(res, own);
          };
          const response = await ask(server, key, own);
          const { text, error, after } = said(own, await response.text());
          assert.equal(text, TEXT);
          assert.equal(after, '', 'nothing behind the error');
          assert.ok(JSON.stringify(error).includes(code), `${JSON.stringify(error)} tells ${code}`);
          const { summary } = await server.control.exchange('test', exchangeOf(response), false);
          assert.equal(summary.code, code);
        }
      });

    it(`${dialect}: what is held is judged before it goes out`, async () => {
      for (const [secret, told, shown] of [
        ['the code is MAGNOLIA-3391', 'output-denied', /^$/],
        ['Her card is 4111 1111 1111 1111', 'upstream-unreachable', /Her card is \[CREDIT-CARD_1\]$/],
      ] as const) {
        fake.answer = (_req, res) => {
          write(res, [...own.begin, own.delta('Fine. '), own.delta(secret)], false);
          setTimeout(() => res.destroy(), 30);
        };
        const { text, error } = said(own, await (await ask(server, key, own)).text());
        assert.match(text, shown);
        assert.ok(JSON.stringify(error).includes(told), JSON.stringify(error));
      }
    });

    it(`${dialect}: empty events, lines that end in CRLF and words of the end with spaces are no faults`, async () => {
      const crlf = (frame: string): string => frame.replaceAll('\n', '\r\n');
      const empty =
        own.type === 'text/event-stream'
          ? ['data:\n\n', 'data: \n\n', ': ping\n\n', 'data\n\n']
          : ['\n', ' \n'];
      const forms: Readonly<Record<string, readonly string[]>> = {
        empty: [...own.begin, ...pieces.flatMap((one) => [...empty, own.delta(one)]), ...own.close],
        crlf: [...own.begin, ...pieces.map((one) => own.delta(one)), ...own.close].map(crlf),
        spaced: [...own.begin, ...pieces.map((one) => own.delta(one)), ...own.close].map((one) =>
          one.replace('[DONE]', '[DONE] '),
        ),
        'not closed': [
          ...own.begin,
          ...pieces.map((one) => own.delta(one)),
          ...own.close.slice(0, -1),
          own.close.at(-1)!.trimEnd(),
        ],
      };
      fake.answer = (_req, res) => sendJson(res, own.whole(TEXT));
      const whole = own.textOfWhole(
        (await (await ask(server, key, own, false)).json()) as Record<string, unknown>,
      );
      assert.equal(whole, TEXT);
      for (const [form, frames] of Object.entries(forms)) {
        fake.answer = (_req, res) => {
          write(res, frames, false);
          res.end();
        };
        const sent = await (await ask(server, key, own)).text();
        const { text, error } = said(own, sent);
        assert.deepEqual({ text, error }, { text: whole, error: null }, form);
        assert.match(sent, own.ends, form);
      }
    });
  }
});
