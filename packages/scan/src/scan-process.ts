import { answerApart, clock, tellApart } from '@sallyport/core';
import { AllowList, shippedGroups } from './pickle/allow-list.ts';
import { RunMemory } from './scan-cache.ts';
import { type ScanOptions, scanFile } from './scan-file.ts';
import { openCache, type ProcessAnswer, type ProcessMessage, type ProcessSettings } from './scan-files.ts';

// A process of `scan-files.ts`: settings and then paths come in, reports go out, one at a time.
let scan: ScanOptions = {};
let bounds: ProcessSettings['bounds'] = null;
/** A buffer crosses processes as plain bytes. */
const bytesOf = (path: string | Uint8Array): string | Buffer =>
  typeof path === 'string' ? path : Buffer.from(path);

function begin(settings: ProcessSettings): void {
  const { allowed, budget, digest } = settings;
  const cache = new RunMemory(openCache(settings));
  const list = new AllowList([...shippedGroups(), ...allowed]);
  scan = { allowed: list, budget, digest, cache, digests: new Map() };
  bounds = settings.bounds;
}

answerApart<ProcessMessage>(async (message) => {
  if ('settings' in message) return begin(message.settings);
  const { index, name, path, endsMs } = message;
  const leftMs = Math.max(0, endsMs - clock.nowMs());
  let answer: ProcessAnswer;
  try {
    answer = { index, report: await scanFile(bytesOf(path), { ...scan, leftMs }, name, bounds) };
  } catch (fault) {
    answer = { index, fault: (fault as Error).message };
  }
  await tellApart(answer);
});
