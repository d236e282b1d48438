import assert from 'node:assert/strict';
import { createServer, request as httpRequest, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { issueKey } from '@sallyport/access';
import { clock, DIRECT, type GatewaySnapshot, parseConfig, systemSchema, usageLimits } from '@sallyport/core';
import { defaultPolicyText, PolicySet } from '@sallyport/policy';
import { Admission } from '../src/admission.ts';
import { Breaker } from '../src/breaker.ts';
import { Counters } from '../src/counters.ts';
import type { Deps } from '../src/exchange.ts';
import { Inspection } from '../src/inspection.ts';
import { Memory } from '../src/memory.ts';
import { serve } from '../src/pipeline.ts';
import { PortRecorder } from '../src/recorder.ts';
import { Running } from '../src/running.ts';
import { GatewayState } from '../src/state.ts';
import { Stats } from '../src/stats.ts';
import { Upstreams } from '../src/upstream.ts';
import { STREAMED, type Streamed } from './reports/stream-dialects.ts';

const KEY_SLOT = 0;
const SYSTEM_SLOT = 1;
/** The others: a system for each dialect, one whose calls a judge sees, the judge, and one whose first address is dead. */
const OTHERS = ['openai', 'anthropic', 'ollama', 'oip', 'watched', 'judge', 'twice'];
const SLOTS = [SYSTEM_SLOT, ...OTHERS.map((_, n) => SYSTEM_SLOT + 1 + n)];

const completion = (usage: string): string =>
  `{"choices":[{"index":0,"message":{"role":"assistant","content":"fine"}}],"usage":${usage}}`;
const chunks = Array.from(
  { length: 20 },
  (_, n) => `data: {"choices":[{"index":0,"delta":{"content":"word ${n} of many that are said here "}}]}\n\n`,
);

/** Ways in which an AI system answers, and does not. */
const ANSWERS: Record<string, (res: ServerResponse, socket: Socket) => void> = {
  whole: (res) => res.writeHead(200, { 'content-type': 'application/json' }).end(completion('{}')),
  stream: (res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const chunk of chunks) res.write(chunk);
    res.end('data: [DONE]\n\n');
  },
  'reset before the head': (_res, socket) => socket.destroy(),
  'reset after the head': (res, socket) => {
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
    res.flushHeaders();
    setTimeout(() => socket.destroy(), 5);
  },
  'reset within a body': (res, socket) => {
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
    res.write('{"choices":[');
    setTimeout(() => socket.destroy(), 5);
  },
  'reset within a stream': (res, socket) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const chunk of chunks.slice(0, 12)) res.write(chunk);
    setTimeout(() => socket.destroy(), 5);
  },
  'no JSON': (res) => res.writeHead(200, { 'content-type': 'application/json' }).end('{"a":'),
  redirect: (res) => res.writeHead(302, { location: '/x' }).end(),
  'status 999': (_res, socket) => socket.end('HTTP/1.1 999 X\r\ncontent-length: 0\r\n\r\n'),
  'status 000': (_res, socket) => socket.end('HTTP/1.1 000 X\r\ncontent-length: 0\r\n\r\n'),
  'odd headers': (_res, socket) =>
    socket.end(
      'HTTP/1.1 200 X\r\ncontent-type: application/json\r\nretry-after: 1e400\r\nx-request-id: \xff\xfe\r\ncontent-length: 2\r\n\r\n{}',
    ),
};
for (const tokens of [
  '1e15',
  '1e16',
  '1e400',
  '-1',
  '0.5',
  '9007199254740992',
  '9223372036854775808',
  '"12"',
  'null',
  '[]',
  '{}',
])
  for (const field of ['prompt_tokens', 'completion_tokens'])
    ANSWERS[`${field} ${tokens}`] = (res) =>
      res.writeHead(200, { 'content-type': 'application/json' }).end(completion(`{"${field}":${tokens}}`));

/** An address of this machine at which nothing listens. */
async function deadAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return `http://127.0.0.1:${port}`;
}

const INPUT = { name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] };
const VECTOR = [0.25, -0.5];
/** Operations that answer whole only. */
const WHOLE: Record<string, { path: string; body: object; answer: object }> = {
  'embeddings of chat systems': {
    path: '/s/openai/v1/embeddings',
    body: { model: 'm', input: ['Write to jo@mail.example', 'again'] },
    answer: {
      object: 'list',
      model: 'm',
      data: [0, 1].map((index) => ({ object: 'embedding', index, embedding: VECTOR })),
      usage: { prompt_tokens: 5, total_tokens: 5 },
    },
  },
  'embeddings of local models': {
    path: '/s/ollama/api/embed',
    body: { model: 'm', input: 'Write to jo@mail.example' },
    answer: { model: 'm', embeddings: [VECTOR], prompt_eval_count: 5 },
  },
  predictions: {
    path: '/s/oip/v2/models/fraud/infer',
    body: { inputs: [INPUT] },
    answer: { model_name: 'fraud', outputs: [{ name: 'y', shape: [1, 2], datatype: 'FP32', data: VECTOR }] },
  },
};

describe('what a call holds', () => {
  let upstream: Server;
  let answer: (res: ServerResponse, socket: Socket) => void = ANSWERS['whole']!;
  let deps: { -readonly [Name in keyof Deps]: Deps[Name] };
  let gateway: Server;
  let key: string;
  /** Called at each point where a call asks something of another part; throws, or ends connections, at the one under test. */
  let point: () => boolean | undefined = () => undefined;
  let running = 0;
  let judged = 0;
  /** The connection on which the AI system was asked last. */
  let asked: Socket | null = null;

  /** All methods of an object, with the point before each. */
  const watched = <T extends object>(part: T, spared: readonly string[] = []): T =>
    new Proxy(part, {
      get(target, name) {
        const value = Reflect.get(target, name) as unknown;
        if (typeof value !== 'function') return value;
        if (spared.includes(String(name))) return value.bind(target);
        return (...args: unknown[]) => {
          const later = point() === true;
          const result = (value as (...a: unknown[]) => unknown).apply(target, args);
          if (!later || !(result instanceof Promise)) return result;
          return result.then(() => {
            throw new Error('a fault made for this test, later');
          });
        };
      },
      set: (target, name, value) => Reflect.set(target, name, value),
    });

  // What frees is spared: a test that breaks it shows nothing.
  const fresh = (): Counters => watched(new Counters(Counters.allocate(), 0), ['settle', 'concurrent']);

  before(async () => {
    upstream = createServer((req, res) => {
      req.resume();
      req.on('end', () => {
        if (req.url!.startsWith('/judge')) {
          judged++;
          return res.end(completion('{}').replace('fine', 'safe'));
        }
        asked = req.socket;
        return answer(res, req.socket);
      });
    });
    await new Promise<void>((done) => upstream.listen(0, '127.0.0.1', done));
    const issued = issueKey();
    key = issued.secret;
    const config = parseConfig({});
    const policies = PolicySet.load(defaultPolicyText());
    const address = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    const dead = await deadAddress();
    const system = systemSchema.parse({
      dialect: 'openai',
      urls: [address],
      allowPrivate: true,
      mode: 'enforce',
      prices: { inputPerMillion: 10_000, outputPerMillion: 10_000 },
    });
    const systemOf = (name: string, slot: number) => ({
      ...system,
      name,
      demo: false,
      integration: null,
      held: null,
      closed: [],
      quarantined: false,
      apiKey: null,
      usageLimits: usageLimits({ spendMicroUsdPerDay: 1_000_000_000_000 }),
      slot,
      rowProfile: null,
      trainingEcho: null,
      pseudonymKey: Buffer.alloc(32),
      dataKeys: [{ id: 'one', key: Buffer.alloc(32, 1) }],
    });
    const snapshot: GatewaySnapshot = {
      version: 1,
      prices: { version: '', rows: [] },
      systems: [
        systemOf('main', SYSTEM_SLOT),
        ...OTHERS.map((name, n) => ({
          ...systemOf(name, SLOTS[n + 1]!),
          dialect: (/^(?:anthropic|ollama|oip)$/.test(name) ? name : 'openai') as typeof system.dialect,
          // Nothing listens at the first: every call is sent once more.
          urls: [...(name === 'twice' ? [dead] : []), `${address}${name === 'judge' ? '/judge' : ''}`],
          ...(name === 'watched'
            ? {
                judge: {
                  system: 'judge',
                  model: 'j',
                  speaks: 'guard-model' as const,
                  threshold: 0.5,
                  timeoutMs: 2_000,
                  whenSilent: 'deny' as const,
                },
              }
            : {}),
        })),
      ],
      keys: [
        {
          id: 'key_1',
          name: 'one',
          hash: issued.hash,
          systems: ['main', ...OTHERS],
          scope: {},
          expiresAtMs: clock.nowMs() + 86_400_000,
          revoked: false,
          demo: false,
          synthetic: false,
          usageLimits: usageLimits({ spendMicroUsdPerDay: 1_000_000_000_000 }),
          slot: KEY_SLOT,
        },
      ],
      policies: { version: policies.version, text: policies.gatewayText },
      rules: { version: '', rules: [], conditions: [] },
      settings: {
        deadlines: config.deadlines,
        limits: config.limits,
        outbound: DIRECT,
        tls: null,
        trustedProxies: [],
        origins: [],
        traces: false,
      },
    };
    const state = new GatewayState(snapshot);
    const recorder = new PortRecorder(
      (batch) => setImmediate(() => recorder.acknowledge(batch, true)),
      () => -1,
    );
    let seq = 0;
    deps = {
      start: { worker: 0, run: 'run', connectionsMax: 4096, detectors: true } as Deps['start'],
      state: () => state,
      counters: fresh(),
      admission: watched(new Admission(), ['leave']),
      keeping: { bytes: 0 },
      memory: new Memory(),
      inspection: watched(new Inspection(null)),
      recorder: watched(recorder),
      upstreams: watched(new Upstreams(() => snapshot.settings)),
      stats: watched(new Stats()),
      tally: { exchanges: 0, outcomes: 0, failed: 0 },
      nextSeq: () => {
        point();
        return seq++;
      },
      countRefusal: () => false,
      breaker: new Breaker(),
      running: new Running(),
      keyLeaked: () => {},
    };
    gateway = createServer((req, res) => {
      running++;
      serve(req, res, deps, false)
        .catch(() => res.destroy())
        .finally(() => running--);
    });
    await new Promise<void>((done) => gateway.listen(0, '127.0.0.1', done));
  });
  after(async () => {
    await deps.upstreams.close();
    for (const server of [gateway, upstream]) {
      server.closeAllConnections();
      server.close();
    }
  });

  /** One call to its end, however it ends. @returns its status; null where the connection ended */
  const call = (
    body: object | string,
    onSocket: (socket: Socket) => void = () => {},
    path: string | null = null,
  ): Promise<number | null> =>
    new Promise((done) => {
      const req = httpRequest(
        {
          port: (gateway.address() as AddressInfo).port,
          method: 'POST',
          path: path ?? '/s/main/v1/chat/completions',
          agent: false,
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        },
        (res) => {
          res.resume();
          res.on('close', () => done(res.statusCode ?? null));
        },
      );
      req.on('socket', onSocket);
      req.on('error', () => done(null));
      const own = typeof body === 'string' ? body : JSON.stringify(body).slice(1, -1);
      const rest = '"model":"m","messages":[{"role":"user","content":"How are you?"}]';
      if (path !== null) req.end(`{${own}}`);
      else req.end(`{${own === '' ? '' : `${own},`}${rest}}`);
    });

  const settled = async (what: string): Promise<void> => {
    for (let i = 0; i < 300 && running > 0; i++) await new Promise((tick) => setTimeout(tick, 10));
    const { counters, admission, stats, keeping, memory } = deps;
    assert.deepEqual(
      {
        running,
        key: counters.concurrent(KEY_SLOT),
        system: SLOTS.reduce((sum, slot) => sum + counters.concurrent(slot), 0),
        forwarding: deps.running.size,
        places: admission.total,
        inFlight: stats.inFlight,
        kept: keeping.bytes,
        held: memory.bytes,
      },
      { running: 0, key: 0, system: 0, forwarding: 0, places: 0, inFlight: 0, kept: 0, held: 0 },
      what,
    );
    // What one call is counted to have used must not refuse the next.
    deps.counters = fresh();
    // Nor must what failed here.
    deps.breaker = new Breaker();
  };

  it('is free again after every answer, for a whole one and a stream asked for', async () => {
    for (const [name, one] of Object.entries(ANSWERS))
      for (const stream of [false, true]) {
        answer = one;
        const status = await call({ stream });
        await settled(`${name}, ${stream}`);
        if (/^(?:whole|stream$|prompt|completion)/.test(name)) assert.equal(status, 200, name);
        assert.ok(status !== null, name);
      }
  });

  it('is free again after every number that a request says', async () => {
    answer = ANSWERS['whole']!;
    const numbers = [
      '1e400',
      '-1',
      '0.5',
      '1.5',
      '9007199254740992',
      '9223372036854775808',
      '"12"',
      '[]',
      '{}',
      '129',
      '0',
    ];
    for (const field of ['n', 'best_of', 'max_tokens', 'max_completion_tokens'])
      for (const number of numbers) {
        const status = await call(`"${field}":${number}`);
        await settled(`${field}: ${number}`);
        const fits = ['-1', '0', '129'].includes(number) && field.startsWith('max');
        assert.equal(status, fits ? 200 : 400, `${field}: ${number}`);
      }
    assert.equal(await call({ n: null }), 200);
    assert.equal(await call({ n: 2 }), 200);
  });

  /**
   * Makes a call again and again, each time with a fault at the next point of its way: what is asked throws at once or later, the
   * caller goes, or the AI system does. @returns points of the way
   */
  const faultAtEachPoint = async (
    what: string,
    kind: 'fault' | 'later' | 'abort' | 'reset',
    ask: (onSocket: (socket: Socket) => void) => Promise<unknown>,
  ): Promise<number> => {
    let socket: Socket | null = null;
    let points = 1;
    for (let at = 0; at < points; at++) {
      let passed = 0;
      point = () => {
        if (passed++ !== at) return undefined;
        if (kind === 'later') return true;
        if (kind === 'abort') socket?.destroy();
        else if (kind === 'reset') asked?.destroy();
        else throw new Error('a fault made for this test');
        return undefined;
      };
      await ask((own) => {
        socket = own;
      });
      await settled(`${what}: ${kind} at point ${at}`);
      points = Math.max(points, Math.min(passed, 80));
    }
    point = () => undefined;
    return points;
  };
  const KINDS = ['fault', 'later', 'abort', 'reset'] as const;

  it('is free again after a fault, an abort and a reset at each point of the way', async () => {
    for (const name of ['whole', 'stream'])
      for (const kind of KINDS) {
        answer = ANSWERS[name]!;
        const points = await faultAtEachPoint(name, kind, (onSocket) =>
          call({ stream: name === 'stream' }, onSocket),
        );
        assert.ok(points > 8, `${points} points were tried`);
      }
    assert.equal(await call({}), 200, 'and the next call goes through');
  });

  /** Every operation that streams, and one whose calls a judge sees; a value in it that comes back. */
  const ways: Record<string, Streamed> = {
    ...STREAMED,
    'chat completions that a judge sees': {
      ...STREAMED['chat completions']!,
      path: '/s/watched/v1/chat/completions',
    },
    'chat completions that are sent to a second address': {
      ...STREAMED['chat completions']!,
      path: '/s/twice/v1/chat/completions',
    },
  };
  for (const [name, way] of Object.entries(ways))
    it(`is free again after faults on the way of ${name}, whole and streamed`, async () => {
      const said = 'I wrote to [EMAIL_1] and said that all is well.';
      const body = JSON.parse(JSON.stringify(way.body).replace('hi', 'Write to jo@mail.example')) as object;
      for (const stream of [false, true]) {
        answer = (res) => {
          if (!stream) return res.writeHead(200, { 'content-type': 'application/json' }).end(way.whole(said));
          res.writeHead(200, { 'content-type': way.type });
          const deltas = said.match(/.{1,9}/g)!.map((text) => way.delta(text));
          for (const part of [...way.begin, ...deltas, ...way.close]) res.write(part);
          return res.end();
        };
        const ask = (onSocket?: (socket: Socket) => void) => call({ ...body, stream }, onSocket, way.path);
        assert.equal(await ask(), 200, name);
        await settled(`${name}, ${stream}`);
        if (name.includes('judge')) assert.ok(judged > 0, 'the judge was asked');
        for (const kind of KINDS) await faultAtEachPoint(`${name}, ${stream}`, kind, ask);
      }
    });

  for (const [name, way] of Object.entries(WHOLE))
    it(`is free again after faults on the way of ${name}`, async () => {
      answer = (res) =>
        res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(way.answer));
      const ask = (onSocket?: (socket: Socket) => void) => call(way.body, onSocket, way.path);
      assert.equal(await ask(), 200, name);
      await settled(name);
      for (const kind of KINDS) {
        const points = await faultAtEachPoint(name, kind, ask);
        assert.ok(points > 8, `${points} points were tried`);
      }
    });
});
