import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  atOnce,
  CodedError,
  type Detection,
  decodeUtf8,
  LIMITS,
  parseStrictJson,
  replaceStrings,
  type SystemSnapshot,
  visitStrings,
} from '@sallyport/core';
import { canonicalise, findPii, findSecrets, Inspector, Redactor } from '@sallyport/guard';
import { DIALECT_TABLE } from '@sallyport/models';
import { inspectPacked, pack, unpack } from '../../packages/gateway/src/inspection-pack.ts';
import { Restoring } from '../../packages/gateway/src/restoring.ts';
import {
  byPointer,
  maskings,
  orderEdits,
  readLeaves,
  redactedTexts,
} from '../../packages/gateway/src/rewrite.ts';
import { StreamGate } from '../../packages/gateway/src/stream-gate.ts';
import { ToolCalls } from '../../packages/gateway/src/tool-calls.ts';
import { ANSWER_PASSES } from './answers.ts';
import { many, WORDS } from './inputs.ts';
import { shapePasses } from './shapes.ts';

/** A pass over what a caller or an AI system sends: makes its input of a size, and gives the pass itself. */
export interface Pass {
  /** Size of the smallest input: characters, strings, events, as the pass counts them. */
  readonly size: number;
  /** @returns what is measured */
  readonly make: (n: number) => () => unknown;
}

const model = (name: string): Uint8Array =>
  readFileSync(fileURLToPath(import.meta.resolve(`@sallyport/guard/model/${name}.model`)));
const inspector = Inspector.open({
  injection: model('injection'),
  names: model('names'),
  content: model('content'),
});
const system = {
  policy: { input: {}, output: {} },
  mode: 'enforce',
  privacy: { redact: 'tokenise', names: false },
  canaries: [],
  apiKey: null,
  links: { hosts: [] },
} as unknown as SystemSnapshot;
const address = (i: number): string => `person${i}@mail${i % 97}.example`;
const bytes = (text: string): Buffer => Buffer.from(text);

const found = (technique: string, pointer: string, start: number, end: number): Detection => ({
  detector: 'pii',
  technique,
  severity: 'medium',
  confidence: 0.9,
  location: { pointer, start, end },
  references: [],
});

/** An embeddings body with as many addresses, each a text of its own; and the detections in it. */
const addresses = (n: number) => {
  const texts = many(n, address);
  const parts = texts.map((text, i) => ({
    pointer: `/input/${i}`,
    text,
    channel: 'document' as const,
    system: false,
    kind: 'text' as const,
    stream: null,
  }));
  const detections = texts.map((text, i) => found('email', `/input/${i}`, 0, text.length));
  return { body: JSON.stringify({ model: 'm', input: texts }), parts, detections };
};

const chat = (content: unknown): string =>
  JSON.stringify({ model: 'm', messages: [{ role: 'user', content }] });

const reading =
  (dialect: keyof typeof DIALECT_TABLE, operation: string, body: (n: number) => unknown) =>
  (n: number): (() => unknown) => {
    const parsed = parseStrictJson(JSON.stringify(body(n)));
    return () => atOnce(DIALECT_TABLE[dialect].readRequest(operation, parsed));
  };

/** Bytes in pieces of a few, as a network may cut them. */
function pushed(dialect: keyof typeof DIALECT_TABLE, text: string, piece: number): () => unknown {
  const all = bytes(text);
  return () => {
    const parser = DIALECT_TABLE[dialect].framing.parser(LIMITS.streamEventBytesMax);
    let events = 0;
    for (let at = 0; at < all.length; at += piece) events += parser.push(all.subarray(at, at + piece)).length;
    return events + parser.end().length;
  };
}

/** A stream of an AI system through its gate. */
function streamed(events: readonly string[], detections: (text: string) => Detection[] = () => []) {
  return async (): Promise<number> => {
    const gate = new StreamGate({
      dialect: DIALECT_TABLE.openai,
      operation: 'chat.completions',
      system,
      systemPrompts: [],
      redactor: null,
      outputRedactor: new Redactor(),
      inspect: (requests) => requests.flatMap(({ text }) => detections(text)),
      said: async () => new Set(),
      choices: undefined,
      conditions: null,
    });
    const parser = DIALECT_TABLE.openai.framing.parser(LIMITS.streamEventBytesMax);
    let out = 0;
    try {
      for (const one of events)
        for (const event of parser.push(bytes(one))) out += (await gate.push(event)).length;
      out += (await gate.end()).length;
    } catch (fault) {
      if (!(fault instanceof CodedError) || fault.code !== 'upstream-too-large') throw fault;
    }
    return out;
  };
}
const delta = (index: number, content: string): string =>
  `data: ${JSON.stringify({ choices: [{ index, delta: { content } }] })}\n\n`;

/** Every pass, by name. */
export const PASSES: Readonly<Record<string, Pass>> = {
  ...ANSWER_PASSES,
  ...shapePasses((request) => inspector.inspect(request)),
  'decode UTF-8': { size: 200_000, make: (n) => () => decodeUtf8(bytes('é'.repeat(n / 2))) },
  'parse: strings': { size: 20_000, make: (n) => () => parseStrictJson(JSON.stringify(many(n, address))) },
  'parse: member names': {
    size: 10_000,
    make: (n) => {
      const text = JSON.stringify(Object.fromEntries(many(n, (i) => [`odd name ${i}!`, i])));
      return () => parseStrictJson(text);
    },
  },
  'parse: backslashes in a string': {
    size: 100_000,
    make: (n) => {
      const text = JSON.stringify('\\'.repeat(n));
      return () => parseStrictJson(text);
    },
  },
  'parse: backslashes before quotes': {
    size: 100_000,
    make: (n) => {
      const text = JSON.stringify('\\"'.repeat(n / 2));
      return () => parseStrictJson(text);
    },
  },
  'parse: a string without an end': {
    size: 100_000,
    make: (n) => {
      const text = `"${'\\"'.repeat(n)}`;
      return () => {
        try {
          return parseStrictJson(text);
        } catch {
          return null;
        }
      };
    },
  },
  'visit strings in deep lists': {
    size: 1_000,
    make: (n) => {
      const deep = (i: number): unknown => many(40, () => 0).reduce<unknown>((inner) => [inner], address(i));
      const value = parseStrictJson(JSON.stringify(many(n, deep)));
      return () => visitStrings(value, () => {});
    },
  },
  'read: chat with many parts': {
    size: 2_500,
    make: reading('openai', 'chat.completions', (n) => ({
      model: 'm',
      messages: [{ role: 'user', content: many(n, (i) => ({ type: 'text', text: address(i) })) }],
    })),
  },
  'read: embeddings': {
    size: 5_000,
    make: reading('openai', 'embeddings', (n) => ({ model: 'm', input: many(n, address) })),
  },
  'read: odd member names': {
    size: 5_000,
    make: reading('openai', 'chat.completions', (n) => ({
      model: 'm',
      messages: [{ role: 'user', content: 'x' }],
      metadata: Object.fromEntries(many(n, (i) => [`odd name ${i}!`, i])),
    })),
  },
  'read: messages': {
    size: 2_500,
    make: reading('anthropic', 'messages', (n) => ({
      model: 'm',
      max_tokens: 5,
      messages: many(n, (i) => ({ role: i % 2 ? 'assistant' : 'user', content: address(i) })),
    })),
  },
  'read: Ollama chat': {
    size: 2_500,
    make: reading('ollama', 'chat', (n) => ({
      model: 'm',
      messages: many(n, (i) => ({ role: 'user', content: address(i) })),
    })),
  },
  'read: tensors': {
    size: 5_000,
    make: reading('oip', 'infer', (n) => ({
      inputs: [{ name: 'x', datatype: 'BYTES', shape: [n], data: many(n, address) }],
    })),
  },
  'inspect: one text': {
    size: 20_000,
    make: (n) => {
      const text = 'Write to person4@mail.example or call +44 20 7946 0123 about it. '.repeat(n / 60);
      return () => inspector.inspect({ text, pointer: '', channel: 'user', names: true });
    },
  },
  'inspect: many texts': {
    size: 2_000,
    make: (n) => {
      const requests = addresses(n).parts;
      return () => {
        const packed = pack(requests);
        return unpack(
          inspectPacked(packed, (request) => inspector.inspect(request)),
          requests,
        );
      };
    },
  },
  'inspect: personal data': {
    size: 1_000,
    make: (n) => {
      const text = many(n, address).join(' ');
      return () => findPii(text);
    },
  },
  'inspect: secrets': {
    size: 1_000,
    make: (n) => {
      const text = many(n, (i) => `AKIA${String(i).padStart(6, '0')}ABCDEFGHIJ`).join(' ');
      return () => findSecrets(text);
    },
  },
  'inspect: encodings': {
    size: 20_000,
    make: (n) => {
      const text = Buffer.from(WORDS.repeat(n / 80)).toString('base64');
      return () => canonicalise(text);
    },
  },
  'inspect: a nest of encodings': {
    size: 20_000,
    make: (n) => {
      const text = encodeURIComponent(
        Buffer.from(encodeURIComponent(WORDS.repeat(n / 90))).toString('base64'),
      );
      return () => canonicalise(text);
    },
  },
  'inspect: invisible characters': {
    size: 20_000,
    make: (n) => () => canonicalise('a\u200b'.repeat(n / 2)),
  },
  'redact a body': {
    size: 5_000,
    make: (n) => {
      const { parts, detections } = addresses(n);
      return () =>
        atOnce(redactedTexts(system, new Redactor(parts.map(({ text }) => text)), parts, detections));
    },
  },
  'redact one text': {
    size: 5_000,
    make: (n) => {
      const text = many(n, address).join(' ');
      let at = 0;
      const spans = many(n, (i) => {
        const span = { start: at, end: at + address(i).length, technique: 'email' };
        at = span.end + 1;
        return span;
      });
      return () => new Redactor([text]).redact(text, spans);
    },
  },
  'redact beside many placeholders': {
    size: 5_000,
    make: (n) => {
      const taken = many(n, (i) => `[EMAIL_${i + 1}]`).join(' ');
      return () => {
        const redactor = new Redactor([taken]);
        for (let i = 0; i < n; i++) redactor.placeholder('email', address(i));
      };
    },
  },
  'rewrite a body': {
    size: 5_000,
    make: (n) => {
      const { body, parts } = addresses(n);
      const replacements = new Map(parts.map(({ pointer }, i) => [pointer, `[EMAIL_${i + 1}]`]));
      return () => replaceStrings(body, replacements);
    },
  },
  'rewrite a body with long names': {
    size: 500,
    make: (n) => {
      const name = 'x'.repeat(2_000);
      const body = JSON.stringify({ [name]: many(n, address) });
      return () => replaceStrings(body, new Map([['/none', '']]));
    },
  },
  'edits of an answer': {
    size: 5_000,
    make: (n) => {
      const { parts, detections } = addresses(n);
      return () => {
        const own = byPointer(detections);
        const redactor = new Redactor();
        return parts.map(({ pointer, text }) =>
          orderEdits(
            atOnce(
              maskings(
                system,
                own.get(pointer) ?? [],
                text,
                () => atOnce(readLeaves(text, 'text')),
                redactor,
              ),
            ),
          ),
        );
      };
    },
  },
  'restore an answer': {
    size: 5_000,
    make: (n) => {
      const redactor = new Redactor();
      const text = many(n, (i) => redactor.placeholder('email', address(i))).join(' ');
      const part = { pointer: '/content', text, channel: 'output', system: false, stream: null } as const;
      // One for each answer: it remembers what was shown.
      return () =>
        orderEdits(atOnce(new Restoring(system, redactor).edits({ ...part, kind: 'text', shown: true })));
    },
  },
  'restore: very many names of one call of a tool': {
    size: 2_000,
    make: (n) => {
      const names = many(n, (i) => `t${i}`.padEnd(100, 'x'));
      return () => new Restoring(system, new Redactor()).note(names.map((name) => ({ call: '0', name })));
    },
  },
  'order edits': {
    size: 5_000,
    make: (n) => () =>
      orderEdits(many(n, (i) => ({ start: (i * 7_919) % n, end: ((i * 7_919) % n) + 3, text: '' }))),
  },
  'SSE: events a byte at a time': {
    size: 20_000,
    make: (n) => pushed('openai', delta(0, 'hello').repeat(n / 60), 1),
  },
  'SSE: an event that does not end': {
    size: 50_000,
    make: (n) => pushed('openai', `data: ${'x'.repeat(n)}`, 16),
  },
  'SSE: carriage returns': {
    size: 20_000,
    make: (n) => pushed('openai', `${'data: x\r'.repeat(n / 8)}`, 16),
  },
  'SSE: a carriage return, and very many events': {
    size: 20_000,
    make: (n) => pushed('openai', `\r${'data: 1\n\n'.repeat(n / 9)}`, 1 << 20),
  },
  'SSE: very many events in a piece': {
    size: 50_000,
    make: (n) => pushed('openai', 'data: 1\n\n'.repeat(n / 9), 1 << 20),
  },
  'SSE: blank lines': { size: 50_000, make: (n) => pushed('openai', '\n'.repeat(n), 1 << 20) },
  'lines: a line that does not end': {
    size: 50_000,
    make: (n) => pushed('ollama', 'x'.repeat(n), 16),
  },
  'lines: very many in a piece': {
    size: 50_000,
    make: (n) => pushed('ollama', '{"a":1}\n'.repeat(n / 8), 1 << 20),
  },
  'stream: one choice': {
    size: 1_000,
    make: (n) => streamed(many(n, () => delta(0, WORDS))),
  },
  'stream: a run without a space': {
    size: 1_500,
    make: (n) => streamed(many(n, () => delta(0, 'abcdefghijklmnopqrstuvwxyz'))),
  },
  'stream: choices in turn': {
    size: 1_000,
    make: (n) => streamed(many(n, (i) => delta(i % 8, WORDS))),
  },
  'stream: a choice held while another goes on': {
    size: 1_000,
    make: (n) => streamed([delta(1, 'a word'), ...many(n, () => delta(0, WORDS))]),
  },
  'stream: something found in every window': {
    size: 1_000,
    make: (n) =>
      streamed(
        many(n, () => delta(0, WORDS)),
        (text) => [found('email', '', 4, Math.min(12, text.length))],
      ),
  },
  'stream: calls of tools, each complete at once': {
    size: 10_000,
    make: (n) => () => {
      const calls = new ToolCalls();
      let open = 0;
      for (let i = 0; i < n; i++) {
        calls.push([{ call: `${i}`, name: 'f', text: '{}' }]);
        if (calls.open) open++;
      }
      return open;
    },
  },
  'stream: an argument piece by piece': {
    size: 2_000,
    make: (n) => () => {
      const calls = new ToolCalls();
      calls.push([{ call: '0', name: 'f', text: '{"a":"' }]);
      for (let i = 0; i < n; i++) calls.push([{ call: '0', text: WORDS }]);
      return calls.push([{ call: '0', text: '"}' }]);
    },
  },
  'stream: an argument of closing braces': {
    size: 2_000,
    make: (n) => () => {
      const calls = new ToolCalls();
      calls.push([{ call: '0', name: 'f', text: '' }]);
      try {
        for (let i = 0; i < n; i++) calls.push([{ call: '0', text: '{}' }]);
      } catch (fault) {
        return fault;
      }
      return calls.end();
    },
  },
  'pointers of attachments': {
    size: 1_500,
    make: reading('openai', 'chat.completions', (n) => ({
      model: 'm',
      messages: [
        {
          role: 'user',
          content: many(n, () => ({
            type: 'image_url',
            image_url: { url: `data:image/png;base64,${'A'.repeat(64)}` },
          })),
        },
      ],
    })),
  },
  'a chat of one long text': {
    size: 100_000,
    make: (n) => {
      const body = bytes(chat('harmless words '.repeat(n / 15)));
      return () =>
        atOnce(DIALECT_TABLE.openai.readRequest('chat.completions', parseStrictJson(decodeUtf8(body))));
    },
  },
};
