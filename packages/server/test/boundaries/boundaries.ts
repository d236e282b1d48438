import type { Boundary } from './boundary.ts';
import { configurationFiles } from './configuration.ts';
import { callerBodies, systemAnswers, systemStreams } from './gates.ts';
import { providerAnswers, scimBodies, witnessAnswers } from './peers.ts';

/** Every boundary that a fuzzer crosses, and how many inputs its smoke test sends. Files are fuzzed by `scan` itself. */
export const BOUNDARIES: readonly (readonly [open: () => Promise<Boundary>, smoke: number])[] = [
  [callerBodies, 300],
  [systemAnswers, 300],
  [systemStreams, 200],
  [witnessAnswers, 40],
  [scimBodies, 200],
  [providerAnswers, 60],
  [configurationFiles, 400],
];
