import { lstatSync, type Stats, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CodedError } from '@sallyport/core';

/** Who asks for a file, and how. */
interface Asking {
  /** Whether somebody named the path, rather than that it lay in the folder where they stood. */
  readonly named?: boolean;
  /** User who runs this; the one of this process where absent, null where the system knows none. */
  readonly user?: number | null;
  /** User who became root to run this. */
  readonly before?: number | null;
}

const ROOT = 0;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

const numberOf = (text: string | undefined): number | null =>
  text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : null;

/** A volume that somebody mounted as root, as containers get them: whoever may write there was chosen by who mounted it. */
function isVolume(path: string, found: Stats): boolean {
  if (!found.isDirectory() || found.uid !== ROOT || (found.mode & STICKY) !== 0) return false;
  return statSync(dirname(resolve(path))).dev !== found.dev;
}

/**
 * Refuses a file, folder or socket that another user could have laid there: commands do what it says. It must belong to whoever
 * runs the command or to root, and nobody else may write to it, members of its group aside. Root may name what belongs to
 * others, and has what belongs to whom it was before (`sudo`). What is not there is fine; so are systems that know no users.
 * @param what it is, in words @throws CodedError `owner-untrusted`
 */
export function requireTrusted(path: string, what: string, asking: Asking = {}): void {
  const { named = false, user = process.getuid?.() ?? null } = asking;
  const { before = numberOf(process.env['SUDO_UID']) } = asking;
  if (user === null) return;
  const link = lstatSync(path, { throwIfNoEntry: false });
  if (link === undefined) return;
  // A link that leads nowhere is held to what it is itself.
  const found = statSync(path, { throwIfNoEntry: false }) ?? link;
  const refuse = (why: string, help: string): never => {
    throw new CodedError('owner-untrusted', `the ${what} \`${path}\` ${why}; ${help}`);
  };
  for (const { uid } of [link, found]) {
    if (uid === user || uid === ROOT || (user === ROOT && (named || uid === before))) continue;
    refuse(
      `belongs to another user (${uid}), not to you (${user})`,
      user === ROOT
        ? 'name it by its option if you mean it'
        : `run this as that user, or \`chown\` it to yourself`,
    );
  }
  if ((found.mode & OTHERS_WRITE) !== 0 && !isVolume(path, found))
    refuse('may be written by every user of this machine', '`chmod o-w` it, once you know what it says');
}
