import type { Detection, InspectionRequest } from '@sallyport/core';
import type { Deps, Exchange } from './exchange.ts';
import { byPointer } from './rewrite.ts';

/** Technique of the guard's rule for our own keys. */
const OWN_KEY = 'sallyport-key';
const SECRET = /sp_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}/;

/** Tells of each key of ours that stands in a text and is good: whoever reads it could use it. */
function notice(
  exchange: Exchange,
  deps: Deps,
  requests: readonly InspectionRequest[],
  found: readonly Detection[],
): void {
  const own = byPointer(found.filter(({ technique }) => technique === OWN_KEY));
  if (own.size === 0) return;
  const told = new Set<string>();
  for (const { text, pointer } of requests) {
    for (const { location } of own.get(pointer) ?? []) {
      const secret = SECRET.exec(text.slice(location.start, location.end))?.[0] ?? null;
      if (secret === null || told.has(secret)) continue;
      told.add(secret);
      const verdict = deps.state().verify(secret, exchange.atMs);
      if ('code' in verdict || verdict.key.demo || verdict.key.synthetic) continue;
      deps.keyLeaked(verdict.key.id, exchange.id);
    }
  }
}

/** Inspects texts of a call, and has keys of ours revoked that stand in them. @throws CodedError `inspection-failed` */
export function inspectTexts(
  exchange: Exchange,
  deps: Deps,
  requests: readonly InspectionRequest[],
): Detection[] | Promise<Detection[]> {
  if (!deps.start.detectors) return [];
  const found = deps.inspection.inspect(requests, exchange.key!.id);
  if (!(found instanceof Promise)) {
    notice(exchange, deps, requests, found);
    return found;
  }
  return found.then((detections) => {
    notice(exchange, deps, requests, detections);
    return detections;
  });
}
