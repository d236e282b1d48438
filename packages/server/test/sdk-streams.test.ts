import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import Anthropic from '@anthropic-ai/sdk';
import { streamText } from 'ai';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { STREAMED, type Streamed } from '../../gateway/test/reports/stream-dialects.ts';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';

const TEXT = 'The northern offices report nothing new, and name no one. ';
const wait = (ms: number): Promise<void> => new Promise((tick) => setTimeout(tick, ms));
const messages = [{ role: 'user' as const, content: 'hi' }];

/** What a client got of a stream, and the fault it ended with. */
interface Got {
  text: string;
  fault: unknown;
}
async function got(pieces: () => Promise<AsyncIterable<string>>): Promise<Got> {
  let text = '';
  try {
    for await (const piece of await pieces()) text += piece;
    return { text, fault: null };
  } catch (fault) {
    return { text, fault };
  }
}
async function* map<T>(from: AsyncIterable<T>, text: (one: T) => string | null | undefined) {
  for await (const one of from) yield text(one) ?? '';
}

/** Unmodified clients, by the operation that they stream. */
const CLIENTS: Readonly<
  Record<string, readonly [keyof typeof STREAMED, (server: TestServer, apiKey: string) => Promise<Got>]>
> = {
  'OpenAI, chat completions': [
    'chat completions',
    (server, apiKey) =>
      got(async () => {
        const client = new OpenAI({ apiKey, baseURL: `${server.gatewayUrl}/s/openai/v1`, maxRetries: 0 });
        const stream = await client.chat.completions.create({ model: 'm', messages, stream: true });
        return map(stream, (one) => one.choices[0]?.delta.content);
      }),
  ],
  'OpenAI, completions': [
    'completions',
    (server, apiKey) =>
      got(async () => {
        const client = new OpenAI({ apiKey, baseURL: `${server.gatewayUrl}/s/openai/v1`, maxRetries: 0 });
        const stream = await client.completions.create({ model: 'm', prompt: 'hi', stream: true });
        return map(stream, (one) => one.choices[0]?.text);
      }),
  ],
  'OpenAI, responses': [
    'responses',
    (server, apiKey) =>
      got(async () => {
        const client = new OpenAI({ apiKey, baseURL: `${server.gatewayUrl}/s/openai/v1`, maxRetries: 0 });
        const stream = await client.responses.create({ model: 'm', input: 'hi', stream: true });
        return map(stream, (one) => (one.type === 'response.output_text.delta' ? one.delta : ''));
      }),
  ],
  'Anthropic, messages': [
    'messages',
    (server, apiKey) =>
      got(async () => {
        const client = new Anthropic({ apiKey, baseURL: `${server.gatewayUrl}/s/anthropic`, maxRetries: 0 });
        const stream = await client.messages.create({ model: 'm', max_tokens: 100, messages, stream: true });
        return map(stream, (one) =>
          one.type === 'content_block_delta' && one.delta.type === 'text_delta' ? one.delta.text : '',
        );
      }),
  ],
  'Ollama, chat': [
    'Ollama chat',
    (server, apiKey) =>
      got(async () => {
        const headers = { authorization: `Bearer ${apiKey}` };
        const client = new Ollama({ host: `${server.gatewayUrl}/s/ollama`, headers });
        const stream = await client.chat({ model: 'm', messages, stream: true });
        return map(stream, (one) => one.message.content);
      }),
  ],
  'Ollama, generate': [
    'Ollama generate',
    (server, apiKey) =>
      got(async () => {
        const headers = { authorization: `Bearer ${apiKey}` };
        const client = new Ollama({ host: `${server.gatewayUrl}/s/ollama`, headers });
        const stream = await client.generate({ model: 'm', prompt: 'hi', stream: true });
        return map(stream, (one) => one.response);
      }),
  ],
  'AI SDK, OpenAI': [
    'chat completions',
    (server, apiKey) =>
      got(async () => {
        const provider = createOpenAI({ apiKey, baseURL: `${server.gatewayUrl}/s/openai/v1` });
        return parts(
          streamText({ model: provider.chat('m'), prompt: 'hi', maxRetries: 0, onError: () => {} }),
        );
      }),
  ],
  'AI SDK, Anthropic': [
    'messages',
    (server, apiKey) =>
      got(async () => {
        const provider = createAnthropic({ apiKey, baseURL: `${server.gatewayUrl}/s/anthropic/v1` });
        return parts(streamText({ model: provider('m'), prompt: 'hi', maxRetries: 0, onError: () => {} }));
      }),
  ],
};
async function* parts(result: ReturnType<typeof streamText>): AsyncIterable<string> {
  for await (const part of result.fullStream) {
    if (part.type === 'text-delta') yield part.text;
    if (part.type === 'error') throw part.error;
  }
}

describe('unmodified SDKs and streams', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    const dialects = ['openai', 'anthropic', 'ollama'];
    server = await testServer({
      systems: Object.fromEntries(dialects.map((dialect) => [dialect, enforced(fake, { dialect })])),
    });
    key = await server.key(dialects);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const byUrl = (url: string): Streamed =>
    Object.values(STREAMED).find(({ path }) => path.endsWith(url.replace(/\?.*$/, '')))!;
  const write = (own: Streamed, res: ServerResponse, frames: readonly string[]): void => {
    if (!res.headersSent) res.writeHead(200, { 'content-type': own.type });
    for (const frame of frames) res.write(frame);
  };

  for (const [name, [, run]] of Object.entries(CLIENTS)) {
    it(`${name}: takes what tells it that the call goes on for nothing`, async () => {
      fake.answer = async (req, res) => {
        const own = byUrl(req.url!);
        write(own, res, own.begin);
        for (const piece of TEXT.match(/.{1,20}/g)!) {
          write(own, res, [
            own.delta(piece),
            own.type === 'text/event-stream' ? ': ping\n\ndata:\n\n' : '\n',
          ]);
          await wait(700);
        }
        write(own, res, own.close);
        res.end();
      };
      assert.deepEqual(await run(server, key), { text: TEXT, fault: null });
    });

    it(`${name}: has all of an answer that breaks off, and then an error of its own`, async () => {
      for (const end of ['break', 'nonsense'])
        for (const times of [1, 12]) {
          fake.answer = (req, res) => {
            const own = byUrl(req.url!);
            write(own, res, [...own.begin, ...Array.from({ length: times }, () => own.delta(TEXT))]);
            if (end === 'nonsense') write(own, res, [own.event('{"x":1,"x":2}')]);
            else setTimeout(() => res.destroy(), 30);
          };
          const { text, fault } = await run(server, key);
          assert.equal(text, TEXT.repeat(times), end);
          const told = fault instanceof Error ? fault.message : JSON.stringify(fault);
          assert.match(told, /sallyport: |upstream-/, `${name}: ${told}`);
        }
    });
  }
});
