import { parentPort } from 'node:worker_threads';
import { inspectPacked } from '../src/inspection-pack.ts';
import type { FromInspection, ToInspection } from '../src/inspection-threads.ts';

/** An inspection that never ends where a text says so, as one with a pattern that is not linear would. */
const post = (message: FromInspection): void => parentPort!.postMessage(message);
parentPort!.on('message', (message: ToInspection) => {
  if ('rules' in message) return;
  const detections = inspectPacked(message.requests, ({ text }) => {
    while (text.includes('spin'));
    return [
      {
        detector: 'rule',
        technique: 'seen',
        severity: 'low',
        confidence: 1,
        references: [],
        location: { pointer: '', start: 0, end: text.length },
      },
    ];
  });
  post({ type: 'inspected', id: message.id, detections });
});
post({ type: 'ready' });
