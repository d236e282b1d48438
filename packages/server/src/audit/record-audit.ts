import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, type Config } from '@sallyport/core';
import {
  type BelievedCheckpoint,
  type EntryVisitor,
  formatVerifierKey,
  type JournalSigner,
  type LedgerReport,
  parseVerifierKey,
  strayFiles,
  verifierKeysOf,
  verifyLedger,
  verifyRaw,
} from '@sallyport/ledger';
import { viewState } from '@sallyport/store';
import { resolveSecret } from '../config-file.ts';
import { type ReadKeys, readKeys } from '../key-home.ts';
import { outboxBytes } from '../state-watch.ts';
import { logName } from '../verifier-files.ts';
import { ContentAudit, type ContentAuditOptions, type ContentReport } from './content-audit.ts';
import { StateAudit } from './state-audit.ts';
import { type StateReport, unread } from './state-report.ts';
import { isVouched, type Told } from './vouched.ts';

/** What came of verifying a log with the content beside it and the state that follows from it. */
export interface RecordReport extends LedgerReport {
  readonly content: ContentReport;
  /** Null where a log lies here and no installation. */
  readonly state: StateReport | null;
}

/** Where a record lies, and what it is verified by. */
export interface RecordPlace {
  /** The data folder; that of the log alone where no installation is. */
  readonly data: string;
  /** Folder of the log. */
  readonly folder: string;
  readonly config: Config;
  readonly rootKey: string | undefined;
  readonly verifierKeys: readonly string[];
  readonly checkpoints: readonly (string | BelievedCheckpoint)[];
  /** What something that answers on the socket of this folder says of rows that grant something: believed where it signs as the log does. */
  readonly told?: Told;
}

/** Both audits, shown each entry in turn. */
export function visitorOf(content: ContentAudit, state: StateAudit | null): EntryVisitor {
  return {
    begin: (size) => {
      content.begin(size);
      state?.begin();
    },
    entry: async (index, leaf, payload) => {
      await content.entry(index, leaf, payload);
      await state?.entry(index, leaf);
    },
    wants: async (bundle) => (await content.wants(bundle)) || (state?.wants(bundle) ?? false),
    passed: (bundle) => {
      content.passed(bundle);
      state?.passed(bundle);
    },
    withheld: (entries) => state?.withheld(entries),
  };
}

/** The keys that open content, or why they are not at hand; and those that may have signed the log. */
async function keysOf(
  { data, config, rootKey }: Pick<RecordPlace, 'data' | 'config' | 'rootKey'>,
  id: string | null,
): Promise<ContentAuditOptions['keys'] & Partial<Pick<ReadKeys, 'signing'>>> {
  if (id === null) return { missing: 'the data keys are not here' };
  const read = () => readKeys(data, id, config.keys, rootKey);
  try {
    let keys = await read();
    const refresh = async (): Promise<void> => {
      keys = await read();
    };
    return { open: () => keys.dataKeys, refresh, signing: keys.signing };
  } catch (fault) {
    if (!(fault instanceof CodedError)) throw fault;
    return { missing: fault.message };
  }
}

/** Who may have written the journal of a log that is verified by these keys; null where none of them is at hand. */
function journalSigners(
  id: string | null,
  signing: ReadKeys['signing'] = [],
  verifierKeys: readonly string[],
): readonly JournalSigner[] | null {
  if (id === null) return null;
  const name = logName(id);
  const isOfLog = signing.some((key) =>
    verifierKeysOf({ name, ...key }).some((one) => verifierKeys.includes(formatVerifierKey(one))),
  );
  return isOfLog ? signing.map(({ sign }) => ({ name, sign })) : null;
}

/** Holds the content of a copy of the log against its entries, with the keys of an installation, which may be older. @param copy folder of the log */
export async function auditCopy(
  { data, config, rootKey }: Pick<RecordPlace, 'data' | 'config' | 'rootKey'>,
  copy: string,
): Promise<ContentAudit> {
  return new ContentAudit({
    folder: copy,
    keys: await keysOf({ data, config, rootKey }, installationIn(data)),
    isLogAlone: !existsSync(join(copy, 'content')),
    areKeysOlder: true,
  });
}

async function stateOf(
  place: RecordPlace,
): Promise<{ audit: StateAudit; close: () => Promise<void> } | StateReport> {
  const { data, config, verifierKeys, told } = place;
  const file = join(data, 'state.db');
  try {
    const url = config.database ? resolveSecret(config.database.urlRef) : null;
    if (config.database && url === null)
      return unread('not-checked', `\`${config.database.urlRef}\` holds nothing`);
    if (url === null && !existsSync(file)) return unread('bad', 'the file is missing');
    const view = await viewState(url === null ? { file } : { url });
    const key = parseVerifierKey(verifierKeys[0]!);
    const isSealed = (text: string, seal: string): boolean =>
      verifyRaw(key, outboxBytes(text), Buffer.from(seal, 'base64'));
    return {
      audit: new StateAudit({ view, isSealed, ...(told ? { told: told.rows } : {}) }),
      close: () => view.close(),
    };
  } catch (fault) {
    // A copy that may not be written to is no changed one.
    const isLocked = !config.database && fault instanceof CodedError && fault.code === 'database-unavailable';
    return unread(isLocked ? 'not-checked' : 'bad', `the state cannot be read: ${(fault as Error).message}`);
  }
}

/** Said where something answers that is no server of this log. */
const NO_SERVER = 'what answers here does not sign with the key of this log: it is another program';

/** Which installation a data folder is of; null where none is. */
function installationIn(data: string): string | null {
  const file = join(data, 'installation.json');
  return existsSync(file) ? String((JSON.parse(readFileSync(file, 'utf8')) as { id?: unknown }).id) : null;
}

/**
 * Verifies a log from its files, with the sealed content beside it and the state that follows from it. Needs no server and changes nothing.
 * @param onProgress entries done, and how many there are
 */
export async function auditRecord(
  given: RecordPlace,
  onProgress: (done: number, size: number) => void,
): Promise<RecordReport> {
  const { told, ...rest } = given;
  const isServer = told !== undefined && isVouched(told, given.verifierKeys[0] ?? '');
  // Whoever may write to the folder may answer in it, too.
  const place: RecordPlace = isServer ? given : rest;
  const { data, folder, verifierKeys, checkpoints } = place;
  const id = installationIn(data);
  const isLogAlone = id === null && !existsSync(join(folder, 'content'));
  const keys = await keysOf(place, id);
  const signers = journalSigners(id, keys.signing, verifierKeys);
  const content = new ContentAudit({ folder, keys, isLogAlone });
  const state = id === null ? null : await stateOf(place);
  const audit = state && 'audit' in state ? state.audit : null;
  try {
    const visitor = visitorOf(content, audit);
    const log = await verifyLedger(folder, verifierKeys, checkpoints, onProgress, visitor, null, signers);
    // A copy may have what its keeper put beside it; while a server runs, names come and go.
    const stray = id === null || isServer ? [] : strayFiles(folder);
    if (told && !isServer) stray.push({ file: 'control.sock', entry: null, message: NO_SERVER });
    return {
      ...log,
      ok: log.ok && stray.length === 0,
      problems: [...log.problems, ...stray],
      content: content.report(),
      state: audit ? await audit.report() : (state as StateReport | null),
    };
  } finally {
    if (state && 'close' in state) await state.close();
  }
}
