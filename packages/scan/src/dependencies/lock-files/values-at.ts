import { asTree } from '../locked-package.ts';

/** What stands in a tree at a path of names, parted by dots; `*` is every name. */
export function valuesAt(root: unknown, path: string): unknown[] {
  let found: unknown[] = [root];
  for (const name of path.split('.'))
    found = found.flatMap((one) => {
      const tree = asTree(one) ?? {};
      if (name === '*') return Object.values(tree);
      return Object.hasOwn(tree, name) ? [tree[name]] : [];
    });
  return found;
}
