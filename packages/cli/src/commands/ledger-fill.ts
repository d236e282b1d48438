import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CodedError } from '@sallyport/core';
import { fillLedger, VERIFIER_FILES } from '@sallyport/ledger';
import { auditing, loadConfig } from '@sallyport/server/local';
import type { Command } from '../commands.ts';
import { Progress, print, printJson } from '../output.ts';
import { readText } from '../read-text.ts';

/** Brings a log that was restored up to what its witnesses saw. */
export const ledgerFill: Command = {
  name: 'ledger fill',
  usage: 'ledger fill --from FOLDER',
  summary: 'fetch what a restored log lacks from a newer copy of it, which must verify and go on from it',
  options: { from: { type: 'string' } },
  async run(options) {
    const data = resolve(options.data);
    const folder = join(data, 'ledger');
    const keys = VERIFIER_FILES.map((name) => join(folder, name));
    const missing = keys.find((path) => !existsSync(path));
    if (missing !== undefined)
      throw new CodedError('usage', `there is no log in \`${data}\`: \`${missing}\` is missing`);
    const from = resolve(options.needed('from'));
    const copy = existsSync(join(from, 'ledger')) ? join(from, 'ledger') : from;
    if (!existsSync(join(copy, 'checkpoint')))
      throw new CodedError('usage', `\`${copy}\` holds no log: it has no checkpoint`);
    const { DataFolderLock } = await import('@sallyport/store');
    const lock = DataFolderLock.acquire(data);
    const progress = new Progress('verifying the copy');
    try {
      const { auditCopy } = await auditing();
      const place = { data, config: loadConfig(options.config), rootKey: options.rootKey };
      const content = await auditCopy(place, copy);
      const done = await fillLedger(
        folder,
        copy,
        keys.map((path) => readText(path).trim()),
        content,
        (at, of) => progress.update(at, of),
      );
      progress.end();
      const { checked, unchecked } = content.report();
      if (options.json) printJson({ ...done, content: { checked, unchecked } });
      else {
        print(`the log goes from ${done.before} to ${done.after} entries`);
        print(`content: ${checked} checked against their commitments`);
        if (unchecked > 0)
          print(`${unchecked} NOT checked: they are not in the copy, or their keys are not here`);
      }
      return 0;
    } finally {
      lock.release();
    }
  },
};
