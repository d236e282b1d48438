import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { recognitionGap, scanSource } from '../src/index.ts';
import { zip } from './corpus/archives.ts';
import { dict, pickle, whole } from './corpus/assembler.ts';

const NOISE = Buffer.from(Array.from({ length: 400 }, (_, n) => ((n * 89 + 41) % 251) | 1));
const MODEL = pickle(2, dict({ weight: whole(1) }));
const OPENVINO = Buffer.from('<?xml version="1.0"?><net name="a" version="11"><layers></layers></net>');
const JSON_TEXT = Buffer.from('{"a": 1}');

const gap = async (
  kind: 'model' | 'dataset',
  files: Readonly<Record<string, Uint8Array>>,
): Promise<string | null> =>
  recognitionGap(
    await Promise.all(
      Object.entries(files).map(([name, content]) => scanSource(`/v/${name}`, new BytesSource(content))),
    ),
    kind,
  );

describe('what is registered and not recognised', () => {
  it('is told where it has the name of a model', async () => {
    for (const name of ['model.h5', 'model.bin', 'model.pt', 'model.ckpt', 'model.weights'])
      assert.match(
        (await gap('model', { [name]: NOISE, 'a.pkl': MODEL }))!,
        new RegExp(`^\`${name}\` not`),
        name,
      );
    assert.match(
      (await gap('dataset', { 'rows.h5': NOISE, 'rows.csv': JSON_TEXT }))!,
      /^`rows.h5` not recognised/,
    );
    const many = Object.fromEntries(Array.from({ length: 5 }, (_, n) => [`${n}.pt`, NOISE]));
    assert.match((await gap('model', many))!, /`0.pt`, `1.pt`, `2.pt` and 2 more not recognised/);
    const keras = zip([
      { name: 'config.json', content: JSON_TEXT },
      { name: 'model.weights.h5', content: NOISE },
    ]);
    assert.match((await gap('model', { 'm.keras': keras }))!, /^`m.keras` not recognised/);
  });

  it('is told where there is no model at all', async () => {
    for (const files of [
      { README: NOISE },
      { 'weights.dat': NOISE, 'config.json': JSON_TEXT },
      { 'a.zip': zip([{ name: 'a.dat', content: NOISE }]) },
    ])
      assert.match((await gap('model', files))!, /^no model among the files: save it/);
  });

  it('passes beside a model that describes it, and as data', async () => {
    assert.equal(await gap('model', { 'a.pkl': MODEL, README: NOISE, vocabulary: NOISE }), null);
    assert.equal(await gap('model', { 'a.xml': OPENVINO, 'a.bin': NOISE }), null);
    assert.match((await gap('model', { 'a.xml': OPENVINO, 'b.bin': NOISE }))!, /^`b.bin`/);
    assert.equal(await gap('model', { 'model.json': JSON_TEXT, 'group1-shard1of1.bin': NOISE }), null);
    assert.equal(await gap('dataset', { README: NOISE, 'rows.csv': NOISE, 'train.bin': NOISE }), null);
  });
});
