import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { AllowList, scanSource, shippedGroups } from '../src/index.ts';
import { tar, zip } from './corpus/archives.ts';
import { dict, instance, type Part, pickle, reduce, stackGlobal, text, whole } from './corpus/assembler.ts';

const scan = (name: string, content: Uint8Array, allowed?: AllowList) =>
  scanSource(name, new BytesSource(content), allowed ? { allowed } : {});
const verdictOf = async (...parts: readonly Part[]): Promise<string> =>
  (await scan('m.pkl', pickle(4, ...parts))).verdict;

describe('a class that is not listed', () => {
  const name = ['flair.data', 'Dictionary'] as const;
  it('is for a person to see, with the entry that allows it', async () => {
    for (const [module, of] of [
      name,
      ['ultralytics.nn.tasks', 'DetectionModel'],
      ['prophet.forecaster', 'Prophet'],
      ['__main__', 'Net'],
    ])
      assert.equal(await verdictOf(instance(module!, of!, dict({ a: whole(1) }))), 'review', module);
    const content = pickle(4, instance(...name, dict({ a: whole(1) })));
    const [{ message } = { message: '' }] = (await scan('m.pkl', content)).detections;
    const entry = JSON.parse(message.slice(message.indexOf('[{'))) as never;
    assert.equal(
      (await scan('m.pkl', content, new AllowList([...shippedGroups(), ...entry]))).verdict,
      'clean',
    );
  });

  it('is suspicious with a reason: a function, a call with arguments, a part of Python', async () => {
    assert.equal(await verdictOf(reduce(stackGlobal(...name), text('x'))), 'suspicious');
    assert.equal(await verdictOf(reduce(stackGlobal('library', 'run_it'), text('x'))), 'suspicious');
    assert.equal(await verdictOf(stackGlobal('library', 'run_it')), 'suspicious');
    const made = instance(...name, dict({}));
    assert.equal(await verdictOf(reduce(made, text('x'))), 'suspicious', 'its instance is called');
    const given = reduce(stackGlobal('pandas', 'Index'), stackGlobal(...name));
    assert.equal(await verdictOf(given), 'suspicious', 'handed to what may call it');
    assert.equal(await verdictOf(instance('textwrap', 'TextWrapper', dict({}))), 'suspicious');
  });
});

it('hooks of torch for norms of weights are clean', async () => {
  const state = dict({ name: text('weight'), dim: whole(0) });
  assert.equal(await verdictOf(instance('torch.nn.utils.weight_norm', 'WeightNorm', state)), 'clean');
});

it('a plain name that is looked up later is clean, any other malicious', async () => {
  const of = (name: string, ...args: readonly string[]): Promise<string> =>
    verdictOf(reduce(stackGlobal('operator', name), ...args.map((one) => text(one))));
  assert.equal(await of('attrgetter', 'name'), 'clean');
  assert.equal(await of('methodcaller', 'upper'), 'clean');
  for (const [name, ...args] of [
    ['attrgetter', '__class__'],
    ['attrgetter', 'a.b'],
    ['attrgetter'],
    ['methodcaller', 'system'],
    ['methodcaller', 'upper', 'x'],
    ['methodcaller', '__reduce__'],
  ])
    assert.equal(await of(name!, ...args), 'malicious', `${name} ${args}`);
  const called = reduce(reduce(stackGlobal('operator', 'attrgetter'), text('name')), text('x'));
  assert.equal(await verdictOf(called), 'suspicious');
});

it('a tape archive that holds a checkpoint is clean', async () => {
  const checkpoint = zip([
    { name: 'archive/data.pkl', content: pickle(2, dict({ a: whole(1) })) },
    { name: 'archive/version', content: Buffer.from('3\n') },
  ]);
  const config = { name: './model_config.yaml', content: Buffer.from('name: x\n') };
  const weights = { name: './model_weights.ckpt', content: checkpoint };
  const tape = tar([config, weights]);
  for (const [name, content] of [
    ['m.nemo', tape],
    ['m.nemo', tar([weights, config])],
    ['model.tar.gz', gzipSync(tar([{ name: 'model.pth', content: checkpoint }]))],
  ] as const)
    assert.equal((await scan(name, content)).verdict, 'clean', name);
  const both = Buffer.concat([tape, checkpoint]);
  assert.equal((await scan('m.nemo', both)).verdict, 'suspicious', 'another behind it');
});
