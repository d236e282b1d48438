import assert from 'node:assert/strict';
import { open, sealedPart, sealedPlace, sealingKey } from '@sallyport/vault';
import { decodeFrames, PortRecorder } from '../../../gateway/src/recorder.ts';
import type { Boundary } from './boundary.ts';
import { mutateJson } from './mutate.ts';

const LEAF = {
  type: 'exchange-denied',
  id: 'exc_1',
  system: 'chat',
  model: 'a model',
  verdict: { action: 'deny' },
};
const TOGETHER_MAX = 20;

/** Records on their way from a worker to the log: each arrives as it was, whatever callers have put into it. */
export async function workerRecords(): Promise<Boundary> {
  const secret = new Uint8Array(32).fill(3);
  const key = sealingKey({ id: 'dek_boundary', key: secret });
  const sent: { leaf: string; payload: Uint8Array | null }[] = [];
  const recorder: PortRecorder = new PortRecorder(
    (batch, frames) => {
      for (const { leaf, payload } of decodeFrames(frames))
        sent.push({ leaf: Buffer.from(leaf).toString(), payload });
      queueMicrotask(() => recorder.acknowledge(batch, true));
    },
    () => -1,
  );
  const pass = async (records: readonly { leaf: string; content: Buffer | null }[]): Promise<void> => {
    sent.length = 0;
    await Promise.all(
      records.map(({ leaf, content }) =>
        recorder.record(leaf, content && { key, context: 'c', plain: content }),
      ),
    );
    assert.deepEqual(
      sent.map(({ leaf }) => leaf),
      records.map(({ leaf }) => leaf.toWellFormed()),
    );
    for (const [i, { content }] of records.entries()) {
      const { payload } = sent[i]!;
      assert.equal(payload === null, content === null);
      if (payload === null) continue;
      // What is sealed together lies in one place, and the others say how far back it is.
      const { back, part } = sealedPlace(payload);
      const sealed = sent[i - back]!.payload!;
      assert.deepEqual(Buffer.from(sealedPart(sealed, open(secret, 'c', sealed), part)), content);
    }
  };
  return {
    name: 'records of workers',
    deadlineMs: 10_000,
    send: (random) =>
      pass(
        Array.from({ length: 1 + random.below(TOGETHER_MAX) }, () => ({
          leaf: mutateJson(LEAF, random),
          content: random.chance(0.5) ? Buffer.from(mutateJson(LEAF, random)) : null,
        })),
      ),
    honest: () => pass([{ leaf: JSON.stringify(LEAF), content: Buffer.from('said') }]),
    close: async () => {},
  };
}
