import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sealingKey } from '@sallyport/vault';
import { decodeFrames, PortRecorder } from './recorder.ts';

describe('the recorder of a worker', () => {
  it('stops the calls of a key that seals no more, and no others', async () => {
    const sent: string[] = [];
    const recorder: PortRecorder = new PortRecorder(
      (batch, frames) => {
        sent.push(...decodeFrames(frames).map(({ leaf }) => Buffer.from(leaf).toString()));
        queueMicrotask(() => recorder.acknowledge(batch, true));
      },
      () => 0,
    );
    const worn = sealingKey({ id: 'dek_recorder_worn', key: new Uint8Array(32).fill(1) }, 1);
    const good = sealingKey({ id: 'dek_recorder_good', key: new Uint8Array(32).fill(2) });
    const content = (key: typeof worn) => ({ key, context: 'c', plain: Buffer.from('said') });
    await recorder.record('first', content(worn));
    const ended = await Promise.allSettled([
      recorder.record('worn', content(worn)),
      recorder.record('good', content(good)),
      recorder.record('bare', null),
    ]);
    assert.deepEqual(
      ended.map((one) => (one.status === 'rejected' ? (one.reason as { code: string }).code : one.status)),
      ['data-key-used-up', 'fulfilled', 'fulfilled'],
    );
    assert.deepEqual(sent, ['first', 'good', 'bare']);
  });
});
