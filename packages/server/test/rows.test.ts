import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { learnProfile } from '@sallyport/guard';
import { loadConfig, type RunningServer, startServer } from '@sallyport/server';
import { type FakeSystem, fakeSystem, scratch, seenIn, sendJson } from './harness.ts';

/** Rows around a hole. */
const ring = (count: number): number[][] =>
  Array.from({ length: count }, (_, n) => [Math.cos(n), Math.sin(n)].map((value) => Math.round(value * 100)));

describe('rows for a classifier', () => {
  let fake: FakeSystem;
  let server: RunningServer;
  let key: string;
  const folder = scratch();
  const file = join(folder, 'sallyport.yaml');
  const infer = (inputs: unknown, system = 'scorer'): Promise<Response> =>
    fetch(`${server.gatewayUrl}/s/${system}/v2/models/scorer/infer`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ inputs }),
    });
  const rows = (data: unknown[], shape: number[]): unknown => [{ name: 'x', shape, datatype: 'FP64', data }];

  before(async () => {
    fake = await fakeSystem();
    fake.answer = (_req, res) =>
      sendJson(
        res,
        JSON.stringify({
          model_name: 'scorer',
          outputs: [{ name: 'y', shape: [1], datatype: 'FP64', data: [0.5] }],
        }),
      );
    mkdirSync(join(folder, 'profiles'));
    const known = Array.from({ length: 500 }, (_, n) => [1_000 + n * 4, 20 + (n % 50)]);
    writeFileSync(
      join(folder, 'profiles', 'scorer.json'),
      JSON.stringify(learnProfile(['amount', 'age'], known)),
    );
    writeFileSync(
      join(folder, 'profiles', 'ring.json'),
      JSON.stringify(learnProfile(['left', 'right'], ring(500))),
    );
    writeFileSync(
      file,
      `gateway: { port: 0 }\ncontrol: { port: 0 }\nsystems:\n  scorer: { dialect: oip, urls: ["${fake.url}"], allowPrivate: true, mode: enforce, profile: profiles/scorer.json }\n  squeezed: { dialect: oip, urls: ["${fake.url}"], allowPrivate: true, mode: enforce, profile: profiles/scorer.json, squeeze: 0.1 }\n  ringed: { dialect: oip, urls: ["${fake.url}"], allowPrivate: true, mode: enforce, profile: profiles/ring.json }\n`,
    );
    server = await startServer({
      data: join(folder, 'data'),
      rootKey: join(folder, 'root.key'),
      demo: false,
      workers: 1,
      config: loadConfig(file),
      loadConfig: () => loadConfig(file),
    });
    key = (
      await server.control.apiKeys.create('test', { name: 'k', systems: ['scorer', 'squeezed', 'ringed'] })
    ).key;
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  it('pass when they are like those it knows: in one tensor, nested, or a tensor a feature', async () => {
    assert.equal((await infer(rows([1_500, 30, 2_000, 40], [2, 2]))).status, 200);
    assert.equal((await infer(rows([[1_500, 30]], [1, 2]))).status, 200);
    const named = (name: string, value: number): object => ({
      name,
      shape: [1],
      datatype: 'FP64',
      data: [value],
    });
    assert.equal((await infer([named('age', 30), named('amount', 1_500)])).status, 200);
  });

  it('are denied when they are not, before the system sees them; the record says which value', async () => {
    const sent = fake.requests.length;
    for (const [inputs, technique, pointer] of [
      [rows([1_500, 30, 9_000_000, 40], [2, 2]), 'out-of-range', '/inputs/0/data/2'],
      [
        rows(
          [
            [1_500, 30],
            [1_500, 4_000],
          ],
          [2, 2],
        ),
        'out-of-range',
        '/inputs/0/data/1/1',
      ],
      [rows([1, 2, 3], [1, 3]), 'wrong-width', '/inputs'],
      [[{ name: 'amount', shape: [1], datatype: 'FP64', data: [1_500] }], 'wrong-width', '/inputs'],
    ] as const) {
      const response = await infer(inputs);
      assert.equal(response.status, 403, JSON.stringify(inputs));
      await server.control.installation.flush();
      const [row] = await server.control.installation.store.exchanges.list({ limit: 1 });
      const seen = JSON.parse(row!.detections) as {
        detector: string;
        technique: string;
        location: { pointer: string };
      }[];
      assert.ok(
        seen.some(
          (one) =>
            one.detector === 'schema' && one.technique === technique && one.location.pointer === pointer,
        ),
        row!.detections,
      );
    }
    assert.equal(fake.requests.length, sent);
  });

  it('are refused where values and lists stand side by side, or lists are not as the shape says', async () => {
    const sent = fake.requests.length;
    for (const [data, shape] of [
      [
        [1_500, 30, [9_000_000, 4_000]],
        [2, 2],
      ],
      [
        [[1_500, 30], 9_000_000, 4_000],
        [2, 2],
      ],
      [
        [[1_500], 30, [9_000_000, 4_000]],
        [2, 2],
      ],
      [
        [1_500, 30, [2_000, 40, 9_000_000, 4_000]],
        [3, 2],
      ],
      [
        [[], [1_500, 30]],
        [1, 2],
      ],
      [[[1_500, 30, 9_000_000, 4_000]], [2, 2]],
      [
        [[[1_500, 30]], [[2_000, 40]]],
        [2, 2],
      ],
      [
        [
          [1_500, 9_000_000],
          [30, 4_000],
        ],
        [1, 4],
      ],
    ] as const) {
      const response = await infer(rows([...data], [...shape]));
      assert.equal(response.status, 400, JSON.stringify(data));
      assert.match(await response.text(), /exactly as `shape` says/);
    }
    assert.equal(fake.requests.length, sent);
  });

  it('hide behind no others: not behind many rows, nor beside tensors of features', async () => {
    const known = ring(400);
    const before = fake.requests.length;
    assert.equal((await infer(rows(known.flat(), [400, 2]), 'ringed')).status, 200);
    // Ordinary by each value and both together, and far from every row that is known.
    assert.equal((await infer(rows([...known.flat(), 0, 0], [401, 2]), 'ringed')).status, 403);
    const named = (name: string, data: number[], shape: number[]): object => ({
      ...{ name, shape, datatype: 'FP64', data },
    });
    const features = [named('amount', [1_500], [1]), named('age', [30], [1])];
    assert.equal((await infer([...features, named('x', [9_000_000, 4_000], [1, 2])])).status, 403);
    assert.equal(fake.requests.length, before + 1);
  });

  it('many of them are looked at in bounded time', async () => {
    const data = Array.from({ length: 40_000 }, (_, n) => (n % 2 === 0 ? 1_500 + (n % 500) : 20 + (n % 50)));
    const begun = process.hrtime.bigint();
    assert.equal((await infer(rows(data, [20_000, 2]))).status, 200);
    assert.ok(process.hrtime.bigint() - begun < 20_000_000_000n);
  });

  it('a profile that is none never loads', async () => {
    const path = join(folder, 'profiles', 'scorer.json');
    const good = readFileSync(path, 'utf8');
    writeFileSync(path, '{"format":"other"}');
    await assert.rejects(server.control.reload('test'), { code: 'profile-invalid' });
    assert.equal((await infer(rows([1_500, 30], [1, 2]))).status, 200);
    assert.equal((await infer(rows([9_000_000, 30], [1, 2]))).status, 403, 'the one before stays');
    writeFileSync(path, good);
    await server.control.reload('test');
  });

  it('an answer that noise sways is denied; what holds no noise is not asked about again', async () => {
    const { answer } = fake;
    let asked: number[][] = [];
    // A model that takes the third figure behind the point for a reason.
    const says = (value: (data: number[]) => unknown, datatype = 'FP64'): void => {
      asked = [];
      fake.answer = (_req, res, body) => {
        const { data } = (JSON.parse(body.toString()) as { inputs: { data: number[] }[] }).inputs[0]!;
        asked.push(data);
        const out = [value(data.slice(0, 2)), value(data.slice(2))];
        sendJson(res, JSON.stringify({ outputs: [{ name: 'y', shape: [2], datatype, data: out }] }));
      };
    };
    const noise = (data: number[]): boolean => Math.abs(data[0]! - Math.round(data[0]!)) > 1e-9;
    const clean = rows([1_500, 30, 2_000, 40], [2, 2]);
    const noisy = rows([1_500, 30, 2_000.001, 40], [2, 2]);
    says((data) => (noise(data) ? 0.9 : 0.2));
    assert.equal((await infer(clean, 'squeezed')).status, 200);
    assert.equal(asked.length, 1);
    const denied = await infer(noisy, 'squeezed');
    await denied.text();
    assert.match(await seenIn(server, denied), /swayed-by-noise/);
    assert.equal(denied.status, 403);
    assert.deepEqual(asked.at(-1), [1_500, 30, 2_000, 40]);
    says((data) => (noise(data) ? 'granted' : 'refused'), 'BYTES');
    assert.equal((await infer(noisy, 'squeezed')).status, 403, 'a label');
    says((data) => (noise(data) ? 0.25 : 0.2));
    assert.equal((await infer(noisy, 'squeezed')).status, 200, 'within what is allowed');
    assert.equal((await infer(noisy)).status, 200, 'not asked for');
    let calls = 0;
    const { answer: good } = fake;
    fake.answer = (req, res, body) => (calls++ === 0 ? good(req, res, body) : res.destroy());
    assert.equal((await infer(noisy, 'squeezed')).status, 200, 'flagged when there is no second answer');
    fake.answer = answer;
  });
});
