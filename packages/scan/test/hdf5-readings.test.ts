import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
import { h5 } from './corpus/hdf5-files.ts';

const LAMBDA = JSON.stringify({
  class_name: 'Sequential',
  config: { layers: [{ class_name: 'Lambda', config: { name: 'l' } }] },
});
const verdictOf = async (content: Uint8Array): Promise<string> =>
  (await scanSource('model.h5', new BytesSource(content))).verdict;

describe('HDF5 is read as its library reads it', () => {
  it('behind other bytes of any length, whatever it says of where it begins', async () => {
    for (const newest of [false, true]) {
      const model = await h5({ attributes: { model_config: LAMBDA }, newest });
      for (const before of [512, 4096, 4 << 20, 16 << 20])
        assert.equal(
          await verdictOf(Buffer.concat([Buffer.alloc(before, 1), model])),
          'malicious',
          `${before}`,
        );
      const moved = Buffer.from(model);
      moved.writeBigUInt64LE(4096n, newest ? 12 : 24);
      assert.equal(await verdictOf(moved), 'malicious');
    }
    assert.notEqual(await verdictOf(Buffer.alloc(5 << 20, 1)), 'clean');
  });

  it('to the last of many attributes, or not as whole', async () => {
    const numbered = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`a${n}`, `v${n}`]));
    const many = await h5({ attributes: { ...numbered, model_config: LAMBDA }, newest: true });
    assert.equal(await verdictOf(many), 'malicious');
    const clean = await h5({ attributes: numbered, newest: true });
    assert.equal(await verdictOf(clean), 'clean');
    // What a removed attribute leaves is a gap, and its library goes on behind it.
    const block = many.indexOf('FHDB');
    const gap = Buffer.from(many);
    gap.fill(0, block + 22, block + 40);
    assert.equal(await verdictOf(gap), 'incomplete');
  });

  it('with texts that end as pickles do and are none', async () => {
    for (const title of ['Made by hand.', 'I am.', 'N.', '.', 'Notes of a run.\0\0'])
      assert.equal(await verdictOf(await h5({ attributes: { title } })), 'clean', title);
  });

  it('with configurations as Python reads JSON, whatever room is before them', async () => {
    for (const before of [' ', '\t', '\r\n', ' '.repeat(5000), '\ufeff', '\n[', 'x'])
      for (const name of ['model_config', 'training_config']) {
        const verdict = await verdictOf(await h5({ attributes: { [name]: before + LAMBDA } }));
        assert.equal(verdict, /[[x]/.test(before) ? 'incomplete' : 'malicious', JSON.stringify(before));
      }
    assert.equal(
      await verdictOf(await h5({ attributes: { config: 'unet.yaml', layer_names: 'a' } })),
      'clean',
    );
    const field = (number: number, value: Uint8Array): Buffer =>
      Buffer.concat([Buffer.from([number * 8 + 2, (value.length & 127) | 128, value.length >> 7]), value]);
    const metadata = async (text: string): Promise<string> => {
      const node = Buffer.concat([field(3, Buffer.from('root')), field(5, Buffer.from(text))]);
      return (await scanSource('keras_metadata.pb', new BytesSource(field(1, node)))).verdict;
    };
    for (const before of ['', ' ', '\n\t', '\ufeff'])
      assert.equal(await metadata(before + LAMBDA), 'malicious');
    assert.equal(await metadata('not JSON'), 'incomplete');
    assert.equal(await metadata('{"class_name": "Dense", "config": {}}'), 'clean');
  });

  it('with a type that stands elsewhere, or not as whole', async () => {
    const model = await h5({ attributes: { model_config: '{"a": 1}' }, newest: true });
    assert.equal(await verdictOf(model), 'clean');
    // The third version of an attribute, its flags, and a name of thirteen bytes.
    const attribute = model.indexOf(Buffer.from([3, 0, 13, 0]));
    assert.ok(attribute > 0);
    model[attribute + 1] = 1;
    assert.equal(await verdictOf(model), 'incomplete');
  });
});
