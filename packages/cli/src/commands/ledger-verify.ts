import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { CodedError } from '@sallyport/core';
import { verifyLedger } from '@sallyport/ledger';
import { connect, serverRuns } from '../client.ts';
import type { Command } from '../commands.ts';
import { Progress, print, printJson } from '../output.ts';
import { readText } from '../read-text.ts';

/** Which file beside the log each copy outside is one of. */
const PINNED = { verifier: 'verifier.key', 'verifier-quantum-safe': 'verifier-quantum-safe.key' };

/** Copies of this installation's verifier keys outside its data folder: whoever rewrites the data misses them. */
function pinnedKeys(data: string): { path: string; file: string; key: string }[] {
  const file = join(data, 'installation.json');
  if (!existsSync(file)) return [];
  const { id } = JSON.parse(readFileSync(file, 'utf8')) as { id: string };
  const folder = join(process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'sallyport');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const file = Object.entries(PINNED).find(([ending]) => name.endsWith(`.${id}.${ending}`))?.[1];
    return file === undefined ? [] : [{ path, file, key: readText(path).trim() }];
  });
}

/** Recomputes the whole log from its files and the public key. Needs no server and changes nothing. */
export const ledgerVerify: Command = {
  name: 'ledger verify',
  usage: 'ledger verify [--checkpoint FILE]… [--key FILE]',
  summary: 'recompute the whole log from its files',
  options: { checkpoint: { type: 'string', multiple: true }, key: { type: 'string' } },
  async run(options) {
    const data = resolve(options.data);
    const folder = existsSync(join(data, 'ledger')) ? join(data, 'ledger') : data;
    if (await serverRuns(data)) {
      const client = await connect(options);
      await client.call('POST', '/api/v1/ledger/checkpoint');
    }
    const keyFile = options.text('key') ?? join(folder, 'verifier.key');
    if (!existsSync(keyFile))
      throw new CodedError('usage', `there is no log in \`${data}\`: \`${keyFile}\` is missing`);
    const own = options.text('key') === undefined;
    const second = join(folder, PINNED['verifier-quantum-safe']);
    const key = readText(keyFile).trim();
    const keys = own && existsSync(second) ? [key, readText(second).trim()] : key.split('\n');
    const progress = new Progress('verifying');
    const found = await verifyLedger(folder, keys, options.texts('checkpoint').map(readText), (done, of) =>
      progress.update(done, of),
    );
    progress.end();
    const foreign = own ? pinnedKeys(data).filter((pinned) => !keys.includes(pinned.key)) : [];
    const problems = [
      ...found.problems,
      ...foreign.map(({ path, file }) => ({
        file,
        entry: null,
        message: `the key beside the log is not the one kept in ${path}`,
      })),
    ];
    const report = { ...found, ok: problems.length === 0, problems };
    if (options.json) printJson(report);
    else if (report.ok)
      print(
        `ok: ${report.size} entries verify, root ${report.rootHash}${report.pending > 0 ? `; ${report.pending} more are durable and wait for the next checkpoint` : ''}`,
      );
    else {
      print(`NOT OK: ${report.problems.length} problems in ${folder}`);
      for (const problem of report.problems)
        print(
          `  ${problem.file}${problem.entry === null ? '' : `, entry ${problem.entry}`}: ${problem.message}`,
        );
    }
    return report.ok ? 0 : 1;
  },
};
