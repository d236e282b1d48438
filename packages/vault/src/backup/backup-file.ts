import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { CodedError } from '@sallyport/core';
import { type Extract, extract, pack } from 'tar-stream';
import { decryptAge, encryptAge } from '../age/file.ts';
import type { AgeIdentity, AgeRecipient } from '../age/recipients.ts';
import { writePieces } from '../durable.ts';

const FORMAT = 'sallyport-backup/2';
/** What backups were before they were signed. */
const UNSIGNED_FORMAT = 'sallyport-backup/1';
const MANIFEST = 'manifest.json';
const MANIFEST_BYTES_MAX = 512 * 1024 * 1024;
const SIGNATURE = 'manifest.sig';
const SIGNATURE_BYTES_MAX = 64 * 1024;
/** When tar says that a file was changed: the manifest says when the backup was made. */
const NO_TIME = new Date(0);

/** One file of a backup. */
export interface BackupFile {
  /** With slashes, within the backup. */
  readonly path: string;
  readonly bytes: number;
  readonly pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** What a backup says of itself; it comes last, so that files are read once. */
export interface BackupManifest {
  readonly format: string;
  /** Of what it is a backup, and as of when. */
  readonly about: Readonly<Record<string, unknown>>;
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[];
}

/** A backup, read to its end: what it says of itself, and who says so. */
export interface BackupRead {
  readonly manifest: BackupManifest;
  /** SHA-256 of the manifest, which holds that of every file. */
  readonly digest: Buffer;
  /** As {@link writeBackup} was given it; not checked. Null in backups of before they were signed. */
  readonly signature: string | null;
}

const fault = (message: string): CodedError =>
  new CodedError('sealed-content-unreadable', `the backup does not read: ${message}`);

type Archive = ReturnType<typeof pack>;
type Entry = Extract extends AsyncIterable<infer Each> ? Each : never;

async function add(archive: Archive, { path, bytes, pieces }: BackupFile): Promise<string> {
  const digest = createHash('sha256');
  let given = 0;
  await new Promise<void>((done, fail) => {
    const entry = archive.entry({ name: path, size: bytes, mode: 0o600, mtime: NO_TIME }, (error) =>
      error ? fail(error) : done(),
    );
    entry.on('error', fail);
    // Once each, not once for every time that it was full.
    let go = (): void => {};
    entry.on('drain', () => go());
    entry.on('close', () => go());
    const feed = async (): Promise<void> => {
      for await (const piece of pieces) {
        digest.update(piece);
        given += piece.length;
        if (given > bytes) throw new CodedError('internal', `\`${path}\` grew while it was copied`);
        if (!entry.write(Buffer.from(piece)) && !entry.destroyed)
          await new Promise<void>((room) => {
            go = room;
          });
      }
      if (given < bytes) throw new CodedError('internal', `\`${path}\` shrank while it was copied`);
      entry.end(null);
    };
    feed().catch((error: Error) => {
      fail(error);
      archive.destroy();
    });
  });
  return digest.digest('hex');
}

/**
 * Writes files as one backup: a tar archive in an age file, which an unmodified `age` opens. It stands under its name
 * only when it is whole and on the disk.
 * @param path must not exist yet
 * @param sign over the SHA-256 of the manifest and the number of files; what it gives is the last entry
 * @returns the manifest, and the bytes and SHA-256 of the file
 */
export async function writeBackup(
  path: string,
  recipients: readonly AgeRecipient[],
  about: Readonly<Record<string, unknown>>,
  files: AsyncIterable<BackupFile>,
  sign: (digest: Buffer, files: number) => string,
): Promise<{ readonly manifest: BackupManifest; readonly bytes: number; readonly sha256: string }> {
  const archive = pack();
  const noted: BackupManifest['files'][number][] = [];
  const manifest: BackupManifest = { format: FORMAT, about, files: noted };
  const fill = async (): Promise<void> => {
    for await (const file of files) {
      const sha256 = await add(archive, file);
      noted.push({ path: file.path, bytes: file.bytes, sha256 });
    }
    const text = Buffer.from(`${JSON.stringify(manifest)}\n`);
    await add(archive, { path: MANIFEST, bytes: text.length, pieces: [text] });
    const signature = Buffer.from(sign(hash('sha256', text, 'buffer'), noted.length));
    await add(archive, { path: SIGNATURE, bytes: signature.length, pieces: [signature] });
    archive.finalize();
  };
  const digest = createHash('sha256');
  let bytes = 0;
  let filled: Promise<Error | null> = Promise.resolve(null);
  async function* counted(): AsyncGenerator<Uint8Array> {
    filled = fill().then(
      () => null,
      (error: Error) => {
        archive.destroy();
        return error;
      },
    );
    for await (const piece of encryptAge(recipients, archive as AsyncIterable<Buffer>)) {
      digest.update(piece);
      bytes += piece.length;
      yield piece;
    }
    const failed = await filled;
    if (failed) throw failed;
  }
  try {
    await writePieces(path, counted(), 0o600, true);
  } catch (error) {
    archive.destroy();
    throw (await filled) ?? error;
  }
  return { manifest, bytes, sha256: digest.digest('hex') };
}

const isWithin = (path: string): boolean =>
  path !== '' &&
  !path.startsWith('/') &&
  !/[\\\0]/.test(path) &&
  !path.split('/').some((part) => /^\.{0,2}$/.test(part));

async function* hashed(
  entry: Entry,
  note: (sha256: string, bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const digest = createHash('sha256');
  let bytes = 0;
  for await (const piece of entry as AsyncIterable<Buffer>) {
    digest.update(piece);
    bytes += piece.length;
    yield piece;
  }
  note(digest.digest('hex'), bytes);
}

function readManifest(text: string): BackupManifest {
  try {
    const manifest = JSON.parse(text) as BackupManifest;
    const isKnown = manifest.format === FORMAT || manifest.format === UNSIGNED_FORMAT;
    if (isKnown && Array.isArray(manifest.files)) return manifest;
  } catch {
    // Said below.
  }
  throw fault('its manifest is not one that was written here');
}

async function short(entry: Entry, size: number, most: number, what: string): Promise<Buffer> {
  if (size > most) throw fault(`its ${what} is too long`);
  const pieces: Buffer[] = [];
  for await (const piece of entry as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Every file that the manifest names, in its order, and no other. */
function requireSame(manifest: BackupManifest, found: ReadonlyMap<string, Measured>): void {
  const names = [...found.keys()];
  if (manifest.files.length !== names.length || manifest.files.some(({ path }, i) => path !== names[i]))
    throw fault('its manifest names other files, or in another order');
  for (const file of manifest.files) {
    const own = found.get(file.path)!;
    if (own.sha256 !== file.sha256 || own.bytes !== file.bytes)
      throw fault(`\`${file.path}\` is not what its manifest says`);
  }
}

interface Measured {
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Reads a backup, file by file. Each piece is authentic; that nothing is missing is known at the end, so what was
 * taken from it counts only once this has returned, and who made it was found to be someone who may.
 * @param take reads all pieces of a file
 * @throws CodedError `sealed-content-unreadable` where it was changed, cut off, or is for somebody else
 */
export async function readBackup(
  path: string,
  identities: readonly AgeIdentity[],
  take: (file: BackupFile) => Promise<void>,
): Promise<BackupRead> {
  const archive = extract();
  const source = Readable.from(decryptAge(identities, createReadStream(path) as AsyncIterable<Buffer>));
  let failed: Error | null = null;
  source.on('error', (error) => {
    failed = error;
    archive.destroy(error);
  });
  archive.on('error', () => source.destroy());
  source.pipe(archive);
  const found = new Map<string, Measured>();
  let manifest: BackupManifest | null = null;
  let digest = Buffer.alloc(0);
  let signature: string | null = null;
  try {
    for await (const entry of archive) {
      const { name, size = 0, type } = entry.header;
      if (manifest && (name !== SIGNATURE || signature !== null || manifest.format !== FORMAT))
        throw fault('something stands behind its manifest');
      if (type !== 'file' || !isWithin(name) || found.has(name))
        throw fault(`\`${name}\` is no file of its own`);
      if (manifest) {
        signature = (await short(entry, size, SIGNATURE_BYTES_MAX, 'signature')).toString();
        continue;
      }
      if (name === MANIFEST) {
        const text = await short(entry, size, MANIFEST_BYTES_MAX, 'manifest');
        digest = hash('sha256', text, 'buffer');
        manifest = readManifest(text.toString());
        continue;
      }
      const pieces = hashed(entry, (sha256, bytes) => found.set(name, { sha256, bytes }));
      await take({ path: name, bytes: size, pieces });
      if (!found.has(name)) throw new CodedError('internal', `\`${name}\` was not read to its end`);
    }
  } catch (error) {
    source.destroy();
    if (failed) throw failed;
    if (error instanceof CodedError || (error as NodeJS.ErrnoException).code !== undefined) throw error;
    throw fault((error as Error).message);
  }
  if (failed) throw failed;
  if (!manifest) throw fault('it has no manifest');
  if (manifest.format === FORMAT && signature === null) throw fault('its signature is missing');
  requireSame(manifest, found);
  return { manifest, digest, signature };
}
