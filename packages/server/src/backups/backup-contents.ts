import { createReadStream, type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type CopiedFile, readPlain } from '@sallyport/ledger';
import type { BackupFile } from '@sallyport/vault';
import type { Installation } from '../installation.ts';

/** Bytes of state in one file of a backup: what is held in memory at a time. */
const STATE_BYTES = 4 * 1024 * 1024;
/** Files up to this size are keys and notes; larger ones are never changed once they have their name. */
const SMALL_BYTES = 1024 * 1024;
/** What is copied as of one moment, or belongs to a process that runs. */
const APART = /^(?:ledger|reserve|state\.db.*|lock\.db.*|control\.sock|restore-.*|.*\.(?:new|partial))$/;

const whole = (path: string, content: Buffer): BackupFile => ({
  path,
  bytes: content.length,
  pieces: [content],
});

async function* statePieces(lines: AsyncIterable<string>): AsyncGenerator<BackupFile> {
  let part = 0;
  let held: Buffer[] = [];
  let bytes = 0;
  const next = (): BackupFile => {
    const content = Buffer.concat(held);
    held = [];
    bytes = 0;
    return whole(`state/${String(part++).padStart(6, '0')}.jsonl`, content);
  };
  for await (const line of lines) {
    const piece = Buffer.from(line);
    held.push(piece);
    bytes += piece.length;
    if (bytes >= STATE_BYTES) yield next();
  }
  yield next();
}

/** What lies open while it is scanned, or is being received: it is in nobody's backup, and goes at any moment. */
const PASSING = /^artefacts\/(?:open-[^/]*|under-way)$/;

/** What lies in a folder, in order; nothing where it has gone. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** A file as it is; null where it has gone. Small ones, which may be replaced any moment, are read in one piece. */
function copied(path: string, name: string): BackupFile | null {
  try {
    const bytes = statSync(path).size;
    if (bytes <= SMALL_BYTES) return whole(name, readFileSync(path));
    return { path: name, bytes, pieces: createReadStream(path, { end: bytes - 1 }) as AsyncIterable<Buffer> };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function* filesIn(folder: string, under: string, apart: RegExp | null): Generator<BackupFile> {
  for (const entry of entriesOf(folder)) {
    if (apart?.test(entry.name) || /\.(?:new|partial)$/.test(entry.name)) continue;
    const path = join(folder, entry.name);
    const name = under === '' ? entry.name : `${under}/${entry.name}`;
    if (PASSING.test(name)) continue;
    if (entry.isDirectory()) yield* filesIn(path, name, null);
    else if (entry.isFile()) {
      const file = copied(path, name);
      if (file) yield file;
    }
  }
}

async function* logFiles(
  first: IteratorResult<CopiedFile>,
  rest: AsyncGenerator<CopiedFile>,
): AsyncGenerator<BackupFile> {
  if (first.done) return;
  for (let file: CopiedFile | null = first.value; file !== null; ) {
    yield { ...file, path: `ledger/${file.path}` };
    const next: IteratorResult<CopiedFile> = await rest.next();
    file = next.done ? null : next.value;
  }
}

/**
 * Everything in a data folder, while it serves. State comes first, then the log as of the same moment: all that the state has seen, and
 * no change that it has not. Then keys and sealed files, of which there are at least those that both name.
 */
export async function* dataContents({ folder, store, ledger }: Installation): AsyncGenerator<BackupFile> {
  // What is still to be signed takes its time, and only the rest of it holds changes up.
  await ledger.checkpointNow();
  const log = ledger.copy();
  try {
    let first: IteratorResult<CopiedFile> | undefined;
    const state = await store.dump(async () => {
      first = await log.next();
    });
    yield* statePieces(state);
    yield* logFiles(first!, log);
  } finally {
    await log.return(undefined);
  }
  for (const name of readdirSync(join(folder, 'ledger')).filter((one) => /\.key$|\.cosigned$/.test(one))) {
    const content = readPlain(join(folder, 'ledger', name), SMALL_BYTES);
    if (content) yield whole(`ledger/${name}`, content);
  }
  yield* filesIn(folder, '', APART);
}

/** What the root key's files begin with in a backup of keys, instead of their own name. */
export const ROOT_NAME = 'root.key';

/** Whether a name at the top of a backup of keys is that of a root key, or of what lies beside it. */
export function isRootPart(name: string, id: string): boolean {
  if (!name.startsWith(ROOT_NAME)) return false;
  const suffix = name.slice(ROOT_NAME.length);
  return suffix === '' || suffix === '.passphrase' || suffix.startsWith(`.${id}.`);
}

/** The root key, where it is a file, and all that lies beside it, apart from the data. */
export async function* keyContents({ rootKey, id }: Installation): AsyncGenerator<BackupFile> {
  const folder = dirname(rootKey.path);
  const own = basename(rootKey.path);
  for (const name of readdirSync(folder).sort()) {
    const under = `${ROOT_NAME}${name.slice(own.length)}`;
    if (!name.startsWith(own) || !isRootPart(under, id) || name.endsWith('.new')) continue;
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* filesIn(path, under, null);
    else yield whole(under, readFileSync(path));
  }
}
