import { parentPort } from 'node:worker_threads';
import type { Detection, InspectionRequest } from '@sallyport/core';
import { inspectPacked } from '../src/inspection-pack.ts';
import type { FromInspection, ToInspection } from '../src/inspection-threads.ts';

/** An inspection that never ends where a text says so, as one with a pattern that is not linear would. */
const post = (message: FromInspection): void => parentPort!.postMessage(message);
parentPort!.on('message', (message: ToInspection) => {
  if ('rules' in message) return;
  const look = ({ text }: InspectionRequest): Detection[] => {
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
  };
  const answer =
    'assess' in message
      ? { detections: look(message.assess), injection: 0, views: [] }
      : inspectPacked(message.requests, look);
  post({ type: 'inspected', id: message.id, answer });
});
post({ type: 'ready' });
