import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';

const json = async (name: string, value: unknown): Promise<string> =>
  (await scanSource(name, new BytesSource(Buffer.from(JSON.stringify(value))))).verdict;

const array = (more: object): object => ({
  chunks: [1],
  compressor: { id: 'blosc', cname: 'lz4', clevel: 5 },
  dtype: '|O',
  fill_value: null,
  filters: null,
  order: 'C',
  shape: [1],
  zarr_format: 2,
  ...more,
});

it('arrays of zarr that unpickle their chunks are told, wherever they are described', async () => {
  const filters = [{ id: 'pickle', protocol: 5 }];
  for (const [name, value] of [
    ['x/.zarray', array({ filters })],
    ['x/.zarray', array({ compressor: filters[0] })],
    ['x/.zarray', array({ object_codec: { id: 'dill' } })],
    [
      'x/zarr.json',
      { zarr_format: 3, node_type: 'array', codecs: [{ name: 'numcodecs.pickle', configuration: {} }] },
    ],
    [
      'x/zarr.json',
      {
        zarr_format: 3,
        codecs: [{ name: 'sharding_indexed', configuration: { codecs: [{ name: 'numcodecs/pickle' }] } }],
      },
    ],
    ['.zmetadata', { metadata: { 'x/.zarray': array({ filters }) }, zarr_consolidated_format: 1 }],
    [
      'refs.json',
      { version: 1, refs: { 'x/.zarray': JSON.stringify(array({ filters })), 'x/0': ['a', 0, 1] } },
    ],
    ['refs.json', { 'x/.zarray': JSON.stringify(array({ filters })) }],
  ] as const)
    assert.equal(await json(name, value), 'suspicious', JSON.stringify(value));
});

it('and others are clean', async () => {
  for (const filters of [null, [{ id: 'json2' }], [{ id: 'vlen-utf8' }], [{ id: 'delta', dtype: '<i4' }]])
    assert.equal(await json('x/.zarray', array({ filters })), 'clean');
  const codecs = [{ name: 'bytes', configuration: { endian: 'little' } }, { name: 'zstd' }];
  assert.equal(await json('x/zarr.json', { zarr_format: 3, codecs }), 'clean');
  assert.equal(await json('a.json', { filters: [{ id: 'pickle', name: 'Pickles and jams' }] }), 'clean');
});

it('templates among references are judged as templates', async () => {
  const refs = {
    version: 1,
    refs: {},
    templates: { u: 'a.example/{{x}}' },
    gen: [{ key: 'x', url: '{{u}}_{{i}}' }],
  };
  assert.equal(await json('refs.json', refs), 'clean');
  const evil = { ...refs, gen: [{ key: '{{ cycler.__init__.__globals__.os.popen("id").read() }}' }] };
  assert.equal(await json('refs.json', evil), 'malicious');
});
