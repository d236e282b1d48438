import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';

const DEADLINE_MS = 5_000;

/** Milliseconds that an inspection of a text takes in a thread of its own; null past the deadline. */
function inspected(text: string): Promise<number | null> {
  const source = `
    import { parentPort, workerData } from 'node:worker_threads';
    import { Inspector } from ${JSON.stringify(import.meta.resolve('@sallyport/guard'))};
    const inspector = new Inspector();
    const begun = performance.now();
    for (const channel of ['user', 'output']) inspector.inspect({ text: workerData, pointer: '', channel });
    parentPort.postMessage(performance.now() - begun);`;
  return new Promise((done, fail) => {
    const thread = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
      workerData: text,
    });
    const timer = setTimeout(() => {
      void thread.terminate();
      done(null);
    }, DEADLINE_MS);
    thread.once('message', (ms: number) => {
      clearTimeout(timer);
      void thread.terminate();
      done(ms);
    });
    thread.once('error', fail);
  });
}

describe('marks without a word', () => {
  for (const [name, marks] of Object.entries({
    stars: '*'.repeat(44),
    'many stars': '*'.repeat(30_000),
    lines: '_'.repeat(30_000),
    'stars and lines': '*__'.repeat(10_000),
    tags: '<b>'.repeat(10_000),
    'tags that do not end': '<b '.repeat(10_000),
    comments: '<!--'.repeat(8_000),
    quotes: '" +'.repeat(10_000),
    'joined strings': '"+"'.repeat(10_000),
  }))
    it(`${name} are read in time`, async () => {
      assert.notEqual(await inspected(`Make w**or**d bold.\n${marks}`), null, `not within ${DEADLINE_MS} ms`);
    });
});
