import { parentPort } from 'node:worker_threads';
import type { Probe } from './pattern-fuzz.ts';

/** Characters of the text that a pattern is timed on; then four times as many. */
const LENGTH = 32_768;
/** Below this many milliseconds a clock shows nothing. */
const FREE_MS = 10;
/** A shorter text, and how long a pass over it may take before it is looked at more closely. */
const GLANCE_LENGTH = 8_192;
const GLANCE_MS = 0.5;
/** Four times the text may take this many times as long; a square takes 16. */
const RATIO_MAX = 10;
const TRIES = 3;

const longer = ({ prefix, unit, suffix }: Probe, length: number): string =>
  prefix + unit.repeat(Math.max(1, Math.floor(length / unit.length))) + suffix;

/** A whole pass: every match, and for sticky patterns every place. */
function pass(pattern: RegExp, text: string): void {
  if (!pattern.sticky) {
    for (const _ of text.matchAll(pattern));
    return;
  }
  // A reader goes on behind what it took, else by one.
  for (let at = 0; at < text.length; ) {
    pattern.lastIndex = at;
    at = pattern.test(text) && pattern.lastIndex > at ? pattern.lastIndex : at + 1;
  }
}

/** Processor time of this thread, in milliseconds: a clock would also count what others do on a busy machine. */
function spentMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function timed(pattern: RegExp, probe: Probe, length: number): number {
  const text = longer(probe, length);
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 2; round++) {
    const begun = spentMs();
    pass(pattern, text);
    least = Math.min(least, spentMs() - begun);
    if (least < FREE_MS) break;
  }
  return least;
}

/** Whether a pass takes more than linear time; said only if it does three times. */
function slow(probe: Probe, thorough: boolean): string | null {
  const flags = probe.flags.includes('y') || probe.flags.includes('g') ? probe.flags : `${probe.flags}g`;
  const pattern = new RegExp(probe.source, flags);
  const quick = timed(pattern, probe, GLANCE_LENGTH) < GLANCE_MS;
  if (quick && (!thorough || timed(pattern, probe, LENGTH) < FREE_MS)) return null;
  let said = '';
  for (let left = TRIES; left > 0; left--) {
    const [short, long] = [timed(pattern, probe, LENGTH), timed(pattern, probe, 4 * LENGTH)];
    if (long < 4 * FREE_MS || long / short <= RATIO_MAX) return null;
    said = `${short.toFixed(0)} → ${long.toFixed(0)} ms`;
  }
  return said;
}

parentPort!.on('message', ({ probes, thorough }: { probes: readonly Probe[]; thorough: boolean }) => {
  for (const [n, probe] of probes.entries()) {
    parentPort!.postMessage({ n });
    const said = slow(probe, thorough);
    if (said !== null) parentPort!.postMessage({ n, said });
  }
  parentPort!.postMessage({ done: true });
});
