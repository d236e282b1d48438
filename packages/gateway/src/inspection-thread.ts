import { parentPort, workerData } from 'node:worker_threads';
import type { Detection } from '@sallyport/core';
import { Inspector, RuleSet } from '@sallyport/guard';
import type { InspectionStart, ToInspection } from './inspection.ts';

const { models, rules } = workerData as InspectionStart;
const inspector = Inspector.open(models);
inspector.useRules(RuleSet.of(rules));

parentPort!.on('message', (message: ToInspection) => {
  if ('rules' in message) {
    inspector.useRules(RuleSet.of(message.rules));
    return;
  }
  let detections: Detection[] | null = null;
  try {
    detections = message.requests.flatMap((request) => inspector.inspect(request));
  } catch {
    // The caller refuses the call: it learns that there is no verdict, which is all it needs.
  }
  parentPort!.postMessage({ id: message.id, detections });
});
