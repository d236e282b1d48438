import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
import { zip } from './corpus/archives.ts';
import { dict, global, type Part, pickle, reduce, stream, text, tuple, whole } from './corpus/assembler.ts';

const verdictOf = async (name: string, content: Uint8Array): Promise<string> =>
  (await scanSource(name, new BytesSource(content))).verdict;
const storage = (count: number, type: string): Buffer =>
  Buffer.concat([
    tuple(text('storage'), global('torch', type), text('0'), text('cpu'), whole(count)),
    Buffer.from('Q'),
  ]);
const tensor = (count: number, shape: number, { type = 'FloatStorage', stride = 1 } = {}): Buffer =>
  reduce(
    global('torch._utils', '_rebuild_tensor_v2'),
    storage(count, type),
    whole(0),
    tuple(whole(shape)),
    tuple(whole(stride)),
    Buffer.from([0x89]),
    dict({}),
  );
const checkpoint = (recordBytes: number, ...parts: readonly Part[]): Promise<string> =>
  verdictOf(
    'm.pt',
    zip([
      { name: 'a/data.pkl', content: pickle(2, ...parts) },
      { name: 'a/data/0', content: Buffer.alloc(recordBytes) },
      { name: 'a/version', content: Buffer.from('3\n') },
    ]),
  );

describe('tensors of a checkpoint lie in what the archive holds (CVE-2026-24747)', () => {
  it('clean where they do', async () => {
    assert.equal(await checkpoint(40, tensor(10, 10)), 'clean');
    assert.equal(await checkpoint(64, tensor(10, 10)), 'clean', 'a longer record');
    assert.equal(await checkpoint(4, tensor(1, 1000, { stride: 0 })), 'clean', 'one element seen often');
    assert.equal(await checkpoint(20, tensor(10, 10, { type: 'BFloat16Storage' })), 'clean');
    assert.equal(await checkpoint(4, dict({ w: tensor(1, 1) })), 'clean');
  });

  it('suspicious where the storage is longer than its record, or the tensor than its storage', async () => {
    assert.equal(await checkpoint(4, tensor(1_000_000, 1_000_000)), 'suspicious');
    assert.equal(await checkpoint(40, tensor(10, 10, { type: 'DoubleStorage' })), 'suspicious');
    assert.equal(await checkpoint(40, tensor(10, 11)), 'suspicious');
    assert.equal(await checkpoint(40, tensor(10, 10, { stride: 2 })), 'suspicious');
  });

  it('clean where torch keeps only the shapes of what it traced with', async () => {
    const traced = (name: string): Promise<string> =>
      verdictOf(
        'm.pt',
        zip([
          { name: 'a/data.pkl', content: pickle(2, dict({})) },
          { name: `a/${name}.pkl`, content: pickle(2, tensor(192, 192)) },
          { name: `a/${name}/0`, content: Buffer.alloc(0) },
          { name: 'a/version', content: Buffer.from('3\n') },
        ]),
      );
    assert.equal(await traced('traced_inputs'), 'clean');
    assert.equal(await traced('constants'), 'suspicious');
  });

  it('suspicious where something is set in a tensor or storage', async () => {
    for (const target of [tensor(1, 1), storage(1, 'FloatStorage')]) {
      assert.equal(await checkpoint(4, stream(target, whole(0), whole(1), Buffer.from('s'))), 'suspicious');
      assert.equal(await checkpoint(4, stream(target, whole(1), Buffer.from('a'))), 'suspicious');
    }
  });
});
