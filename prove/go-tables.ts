/** A block of braces in a source of Go. */
interface Block {
  /** What stands before it on its line, or since the last sign that ends something. */
  readonly head: string;
  readonly parent: Block | null;
  readonly children: Block[];
  /** `Name: "text"`, directly in it. */
  readonly texts: Map<string, string>;
  /** `Name: other`, directly in it. */
  readonly names: Map<string, string>;
  /** `name version` of helpers that make a package: `pkg(t, "name", "version", …)`. */
  readonly made: string[];
  /** Texts in it that name a fixture. */
  readonly fixtures: string[];
}

/** What a test expects of a fixture: `name version`, each once. */
export interface Expected {
  readonly fixture: string;
  readonly packages: ReadonlySet<string>;
}

const TOKEN = /\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)+'|[{};\n]|[^\s{};"`'/]+|[^\S\n]+|\//g;
const IS_FIXTURE = /(?:testdata|test-fixtures)\//;
const IS_LIST = /\[\]\*?(?:extractor|ftypes|types|pkg)\.Package$/;

const block = (head: string, parent: Block | null): Block => ({
  head,
  parent,
  children: [],
  texts: new Map(),
  names: new Map(),
  made: [],
  fixtures: [],
});

/** Blocks of a source, roughly: enough for tables of tests. */
function blocksOf(source: string): Block {
  const root = block('', null);
  let at = root;
  let line = '';
  for (const [token] of source.matchAll(TOKEN)) {
    if (token.startsWith('//')) continue;
    if (token === '{') {
      const inner = block(line.trim(), at);
      at.children.push(inner);
      at = inner;
      line = '';
    } else if (token === '}') {
      at = at.parent ?? root;
      line = '';
    } else if (token === '\n' || token === ';') {
      const [, name, version] = /^\w+\(t, "([^"]+)", "([^"]*)"/.exec(line.trim()) ?? [];
      if (name !== undefined) at.made.push(`${name} ${version}`);
      line = '';
    } else {
      const text = /^["`]/.test(token) ? token.slice(1, -1) : null;
      if (text !== null && IS_FIXTURE.test(text)) at.fixtures.push(text);
      const [, key, value] =
        /^(?:.*,\s*)?(\w+):\s*(\w[\w.]*)?$/.exec(`${line}${token}`.trim().replace(/,$/, '')) ?? [];
      if (key !== undefined && value !== undefined) at.names.set(key, value);
      const [, named] = /(?:^|,\s*)(\w+):\s*$/.exec(line.trim()) ?? [];
      if (named !== undefined && text !== null && !at.texts.has(named)) at.texts.set(named, text);
      line += token;
    }
  }
  return root;
}

function* all(of: Block): Generator<Block> {
  yield of;
  for (const child of of.children) yield* all(child);
}

const packagesIn = (list: Block): Set<string> =>
  new Set([
    ...list.made,
    ...list.children.flatMap(({ texts }) => {
      const [name, version] = [texts.get('Name'), texts.get('Version')];
      return name === undefined ? [] : [`${name} ${version ?? ''}`];
    }),
  ]);

/** The first fixture that a block names outside of lists of packages. */
function fixtureIn(of: Block): string | undefined {
  if (IS_LIST.test(of.head)) return undefined;
  return of.fixtures[0] ?? of.children.map(fixtureIn).find((one) => one !== undefined);
}

/** The nearest block around one that names a fixture. */
function fixtureAround(of: Block): string | undefined {
  for (let at = of.parent; at !== null && at.parent !== null; at = at.parent) {
    const found = fixtureIn(at);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What tests of one folder expect of their fixtures, as far as their tables say it in so many words. */
export function expectationsOf(sources: readonly string[]): Expected[] {
  const roots = sources.map(blocksOf);
  const variables = new Map<string, Set<string>>();
  const found: Expected[] = [];
  for (const root of roots)
    for (const one of all(root)) {
      if (!IS_LIST.test(one.head)) continue;
      const packages = packagesIn(one);
      const [, variable] = /(\w+)\s*(?::=|=)\s*\[\]/.exec(one.head) ?? [];
      if (variable !== undefined) variables.set(variable, packages);
      const fixture = fixtureAround(one);
      if (fixture !== undefined) found.push({ fixture, packages });
    }
  for (const root of roots)
    for (const one of all(root)) {
      const fixture = one.names.size > 0 ? fixtureIn(one) : undefined;
      const wanted = [...one.names.values()].flatMap((name) => variables.get(name) ?? []);
      if (fixture !== undefined) for (const packages of wanted) found.push({ fixture, packages });
    }
  return found;
}
