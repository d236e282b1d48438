import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CodedError } from '@sallyport/core';
import { parseVerifierKey, VERIFIER_FILES, type VerifierKey, verifyProof } from '@sallyport/ledger';
import { withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import type { Options } from '../options.ts';
import { print, printJson } from '../output.ts';
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
    const { proofs } = await withClient(options, (client) =>
      client.call<{ proofs: { name: string; index: number; proof: string }[] }>(
        'GET',
        `/api/v1/ledger/proofs/${encodeURIComponent(id)}`,
      ),
    );
    const folder = options.text('out') ?? '.';
    const files = proofs.map(({ name, proof }) => {
      const path = join(folder, name);
      writeOutput(path, proof);
      return path;
    });
    if (options.json) printJson({ files });
    else print(...files);
    return 0;
  },
};

function keysOf(options: Options): VerifierKey[] {
  const named = options.texts('key');
  const folder = join(resolve(options.data), 'ledger');
  const files =
    named.length > 0 ? named : VERIFIER_FILES.map((name) => join(folder, name)).filter(existsSync);
  if (files.length === 0) throw new CodedError('usage', 'name the public keys of the log with --key FILE');
  return files.flatMap((file) => readText(file).trim().split('\n').map(parseVerifierKey));
}

/** Checks proofs, with nothing but the public keys of the log. */
export const ledgerVerifyProof: Command = {
  name: 'ledger verify-proof',
  usage: 'ledger verify-proof FILE… [--key FILE]…',
  summary:
    'check proofs of entries, with nothing but the public keys of the log; exit 1 for any that does not hold',
  options: { key: { type: 'string', multiple: true } },
  async run(options) {
    if (options.positionals.length === 0)
      throw new CodedError('usage', 'name files that `ledger prove` wrote');
    const keys = keysOf(options);
    const results = options.positionals.map((file) => {
      try {
        const { entry, index, checkpoint, signedAt } = verifyProof(readText(file), keys);
        const times = signedAt.filter((seconds) => seconds > 0);
        const at = times.length === 0 ? null : new Date(Math.max(...times) * 1000).toISOString();
        return {
          file,
          ok: true as const,
          index,
          origin: checkpoint.origin,
          size: checkpoint.size,
          at,
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
        const { file, index, origin, size, at, entry } = result;
        print(`ok: ${file}: entry ${index} of ${size} of ${origin}${at === null ? '' : `, signed ${at}`}`);
        printJson(entry);
      }
    return ok ? 0 : 1;
  },
};
