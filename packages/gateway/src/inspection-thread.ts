import { parentPort } from 'node:worker_threads';
import type { Detection, InspectionRequest } from '@sallyport/core';
import { Inspector } from '@sallyport/guard';

const inspector = new Inspector();

parentPort!.on('message', ({ id, requests }: { id: number; requests: InspectionRequest[] }) => {
  let detections: Detection[] | null = null;
  try {
    detections = requests.flatMap((request) => inspector.inspect(request));
  } catch {
    // The caller refuses the call: it learns that there is no verdict, which is all it needs.
  }
  parentPort!.postMessage({ id, detections });
});
