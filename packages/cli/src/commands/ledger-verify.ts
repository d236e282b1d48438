import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { verifyLedger } from '@sallyport/ledger';
import { connect, serverRuns } from '../client.ts';
import type { Command } from '../commands.ts';
import { Progress, print, printJson } from '../output.ts';
import { keyWords, type PinnedLog, pinnedLog, rememberFirst } from '../pinned-log.ts';
import { readText } from '../read-text.ts';

/** Who says by which key, in words. */
const SAID: Readonly<Record<PinnedLog['by'], (pinned: PinnedLog) => string>> = {
  given: () => 'as given with --key',
  remembered: ({ files }) => `as this machine was told first (${files[0]})`,
  first: () => 'verified here for the first time and remembered; compare the key with one that you kept',
};

/** Recomputes the whole log from its files and the public key. Needs no server and changes nothing. */
export const ledgerVerify: Command = {
  name: 'ledger verify',
  usage: 'ledger verify [--checkpoint FILE]… [--key FILE|KEY]…',
  summary: 'recompute the whole log from its files, by the keys that this machine was told first',
  options: { checkpoint: { type: 'string', multiple: true }, key: { type: 'string', multiple: true } },
  async run(options) {
    const data = resolve(options.data);
    const folder = existsSync(join(data, 'ledger')) ? join(data, 'ledger') : data;
    if (await serverRuns(data)) {
      const client = await connect(options);
      await client.call('POST', '/api/v1/ledger/checkpoint');
    }
    const pinned = pinnedLog(options, data, folder);
    const progress = new Progress('verifying');
    const found = await verifyLedger(
      folder,
      pinned.keys,
      options.texts('checkpoint').map(readText),
      (done, of) => progress.update(done, of),
    );
    progress.end();
    const problems = [...pinned.problems, ...found.problems];
    const ok = problems.length === 0;
    if (ok) rememberFirst(pinned, data, options.rootKey);
    const [origin, ...key] = (pinned.keys[0] ?? '').split('+');
    const installation = { origin, keyId: key[0], keys: pinned.keys, pinnedBy: pinned.by };
    const report = { ...found, ok, problems, installation };
    if (options.json) printJson(report);
    else if (ok)
      print(
        `ok: ${keyWords(pinned.keys[0]!)}, ${SAID[pinned.by](pinned)}`,
        `${report.size} entries verify, root ${report.rootHash}${report.pending > 0 ? `; ${report.pending} more are durable and wait for the next checkpoint` : ''}`,
      );
    else {
      print(`NOT OK: ${problems.length} problems in ${folder}`);
      for (const problem of problems)
        print(
          `  ${problem.file}${problem.entry === null ? '' : `, entry ${problem.entry}`}: ${problem.message}`,
        );
    }
    return ok ? 0 : 1;
  },
};
