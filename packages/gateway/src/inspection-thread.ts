import { parentPort, workerData } from 'node:worker_threads';
import type { InspectionRequest } from '@sallyport/core';
import { Inspector, RuleSet } from '@sallyport/guard';
import { inspectPacked } from './inspection-pack.ts';
import {
  type Assessment,
  type FromInspection,
  type InspectionStart,
  type ToInspection,
  VIEW_CHARACTERS_MAX,
} from './inspection-threads.ts';

const { models, rules } = workerData as InspectionStart;
const inspector = Inspector.open(models);
inspector.useRules(RuleSet.of(rules));
const post = (message: FromInspection): void => parentPort!.postMessage(message);

function assess(request: InspectionRequest): Assessment {
  const { detections, scores, views } = inspector.assess(request);
  return {
    detections,
    injection: scores.injection,
    views: views.map(({ chain, text }) => ({ chain, text: text.slice(0, VIEW_CHARACTERS_MAX) })),
  };
}

parentPort!.on('message', (message: ToInspection) => {
  if ('rules' in message) {
    inspector.useRules(RuleSet.of(message.rules));
    return;
  }
  let answer: (FromInspection & { type: 'inspected' })['answer'] = null;
  try {
    answer =
      'assess' in message
        ? assess(message.assess)
        : inspectPacked(message.requests, (request) => inspector.inspect(request));
  } catch {
    // The caller refuses the call: it learns that there is no verdict, which is all it needs.
  }
  post({ type: 'inspected', id: message.id, answer });
});
post({ type: 'ready' });
