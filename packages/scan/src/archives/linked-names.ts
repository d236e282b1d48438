import { type Astray, cleanName, NameTree } from './name-tree.ts';

/** Names of one archive. */
const ENTRIES_MAX = 1_000_000;

/** A member of an archive, with what a link leads to. */
export interface LinkedMember<T> {
  readonly name: string;
  /** Null for what is no link. */
  readonly link: string | null;
  readonly content: T;
}

/**
 * Further names that symbolic links give to what an archive holds, for tools that unpack links as such: by them it may be read as
 * something else.
 * @returns what lies under each; `fault` in words where there are more than are looked at; `astray` where links lead out
 */
export function linkedNames<T>(members: readonly LinkedMember<T>[]): {
  readonly names: readonly { readonly path: string; readonly content: T }[];
  readonly fault: string | null;
  readonly astray: Astray | null;
} {
  if (members.every(({ link }) => link === null)) return { names: [], fault: null, astray: null };
  const tree = new NameTree<{ path: string; content: T }>(ENTRIES_MAX);
  const names: { path: string; content: T }[] = [];
  let fault: string | null = null;
  try {
    for (const { name, link, content } of members) {
      const path = name.replaceAll('\\', '/');
      const own = cleanName(path);
      if (link !== null) tree.put(path, { kind: 'link', to: link }, 0);
      else if (path.endsWith('/')) tree.put(path, { kind: 'folder' }, 0);
      else tree.put(path, { kind: 'file', content: { path: own, content } }, 0);
    }
    for (const { path, file } of tree.names())
      if (path !== file.content.path) names.push({ path, content: file.content.content });
  } catch (why) {
    fault = (why as Error).message;
  }
  return { names, fault, astray: tree.astray };
}
