import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Random } from '@sallyport/attacks';
import { ERRORS } from '@sallyport/core';
import { enforced, fakeSystem, testServer } from '../harness.ts';
import type { Boundary } from './boundary.ts';
import { type DialectSample, SAMPLES } from './dialect-samples.ts';
import { mutateBytes, mutateDocument } from './mutate.ts';

/** The provider's credential, which no caller may ever see. */
const CREDENTIAL = 'provider-credential-7f3a91c0d2';
const DIALECTS = [...new Set(SAMPLES.map(({ dialect }) => dialect))];
/** What a caller may be answered: never a fault of our own. */
const STATUS = new Set(
  [...Object.entries(ERRORS)].filter(([code]) => code !== 'internal').map(([, { status }]) => status),
);

const whole = (res: ServerResponse, body: Buffer, type = 'application/json', status = 200): void => {
  res.writeHead(status, { 'content-type': type, 'x-request-id': 'r1' });
  res.end(body);
};

/** A stream as an AI system of the dialect writes it. */
function streamOf({ dialect, events = [] }: DialectSample): Buffer {
  if (dialect === 'ollama')
    return Buffer.from(events.map(([, data]) => `${JSON.stringify(data)}\n`).join(''));
  const frames = events.map(
    ([name, data]) => `${name === null ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`,
  );
  return Buffer.from(frames.join('') + (dialect === 'openai' ? 'data: [DONE]\n\n' : ''));
}

interface Gates {
  answer: (req: IncomingMessage, res: ServerResponse) => void;
  ask(sample: DialectSample, body: Buffer | string, headers?: Record<string, string>): Promise<Response>;
  honest(): Promise<void>;
  inFlight(): Promise<number>;
  close(): Promise<void>;
}

async function openGates(): Promise<Gates> {
  const fake = await fakeSystem();
  process.env['BOUNDARY_CREDENTIAL'] = CREDENTIAL;
  const server = await testServer({
    systems: Object.fromEntries(
      DIALECTS.map((dialect) => [dialect, enforced(fake, { dialect, apiKeyRef: 'env:BOUNDARY_CREDENTIAL' })]),
    ),
    config: { deadlines: { connectMs: 2_000, firstByteMs: 3_000, idleMs: 3_000, bodyMs: 3_000 } },
  });
  const key = await server.key(DIALECTS);
  const gates: Gates = {
    answer: (_req, res) => whole(res, Buffer.from('{}')),
    ask: ({ dialect, path, headers }, body, more = {}) =>
      server.post(`/s/${dialect}${path}`, key, body as string, { ...headers, ...more }),
    honest: async () => {
      for (const sample of SAMPLES) {
        gates.answer = (_req, res) => whole(res, Buffer.from(JSON.stringify(sample.answer)));
        const response = await gates.ask(sample, JSON.stringify(sample.request));
        const text = await response.text();
        assert.equal(response.status, 200, `${sample.path}: ${text.slice(0, 300)}`);
      }
    },
    inFlight: async () => server.control.stats().reduce((sum, { inFlight }) => sum + inFlight, 0),
    close: async () => {
      await server.stop();
      await fake.close();
    },
  };
  fake.answer = (req, res) => gates.answer(req, res);
  return gates;
}

/** Reads an answer to its end, as far as it comes; a connection that is cut is an end too. */
async function readAll(response: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  try {
    for await (const piece of response.body ?? [])
      text += decoder.decode(piece as Uint8Array, { stream: true });
  } catch {
    // The gateway may cut a stream; what came before was judged.
  }
  return text;
}

function expectHonest(response: Response, text: string): void {
  assert.ok(
    response.status === 200 || STATUS.has(response.status),
    `status ${response.status}: ${text.slice(0, 200)}`,
  );
  assert.ok(response.headers.has('x-sallyport-exchange'));
  assert.ok(!text.includes(CREDENTIAL), 'the credential of the provider went out');
  assert.ok(!/"code":"internal"/.test(text), `a fault of our own: ${text.slice(0, 200)}`);
}

const pick = (random: Random, streams: boolean): DialectSample =>
  random.pick(streams ? SAMPLES.filter(({ events }) => events) : SAMPLES);

/** Bodies and headers of callers. */
export async function callerBodies(): Promise<Boundary> {
  const gates = await openGates();
  return {
    name: 'bodies of callers',
    deadlineMs: 15_000,
    send: async (random) => {
      const sample = pick(random, false);
      gates.answer = (_req, res) => whole(res, Buffer.from(JSON.stringify(sample.answer)));
      const headers: Record<string, string> = random.chance(0.1)
        ? {
            [random.pick(['content-type', 'content-encoding', 'accept', 'x-forwarded-for', 'traceparent'])]:
              random.pick([
                'gzip',
                'text/plain',
                'application/json; charset=utf-7',
                '*/*',
                'br, gzip',
                '1',
                '00-0-0-0',
              ]),
          }
        : {};
      const response = await gates.ask(sample, mutateDocument(sample.request, random), headers);
      const text = await readAll(response);
      expectHonest(response, text);
      if (response.status !== 200) assert.doesNotThrow(() => JSON.parse(text), 'a refusal is JSON');
    },
    honest: gates.honest,
    close: gates.close,
  };
}

/** Whole answers of AI systems. */
export async function systemAnswers(): Promise<Boundary> {
  const gates = await openGates();
  return {
    name: 'whole answers of AI systems',
    deadlineMs: 15_000,
    send: async (random) => {
      const sample = pick(random, false);
      const body = mutateDocument(sample.answer, random);
      const echo = random.chance(0.1)
        ? Buffer.from(body.toString().replace('A cat.', CREDENTIAL).replace('Hello.', CREDENTIAL))
        : body;
      const status = random.chance(0.2)
        ? random.pick([201, 204, 206, 301, 400, 401, 404, 418, 429, 500, 503, 599])
        : 200;
      gates.answer = (_req, res) =>
        whole(
          res,
          echo,
          random.chance(0.1) ? random.pick(['text/html', 'application/json; charset=utf-16', '']) : undefined,
          status,
        );
      const response = await gates.ask(sample, JSON.stringify(sample.request));
      const text = await readAll(response);
      assert.ok(response.status < 600);
      assert.ok(!text.includes(CREDENTIAL), 'the credential of the provider went out');
      assert.ok(!/"code":"internal"/.test(text), `a fault of our own: ${text.slice(0, 200)}`);
    },
    honest: gates.honest,
    close: gates.close,
  };
}

/** Events that a reader of the stream sees: names and data, by the WHATWG text, written here apart from the product. */
function eventsOf(text: string): { name: string; data: string }[] {
  const events: { name: string; data: string }[] = [];
  let name = '';
  let data: string[] = [];
  for (const line of text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/)) {
    if (line === '') {
      if (data.length > 0) events.push({ name, data: data.join('\n') });
      name = '';
      data = [];
      continue;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'event') name = value;
    else if (field === 'data') data.push(value);
  }
  return events;
}

/** Streams of AI systems, cut into pieces anywhere. */
export async function systemStreams(): Promise<Boundary> {
  const gates = await openGates();
  return {
    name: 'streams of AI systems',
    deadlineMs: 20_000,
    send: async (random) => {
      const sample = pick(random, true);
      const events = (sample.events ?? []).map(
        ([name, data]) => [name, random.chance(0.5) ? data : JSON.parse(safeJson(data, random))] as const,
      );
      let bytes = streamOf({ ...sample, events });
      if (random.chance(0.4)) bytes = mutateBytes(bytes, random);
      const cut = random.chance(0.15) ? random.below(bytes.length + 1) : null;
      const step = 1 + random.below(200);
      gates.answer = (_req, res) => {
        res.writeHead(200, {
          'content-type': sample.dialect === 'ollama' ? 'application/x-ndjson' : 'text/event-stream',
        });
        for (let at = 0; at < (cut ?? bytes.length); at += step)
          res.write(bytes.subarray(at, Math.min(at + step, cut ?? bytes.length)));
        if (cut === null) res.end();
        else res.socket?.destroySoon();
      };
      const response = await gates.ask(sample, JSON.stringify({ ...sample.request, stream: true }));
      const text = await readAll(response);
      expectHonest(response, text);
      if (response.status !== 200 || sample.dialect === 'ollama') return;
      const names = new Set((sample.events ?? []).map(([name]) => name ?? ''));
      for (const { name } of eventsOf(text))
        assert.ok(
          name === '' ||
            name === 'error' ||
            name === 'ping' ||
            names.has(name) ||
            /^[a-z][a-z_.]{0,80}$/.test(name),
          `an event is called ${JSON.stringify(name)}`,
        );
    },
    honest: async () => {
      await gates.honest();
      for (let wait = 0; (await gates.inFlight()) > 0; wait++) {
        assert.ok(wait < 100, 'calls stay in flight that have ended');
        await new Promise((tick) => setTimeout(tick, 100));
      }
    },
    close: gates.close,
  };
}

/** A value changed in its structure that is still JSON. */
function safeJson(value: unknown, random: Random): string {
  const text = mutateDocument(value, random).toString();
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify(value);
  }
}
