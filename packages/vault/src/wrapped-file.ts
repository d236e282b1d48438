import { existsSync } from 'node:fs';
import { writeDurably } from './durable.ts';
import { envelopeKeyId, formatEnvelope, parseEnvelope } from './envelope.ts';
import type { KeyContext } from './key-context.ts';
import { readKeyFile } from './key-file.ts';
import type { KeyPurpose } from './key-purposes.ts';
import type { KeyRing } from './key-ring.ts';

/** A file with a wrapped key in it, and what that key is for. */
export interface WrappedFile {
  readonly path: string;
  readonly context: KeyContext & { readonly purpose: KeyPurpose };
}

interface Content {
  readonly envelope?: string;
}

const read = (path: string): Content | null =>
  existsSync(path) ? readKeyFile<Content>(path, () => true) : null;

/** The key that wraps what is in a file; null where there is none. */
export function parentOf({ path }: WrappedFile): string | null {
  const envelope = read(path)?.envelope;
  return envelope === undefined ? null : envelopeKeyId(envelope);
}

/** Wraps what is in a file under the newest key of its purpose. @returns whether it was under another */
export function rewrapFile({ path, context }: WrappedFile, ring: KeyRing): boolean {
  const content = read(path);
  if (content?.envelope === undefined || ring.isCurrent(envelopeKeyId(content.envelope))) return false;
  const key = ring.unwrap(parseEnvelope(content.envelope), context);
  const envelope = formatEnvelope(ring.wrap(context, key));
  writeDurably(path, `${JSON.stringify({ ...content, envelope })}\n`, 0o600);
  return true;
}
