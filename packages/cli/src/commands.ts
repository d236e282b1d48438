import type { ParseArgsConfig } from 'node:util';
import { alertAcknowledge, alertList } from './commands/alert.ts';
import { call } from './commands/call.ts';
import { classifier } from './commands/classifier.ts';
import { doctor } from './commands/doctor.ts';
import { guardCheck } from './commands/guard-check.ts';
import { guardLearn } from './commands/guard-learn.ts';
import { guardLearnTexts } from './commands/guard-learn-texts.ts';
import { guardRules } from './commands/guard-rules.ts';
import {
  integrationEnd,
  integrationList,
  integrationPropose,
  integrationSuspend,
} from './commands/integration.ts';
import { keyCreate, keyList, keyRevoke, keyRotate } from './commands/key.ts';
import { ledgerShow } from './commands/ledger-show.ts';
import { ledgerVerify } from './commands/ledger-verify.ts';
import { policyExplain, policyTest } from './commands/policy.ts';
import { posture } from './commands/posture.ts';
import { programAdd, programDisable, programEnable, programKey, programList } from './commands/program.ts';
import { reload } from './commands/reload.ts';
import { reviewList, reviewOpen, reviewShow } from './commands/review.ts';
import { scan } from './commands/scan.ts';
import { schema } from './commands/schema.ts';
import { up } from './commands/up.ts';
import { upstreamAdd, upstreamList, upstreamMode } from './commands/upstream.ts';
import {
  userAdd,
  userDisable,
  userEnable,
  userGrant,
  userLink,
  userList,
  userUngrant,
} from './commands/user.ts';
import type { Options } from './options.ts';

/** One command. */
export interface Command {
  /** Words that call it, such as `key create`. */
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly options?: NonNullable<ParseArgsConfig['options']>;
  /** @returns the exit code */
  run(options: Options): Promise<number>;
}

/** Every command. A new one is a file and a row here. */
export const COMMANDS: readonly Command[] = [
  up,
  upstreamAdd,
  upstreamList,
  upstreamMode,
  keyCreate,
  keyList,
  keyRevoke,
  keyRotate,
  userList,
  userAdd,
  userGrant,
  userUngrant,
  userDisable,
  userEnable,
  userLink,
  programList,
  programAdd,
  programKey,
  programDisable,
  programEnable,
  policyTest,
  policyExplain,
  integrationList,
  integrationPropose,
  integrationSuspend,
  integrationEnd,
  reviewList,
  reviewOpen,
  reviewShow,
  ledgerVerify,
  ledgerShow,
  posture,
  alertList,
  alertAcknowledge,
  call,
  guardCheck,
  guardRules,
  guardLearn,
  guardLearnTexts,
  classifier,
  scan,
  doctor,
  reload,
  schema,
];

/** The command that begins a command line, and what follows it. */
export function findCommand(argv: readonly string[]): { command: Command; rest: readonly string[] } | null {
  for (const command of COMMANDS) {
    const words = command.name.split(' ');
    if (words.every((word, i) => argv[i] === word)) return { command, rest: argv.slice(words.length) };
  }
  return null;
}
