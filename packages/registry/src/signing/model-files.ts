import { lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { CodedError } from '@sallyport/core';

/** One file of a model. */
export interface ModelFile {
  /** Relative to the folder of the model, with `/`. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
}

const FILES_MAX = 1_000_000;
/** What belongs to version control and not to a model; the reference signer leaves out the same. */
export const GIT_PATHS: readonly string[] = ['.git', '.gitattributes', '.github', '.gitignore'];

const isBelow = (name: string, ignored: string): boolean =>
  name === ignored || name.startsWith(`${ignored}/`);

/**
 * The files of a model, sorted by name; a model that is one file has that file.
 * @param ignored paths relative to the folder
 * @throws CodedError `usage` for symbolic links unless they are allowed, and for what is neither file nor folder
 */
export function modelFiles(
  root: string,
  { ignored = [], allowLinks = false }: { ignored?: readonly string[]; allowLinks?: boolean } = {},
): ModelFile[] {
  if (statSync(root).isFile()) return [{ name: '.', path: root, bytes: statSync(root).size }];
  const found: ModelFile[] = [];
  const entered = new Set([realpathSync(root)]);
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder).sort()) {
      const path = join(folder, entry);
      const name = relative(root, path).split(sep).join('/');
      if (ignored.some((one) => isBelow(name, one))) continue;
      const link = lstatSync(path);
      if (link.isSymbolicLink() && !allowLinks)
        throw new CodedError('usage', `\`${name}\` is a symbolic link: allow links, or leave it out`);
      const stat = link.isSymbolicLink() ? statSync(path) : link;
      if (stat.isDirectory()) {
        const real = realpathSync(path);
        if (entered.has(real)) throw new CodedError('usage', `\`${name}\` leads back to a folder above it`);
        entered.add(real);
        walk(path);
        entered.delete(real);
      } else if (stat.isFile()) found.push({ name, path, bytes: stat.size });
      else throw new CodedError('usage', `\`${name}\` is neither a file nor a folder`);
      if (found.length > FILES_MAX) throw new CodedError('usage', `the model has over ${FILES_MAX} files`);
    }
  };
  walk(root);
  return found.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
