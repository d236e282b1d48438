// Collects every regular expression of the product, and asks of each whether its time is linear in the text.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RegExpParser, visitRegExpAST } from '@eslint-community/regexpp';
import { parseSync } from 'oxc-parser';
import { analyse } from 'scslre';
import { callMakers } from './pattern-makers.ts';

/** A pattern, and where it is from. */
export interface Pattern {
  readonly place: string;
  readonly source: string;
  readonly flags: string;
}

/** A place in the sources that makes a pattern, or may. */
export interface Site {
  readonly file: string;
  /** Line and column, as a stack tells them. */
  readonly at: string;
}

const root = join(import.meta.dirname, '..');

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : sources(path);
    return /\.(?:tsx?|mjs)$/.test(entry.name) && !/\.test\.ts$/.test(entry.name) ? [path] : [];
  });
}

/** Files of the product. */
export function productFiles(): string[] {
  return readdirSync(join(root, 'packages')).flatMap((name) =>
    ['src', 'bin'].flatMap((part) => {
      const folder = join(root, 'packages', name, part);
      return readdirSync(join(root, 'packages', name)).includes(part) ? sources(folder) : [];
    }),
  );
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly name?: string;
  readonly value?: unknown;
  readonly regex?: { readonly pattern: string; readonly flags: string };
  readonly callee?: Node;
  readonly object?: Node;
  readonly property?: Node;
  readonly consequent?: Node;
  readonly alternate?: Node;
  readonly id?: Node;
  readonly init?: Node | null;
  readonly operator?: string;
  readonly right?: Node;
  readonly arguments?: readonly Node[];
  readonly typeAnnotation?: Node;
  readonly typeName?: Node;
}

function walk(node: unknown, visit: (node: Node) => void): void {
  if (typeof node !== 'object' || node === null) return;
  if (Array.isArray(node)) {
    for (const one of node) walk(one, visit);
    return;
  }
  if (typeof (node as Node).type === 'string') visit(node as Node);
  for (const value of Object.values(node)) walk(value, visit);
}

const isCall = ({ type }: Node): boolean => type === 'NewExpression' || type === 'CallExpression';
const makes = (node: Node): boolean => isCall(node) && node.callee?.name === 'RegExp';
/** Of a name's type: `: RegExp`. */
const saysPattern = (node: Node | undefined): boolean =>
  node?.typeAnnotation?.typeAnnotation?.typeName?.name === 'RegExp';
/** What makes a pattern of a text that it is given; `replace` and `split` take a text as it is. */
const TAKES_TEXT = new Set(['match', 'search']);
/** By its type `matchAll` takes no text: only one that stands there is looked for. */
const TEXTS = new Set(['Literal', 'TemplateLiteral', 'TaggedTemplateExpression', 'BinaryExpression']);

/** Whether an expression is a pattern: a literal, what `RegExp` makes, a name of one, or a choice of those. */
function isPattern(node: Node, names?: ReadonlySet<string>): boolean {
  if (node.type === 'ConditionalExpression')
    return isPattern(node.consequent!, names) && isPattern(node.alternate!, names);
  return node.regex != null || makes(node) || (node.type === 'Identifier' && !!names?.has(node.name!));
}

/** Names of patterns in a file, and the uses of `RegExp` that show: calls, types, `instanceof`. */
function plainUses(program: unknown): { names: ReadonlySet<string>; uses: ReadonlySet<Node> } {
  const names = new Set<string>();
  const uses = new Set<Node>();
  walk(program, (node) => {
    if (makes(node)) uses.add(node.callee!);
    if (node.typeName) uses.add(node.typeName);
    if (node.operator === 'instanceof') uses.add(node.right!);
    if (node.type === 'Identifier' && saysPattern(node)) names.add(node.name!);
    const { id, init } = node;
    if (node.type === 'VariableDeclarator' && init && isPattern(init)) names.add(id!.name!);
  });
  return { names, uses };
}

/** Whether a node makes a pattern, or may, in a way that {@link madePatterns} does not see. */
function hides(node: Node, { names, uses }: ReturnType<typeof plainUses>): boolean {
  if (node.type === 'Identifier' && node.name === 'RegExp') return !uses.has(node);
  if (node.type === 'Literal' && node.value === 'RegExp') return true;
  const property = isCall(node) ? node.callee!.property : undefined;
  if (!property || property.type === 'PrivateIdentifier') return false;
  const method = property.name ?? String(property.value);
  if (method === 'constructor') return true;
  if (method === 'compile') return isPattern(node.callee!.object!, names);
  const [taken] = node.arguments ?? [];
  if (!taken) return false;
  if (method === 'matchAll') return TEXTS.has(taken.type) && !taken.regex;
  return TAKES_TEXT.has(method) && !isPattern(taken, names);
}

/**
 * Literals in a source file, the places where it makes others, and those where it may make some that are not seen:
 * by another name of `RegExp`, or of a text that `match` and its like are given.
 * @throws Error where it cannot be parsed
 */
export function readSource(
  path: string,
  text = readFileSync(path, 'utf8'),
): { literals: Pattern[]; made: Site[]; hidden: Site[] } {
  const { program, errors } = parseSync(path, text, { preserveParens: false });
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]!.message}`);
  const file = path.slice(root.length + 1);
  const literals: Pattern[] = [];
  const made: Site[] = [];
  const hidden: Site[] = [];
  const placeOf = (at: number): string => {
    const lines = text.slice(0, at).split('\n');
    return `${lines.length}:${lines.at(-1)!.length + 1}`;
  };
  const plain = plainUses(program);
  walk(program, (node) => {
    if (node.type === 'Literal' && node.regex) {
      const { pattern: source, flags } = node.regex;
      literals.push({ place: `${file}:${placeOf(node.start)}`, source, flags });
    }
    if (makes(node)) made.push({ file, at: placeOf(node.start) });
    if (hides(node, plain)) hidden.push({ file, at: placeOf(node.start) });
  });
  return { literals, made, hidden };
}

/** Patterns that files make when they are imported, and then when they are driven. They must not have been imported before. */
export async function madePatterns(files: readonly string[], drive: () => Promise<void>): Promise<Pattern[]> {
  const patterns: Pattern[] = [];
  const Original = globalThis.RegExp;
  const note = (made: RegExp): RegExp => {
    const frame = /packages\/[^\s)]*?\.(?:ts|mjs|tsx):\d+:\d+/.exec(new Error('place').stack ?? '');
    if (frame) patterns.push({ place: frame[0], source: made.source, flags: made.flags });
    return made;
  };
  globalThis.RegExp = new Proxy(Original, {
    construct: (target, args: [string, string?]) => note(new target(...args)),
    apply: (target, _self, args: [string, string?]) => note(new target(...args)),
  });
  try {
    for (const file of files) await import(pathToFileURL(join(root, file)).href);
    await drive();
  } finally {
    globalThis.RegExp = Original;
  }
  return patterns;
}

const parser = new RegExpParser();

/** A pattern in which what may repeat several times may repeat without end: what is ambiguous then was so before. */
export function widen(source: string, flags: string): string {
  const [unicode, unicodeSets] = [flags.includes('u'), flags.includes('v')];
  const ast = parser.parsePattern(source, 0, source.length, { unicode, unicodeSets });
  const edits: { from: number; to: number; text: string }[] = [];
  visitRegExpAST(ast, {
    onQuantifierEnter({ element, end, min, max, greedy }) {
      if (max === Number.POSITIVE_INFINITY || max <= 1 || max === min) return;
      const least = min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
      edits.push({ from: element.end, to: end, text: least + (greedy ? '' : '?') });
    },
  });
  let wide = source;
  for (const { from, to, text } of edits.sort((a, b) => b.from - a.from))
    wide = wide.slice(0, from) + text + wide.slice(to);
  return wide;
}

/**
 * Why a pattern may take more than linear time; empty where it may not. Two ways to match one text within a repetition
 * make time exponential, however the repetition is bounded; two repetitions that can share a text, or one that is tried
 * again from each place, make it a square.
 */
export function objections(source: string, flags: string): string[] {
  const modes = { unicode: flags.includes('u'), unicodeSets: flags.includes('v') };
  const reports = (text: string) =>
    analyse({ pattern: parser.parsePattern(text, 0, text.length, modes), flags: parser.parseFlags(flags) })
      .reports;
  const said = new Set<string>();
  for (const { exponential, type } of reports(widen(source, flags)))
    if (exponential) said.add(`exponential (${type})`);
  for (const report of reports(source)) {
    if (report.exponential) said.add(`exponential (${report.type})`);
    else if (report.type === 'Move') said.add(`square: \`${report.quant.raw}\` from each place`);
    else if (report.type === 'Trade')
      said.add(`square: \`${report.startQuant.raw}\` and \`${report.endQuant.raw}\``);
    else said.add(`square: \`${report.quant.raw}\``);
  }
  return [...said];
}

/** A pattern that is not linear and need not be, as what it is given is short. */
export interface Reviewed {
  readonly source: string;
  /** How long its text can be, and what sees to that. */
  readonly bound: string;
}

/** These only become fewer. */
export const REVIEWED: readonly Reviewed[] = [];

/** Every pattern of the product, each once, and the places whose patterns were not seen. */
export async function allPatterns(): Promise<{ patterns: readonly Pattern[]; unseen: readonly string[] }> {
  const read = productFiles().map((file) => readSource(file));
  const making = read.flatMap(({ made }) => made);
  const seenMade = await madePatterns([...new Set(making.map(({ file }) => file))], callMakers);
  const seen = new Set(seenMade.map(({ place }) => place));
  const patterns = new Map<string, Pattern>();
  for (const one of [...read.flatMap(({ literals }) => literals), ...seenMade])
    patterns.set(`/${one.source}/${one.flags}`, one);
  const placeOf = ({ file, at }: Site): string => `${file}:${at}`;
  const unseen = [
    ...making.map(placeOf).filter((place) => !seen.has(place)),
    ...read.flatMap(({ hidden }) => hidden).map((site) => `${placeOf(site)} (hidden)`),
  ];
  return { patterns: [...patterns.values()], unseen };
}
