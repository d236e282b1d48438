import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { parseConfig } from '@sallyport/core';
import { TextClassifier } from '@sallyport/models';
import { startServer } from '@sallyport/server';

const MAIN = join(import.meta.dirname, '../src/main.ts');

/** The wire format of protobuf, as much of it as a network of two steps needs. */
const varint = (value: number): Buffer =>
  value < 128
    ? Buffer.from([value])
    : Buffer.concat([Buffer.from([(value & 127) | 128]), varint(value >>> 7)]);
const number = (field: number, value: number): Buffer => Buffer.concat([varint(field * 8), varint(value)]);
const bytes = (field: number, value: Buffer | string): Buffer => {
  const content = Buffer.from(value as string);
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
};
const node = (type: string, inputs: string[], output: string, more: Uint8Array = Buffer.alloc(0)): Buffer =>
  bytes(
    1,
    Buffer.concat([...inputs.map((input) => bytes(1, input)), bytes(2, output), bytes(4, type), more]),
  );
const value = (field: number, name: string, type: number, dims: (string | number)[]): Buffer => {
  const shape = dims.map((dim) => bytes(1, typeof dim === 'string' ? bytes(2, dim) : number(1, dim)));
  return bytes(
    field,
    Buffer.concat([
      bytes(1, name),
      bytes(2, bytes(1, Buffer.concat([number(1, type), bytes(2, Buffer.concat(shape))]))),
    ]),
  );
};

/** A network that adds up what each word says for each label. */
function network(weights: readonly (readonly [number, number])[]): Buffer {
  const table = Buffer.alloc(weights.length * 8);
  weights.flat().forEach((weight, i) => void table.writeFloatLE(weight, i * 4));
  const axis = Buffer.alloc(8);
  axis.writeBigInt64LE(1n);
  const tensor = (name: string, type: number, dims: number[], data: Buffer): Buffer =>
    bytes(
      5,
      Buffer.concat([...dims.map((dim) => number(1, dim)), number(2, type), bytes(8, name), bytes(9, data)]),
    );
  const keep = Buffer.concat([bytes(1, 'keepdims'), number(3, 0), number(20, 2)]);
  const graph = Buffer.concat([
    node('Gather', ['table', 'input_ids'], 'each'),
    node('ReduceSum', ['each', 'axis'], 'logits', bytes(5, keep)),
    bytes(2, 'words'),
    tensor('table', 1, [weights.length, 2], table),
    tensor('axis', 7, [1], axis),
    value(11, 'input_ids', 7, ['batch', 'tokens']),
    value(12, 'logits', 1, ['batch', 2]),
  ]);
  return Buffer.concat([number(1, 8), bytes(2, 'test'), bytes(7, graph), bytes(8, number(2, 17))]);
}

describe('a classifier of texts from a folder', () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'sallyport-classifier-')), 'guard');
  const words = ['[PAD]', '[UNK]', 'be', 'my', 'late', 'aunt', 'tell', 'weather', 'the'];
  let child: ChildProcess;
  let url = '';
  before(async () => {
    mkdirSync(folder);
    writeFileSync(
      join(folder, 'tokenizer.json'),
      JSON.stringify({
        version: '1.0',
        added_tokens: [],
        normalizer: { type: 'Lowercase' },
        pre_tokenizer: { type: 'Whitespace' },
        post_processor: null,
        decoder: null,
        model: {
          type: 'WordLevel',
          vocab: Object.fromEntries(words.map((word, n) => [word, n])),
          unk_token: '[UNK]',
        },
      }),
    );
    writeFileSync(
      join(folder, 'config.json'),
      JSON.stringify({
        id2label: { 0: 'BENIGN', 1: 'JAILBREAK' },
        pad_token_id: 0,
        max_position_embeddings: 64,
      }),
    );
    writeFileSync(
      join(folder, 'model.onnx'),
      network(words.map((word) => (word === 'aunt' ? [0, 9] : word === '[PAD]' ? [0, 0] : [1, 0]))),
    );
    child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        MAIN,
        'classifier',
        folder,
        '--port',
        '0',
        '--format',
        'json',
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    for await (const line of createInterface(child.stdout!)) {
      const found = /http:[^\s";]+/.exec(line);
      if (!found) continue;
      [url] = found;
      break;
    }
  });
  after(() => child.kill('SIGTERM'));

  it('labels texts as its network does, in batches of any length', async () => {
    const classifier = await TextClassifier.open(folder);
    const labels = await classifier.classify(['tell the weather', 'be my late AUNT', '', 'the '.repeat(500)]);
    assert.deepEqual(
      labels.map(({ label }) => label),
      ['BENIGN', 'JAILBREAK', 'BENIGN', 'BENIGN'],
    );
    assert.ok(Math.abs(labels[1]!.score - 1 / (1 + Math.exp(3 - 9))) < 1e-6);
    await classifier.close();
  });

  it('answers the Open Inference Protocol, and refuses what is no text', async () => {
    const infer = (inputs: unknown): Promise<Response> =>
      fetch(`${url}/v2/models/guard/infer`, { method: 'POST', body: JSON.stringify({ inputs }) });
    const good = await infer([{ name: 'text', shape: [2], datatype: 'BYTES', data: ['aunt', 'weather'] }]);
    const { outputs } = (await good.json()) as { outputs: { data: string[] }[] };
    assert.deepEqual(
      outputs[0]!.data.map((text) => (JSON.parse(text) as { label: string }).label),
      ['JAILBREAK', 'BENIGN'],
    );
    assert.equal((await infer([{ name: 'text', data: [5] }])).status, 400);
    assert.equal((await infer([])).status, 400);
    assert.equal((await fetch(`${url}/v2/models/other/infer`, { method: 'POST' })).status, 404);
  });

  it('is the second tier of a system', async () => {
    const data = join(mkdtempSync(join(tmpdir(), 'sallyport-judged-')), 'data');
    const server = await startServer({
      data,
      rootKey: `${data}.key`,
      demo: true,
      workers: 1,
      config: parseConfig({
        gateway: { port: 0 },
        control: { port: 0 },
        systems: { guard: { dialect: 'oip', urls: [url], allowPrivate: true } },
      }),
    });
    try {
      const helpdesk = (await server.control.systems()).find(({ name }) => name === 'helpdesk')!;
      await server.control.addSystem(
        'test',
        'judged',
        {
          ...helpdesk.config,
          models: [],
          mode: 'enforce',
          judge: { system: 'guard', model: 'guard', speaks: 'classifier' },
        },
        false,
      );
      const { key } = await server.control.apiKeys.create('test', { name: 'k', systems: ['judged'] });
      const ask = (content: string): Promise<Response> =>
        fetch(`${server.gatewayUrl}/s/judged/v1/chat/completions`, {
          method: 'POST',
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content }] }),
        });
      assert.equal((await ask('tell the weather')).status, 200);
      const denied = await ask('be my late aunt');
      assert.equal(denied.status, 403);
      assert.match(await denied.text(), /input-denied/);
      const [row] = await server.control.exchanges({ limit: 1 });
      assert.match(row!.detections, /injection.*judged/);
    } finally {
      await server.stop();
    }
  });

  it('says what a folder lacks', () => {
    const empty = mkdtempSync(join(tmpdir(), 'sallyport-empty-'));
    const run = spawnSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', MAIN, 'classifier', empty],
      {
        encoding: 'utf8',
      },
    );
    assert.equal(run.status, 2);
    assert.match(run.stderr, /there is no model\.onnx/);
  });
});
