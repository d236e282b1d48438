import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CodedError, plural } from '@sallyport/core';
import {
  parseVerifierKey,
  VERIFIER_FILES,
  type VerifierKey,
  verifyProof,
  type WitnessPolicy,
} from '@sallyport/ledger';
import { withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import { logKeys } from '../log-keys.ts';
import type { Options } from '../options.ts';
import { print, printFault, printJson } from '../output.ts';
import { writeOutput } from '../output-file.ts';
import { readText } from '../read-text.ts';

/** Writes proofs that something is in the record. */
export const ledgerProve: Command = {
  name: 'ledger prove',
  usage: 'ledger prove EXCHANGE-ID|EVENT-ID [--out DIR]',
  summary: 'write proofs that a call or an event is in the record; its public keys are enough to check them',
  options: { out: { type: 'string' } },
  async run(options) {
    const [id] = options.positionals;
    if (id === undefined) throw new CodedError('usage', 'name a call (`exc_…`) or an event (`evt_…`)');
    const { proofs, witnesses, asked } = await withClient(options, (client) =>
      client.call<{
        proofs: { name: string; index: number; proof: string }[];
        witnesses: string[];
        asked: number;
      }>('GET', `/api/v1/ledger/proofs/${encodeURIComponent(id)}`),
    );
    const folder = options.text('out') ?? '.';
    const files = proofs.map(({ name, proof }) => {
      const path = join(folder, name);
      writeOutput(path, proof);
      return path;
    });
    if (options.json) printJson({ files, witnesses });
    else print(...files);
    if (asked > 0 && witnesses.length === 0)
      printFault(
        'sallyport: no witness has cosigned these entries yet: ask again after the next round (`record.everySeconds`)',
      );
    return 0;
  },
};

/** The latest of some times, in seconds since 1970; null where none is told, or it is beyond what a calendar has. */
function timeOf(seconds: readonly number[]): string | null {
  const latest = new Date(Math.max(0, ...seconds) * 1000);
  return latest.getTime() > 0 ? latest.toISOString() : null;
}

/** Keys that a file holds, a line each, or that stand there themselves. @throws CodedError `usage` */
const keysIn = (given: string): VerifierKey[] => logKeys(given).map(parseVerifierKey);

function keysOfLog(options: Options): VerifierKey[] {
  const named = options.texts('key');
  const folder = join(resolve(options.data), 'ledger');
  const files =
    named.length > 0 ? named : VERIFIER_FILES.map((name) => join(folder, name)).filter(existsSync);
  if (files.length === 0) throw new CodedError('usage', 'name the public keys of the log with --key FILE');
  return files.flatMap(keysIn);
}

function witnessesOf(options: Options): WitnessPolicy {
  const keys = options.texts('witness').flatMap(keysIn);
  const known = new Set(keys.map(({ name }) => name)).size;
  const quorum = options.whole('quorum', 1, 1_000);
  if (quorum !== undefined && quorum > known)
    throw new CodedError(
      'usage',
      `--quorum ${quorum} is more than --witness names: ${plural(known, 'witness', 'witnesses')}`,
    );
  return { keys, quorum };
}

/** Checks proofs, with nothing but the public keys of the log, and of witnesses where they are named. */
export const ledgerVerifyProof: Command = {
  name: 'ledger verify-proof',
  usage: 'ledger verify-proof FILE… [--key FILE|KEY]… [--witness FILE|KEY]… [--quorum N]',
  summary:
    'check proofs of entries, with nothing but public keys: of the log, and of witnesses of which so many (or all) must have cosigned; exit 1 for any that does not hold',
  options: {
    key: { type: 'string', multiple: true },
    witness: { type: 'string', multiple: true },
    quorum: { type: 'string' },
  },
  async run(options) {
    if (options.positionals.length === 0)
      throw new CodedError('usage', 'name files that `ledger prove` wrote');
    const keys = keysOfLog(options);
    const policy = witnessesOf(options);
    const results = options.positionals.map((file) => {
      try {
        const { entry, index, checkpoint, signedAt, witnesses } = verifyProof(readText(file), keys, policy);
        return {
          file,
          ok: true as const,
          index,
          origin: checkpoint.origin,
          size: checkpoint.size,
          at: timeOf(signedAt),
          witnesses: witnesses.map(({ name, at }) => ({ name, at: timeOf([at]) })),
          entry: JSON.parse(Buffer.from(entry).toString()) as unknown,
        };
      } catch (fault) {
        if (fault instanceof CodedError && fault.code === 'usage') throw fault;
        return { file, ok: false as const, message: (fault as Error).message };
      }
    });
    const ok = results.every((result) => result.ok);
    if (options.json) printJson({ ok, results });
    else
      for (const result of results) {
        if (!result.ok) {
          print(`NOT OK: ${result.file}: ${result.message}`);
          continue;
        }
        const { file, index, origin, size, at, witnesses, entry } = result;
        const cosigned = witnesses.map(({ name }) => name).join(', ');
        print(
          `ok: ${file}: entry ${index} of ${size} of ${origin}${at === null ? '' : `, signed ${at}`}${cosigned === '' ? '' : `, cosigned by ${cosigned}`}`,
        );
        printJson(entry);
      }
    return ok ? 0 : 1;
  },
};
