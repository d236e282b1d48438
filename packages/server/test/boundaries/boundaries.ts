import type { Boundary } from './boundary.ts';
import { configurationFiles } from './configuration.ts';
import { brokenFiles } from './files.ts';
import { callerBodies, systemAnswers, systemStreams } from './gates.ts';
import { providerAnswers, scimBodies } from './peers.ts';
import { printedTexts } from './printed.ts';
import { workerRecords } from './records.ts';
import { databaseRows, keyProviderAnswers } from './rows.ts';
import { storedBackups, storedLog } from './stored.ts';
import { witnessAnswers } from './witness.ts';
import { commandWords } from './words.ts';

/** A boundary of `docs/THREATS.md` by its number, how a fuzzer reaches it, and how many inputs its smoke test sends. */
interface Crossing {
  readonly number: number;
  readonly open: () => Promise<Boundary>;
  readonly smoke: number;
}

/** Every way over a boundary that a fuzzer takes. The API, boundary 4, has its own: `random-changes.ts`. */
export const BOUNDARIES: readonly Crossing[] = [
  { number: 1, open: callerBodies, smoke: 300 },
  { number: 2, open: systemAnswers, smoke: 300 },
  { number: 2, open: systemStreams, smoke: 200 },
  { number: 3, open: workerRecords, smoke: 200 },
  { number: 5, open: scimBodies, smoke: 200 },
  { number: 5, open: providerAnswers, smoke: 60 },
  { number: 6, open: commandWords, smoke: 1_000 },
  { number: 7, open: witnessAnswers, smoke: 40 },
  { number: 8, open: databaseRows, smoke: 8 },
  { number: 8, open: keyProviderAnswers, smoke: 300 },
  { number: 9, open: brokenFiles, smoke: 200 },
  { number: 10, open: configurationFiles, smoke: 400 },
  { number: 11, open: storedBackups, smoke: 60 },
  { number: 11, open: storedLog, smoke: 40 },
  { number: 12, open: printedTexts, smoke: 2_000 },
];
