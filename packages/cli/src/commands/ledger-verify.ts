import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { plural } from '@sallyport/core';
import {
  auditing,
  type ContentReport,
  loadConfig,
  type RecordReport,
  type StateReport,
  type Told,
} from '@sallyport/server/local';
import { connect, serverRuns } from '../client.ts';
import type { Command } from '../commands.ts';
import type { Options } from '../options.ts';
import { Progress, print, printJson } from '../output.ts';
import { keyWords, type PinnedLog, pinnedLog, rememberFirst } from '../pinned-log.ts';
import { readText } from '../read-text.ts';

/** Who says by which key, in words. */
const SAID: Readonly<Record<PinnedLog['by'], (pinned: PinnedLog) => string>> = {
  given: () => 'as given with --key',
  remembered: ({ files }) => `as this machine was told first (${files[0]})`,
  first: () => 'verified here for the first time and remembered; compare the key with one that you kept',
};

/** What came of the content, in a line. */
function contentWords({
  result,
  why,
  checked,
  partly,
  expired,
  shredded,
  unchecked,
  gone,
}: ContentReport): string {
  if (result === 'none') return 'content: none is kept';
  const parts = [
    `${checked} checked against their commitments`,
    ...(partly > 0 ? [`of which ${partly} are kept in part`] : []),
    ...(['expired', 'shredded'] as const).flatMap((kind) => {
      const many = kind === 'expired' ? expired : shredded;
      const events = gone
        .filter((one) => one.why === kind)
        .map((one) => `\`${one.system}\` by entry ${one.entry}`);
      return many > 0 ? [`${many} ${kind} (${events.join(', ')})`] : [];
    }),
    ...(unchecked > 0 ? [`${unchecked} NOT checked: ${why}`] : []),
  ];
  return `content: ${parts.join('; ')}`;
}

/** What came of the state, in a line. */
function stateWords({ result, why, exchanges, events, rows, waiting, expired }: StateReport): string {
  const later = waiting > 0 ? `; ${plural(waiting, 'entry is', 'entries are')} not read into it yet` : '';
  const granting = rows === null ? '' : `, ${rows} rows that grant something follow from it`;
  const missing = result === 'not-checked' ? `; rows that grant something are NOT checked: ${why}` : '';
  const gone = expired > 0 ? `, ${plural(expired, 'exchange has', 'exchanges have')} expired as it says` : '';
  return `state: ${exchanges} exchanges and ${events} events are as the log has them${gone}${granting}${missing}${later}`;
}

/** What waits in the journal, in words. */
function pendingWords({ pending, unauthenticated }: RecordReport): string {
  if (pending === 0) return '';
  return unauthenticated > 0
    ? `; ${plural(pending, 'entry more waits', 'entries more wait')} in the journal, NOT checked: the keys that say who wrote them are not here`
    : `; ${plural(pending, 'more is durable and waits', 'more are durable and wait')} for the next checkpoint`;
}

/** Asks a server that runs to sign what it has, and what it says of rows that grant something. */
async function askServer(options: Options): Promise<Told> {
  const client = await connect(options);
  const nonce = randomBytes(16).toString('hex');
  await client.call('POST', '/api/v1/ledger/checkpoint');
  const said = await client.call<Partial<Told>>('GET', `/api/v1/state?nonce=${nonce}`);
  return { nonce, rows: said.rows ?? [], seals: said.seals ?? [] };
}

/**
 * Recomputes the whole log from its files and the public key, and holds the sealed content and the state against it. Needs no server and
 * changes nothing. Exit 0: all of it holds; 1: some of it does not; 3: what was checked holds, and some was not checked.
 */
export const ledgerVerify: Command = {
  name: 'ledger verify',
  usage: 'ledger verify [--checkpoint FILE]… [--key FILE|KEY]…',
  summary: 'recompute the log from its files, and hold its content and the state against it',
  options: { checkpoint: { type: 'string', multiple: true }, key: { type: 'string', multiple: true } },
  async run(options) {
    const data = resolve(options.data);
    const folder = existsSync(join(data, 'ledger')) ? join(data, 'ledger') : data;
    const told = (await serverRuns(data)) ? await askServer(options) : undefined;
    const pinned = pinnedLog(options, data, folder);
    const progress = new Progress('verifying');
    const { auditRecord } = await auditing();
    const found = await auditRecord(
      {
        data,
        folder,
        config: loadConfig(options.config),
        rootKey: options.rootKey,
        verifierKeys: pinned.keys,
        checkpoints: [...options.texts('checkpoint').map(readText), ...pinned.seen],
        ...(told ? { told } : {}),
      },
      (done, of) => progress.update(done, of),
    );
    progress.end();
    const { content, state } = found;
    const problems = [...pinned.problems, ...found.problems, ...content.problems, ...(state?.problems ?? [])];
    const ok = problems.length === 0;
    const isWhole =
      content.result !== 'not-checked' && state?.result !== 'not-checked' && found.unauthenticated === 0;
    if (ok) rememberFirst(pinned, data, options.rootKey);
    const [origin, ...key] = (pinned.keys[0] ?? '').split('+');
    const installation = { origin, keyId: key[0], keys: pinned.keys, pinnedBy: pinned.by };
    if (options.json) printJson({ ...found, ok: ok && isWhole, problems, installation });
    else if (ok)
      print(
        `${isWhole ? 'ok' : 'NOT ALL WAS CHECKED'}: ${keyWords(pinned.keys[0]!)}, ${SAID[pinned.by](pinned)}`,
        `${found.size} entries verify, root ${found.rootHash}${pendingWords(found)}`,
        contentWords(content),
        ...(state ? [stateWords(state)] : []),
      );
    else {
      print(`NOT OK: ${plural(problems.length, 'problem')} in ${folder}`);
      for (const problem of problems)
        print(
          `  ${problem.file}${problem.entry === null ? '' : `, entry ${problem.entry}`}: ${problem.message}`,
        );
    }
    if (!ok) return 1;
    return isWhole ? 0 : 3;
  },
};
