import { parentPort, workerData } from 'node:worker_threads';
import { Inspector, RuleSet } from '@sallyport/guard';
import { inspectPacked, type PackedDetections } from './inspection-pack.ts';
import type { FromInspection, InspectionStart, ToInspection } from './inspection-threads.ts';

const { models, rules } = workerData as InspectionStart;
const inspector = Inspector.open(models);
inspector.useRules(RuleSet.of(rules));
const post = (message: FromInspection): void => parentPort!.postMessage(message);

parentPort!.on('message', (message: ToInspection) => {
  if ('rules' in message) {
    inspector.useRules(RuleSet.of(message.rules));
    return;
  }
  let detections: PackedDetections | null = null;
  try {
    detections = inspectPacked(message.requests, (request) => inspector.inspect(request));
  } catch {
    // The caller refuses the call: it learns that there is no verdict, which is all it needs.
  }
  post({ type: 'inspected', id: message.id, detections });
});
post({ type: 'ready' });
