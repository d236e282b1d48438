import { parentPort, workerData } from 'node:worker_threads';
import type { Detection, InspectionRequest } from '@sallyport/core';
import { type GuardModels, Inspector } from '@sallyport/guard';

const inspector = Inspector.open(workerData as GuardModels | null);

parentPort!.on('message', ({ id, requests }: { id: number; requests: InspectionRequest[] }) => {
  let detections: Detection[] | null = null;
  try {
    detections = requests.flatMap((request) => inspector.inspect(request));
  } catch {
    // The caller refuses the call: it learns that there is no verdict, which is all it needs.
  }
  parentPort!.postMessage({ id, detections });
});
