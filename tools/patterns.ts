// Collects every regular expression of the product, and asks of each whether its time is linear in the text.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RegExpParser, visitRegExpAST } from '@eslint-community/regexpp';
import { parseSync } from 'oxc-parser';
import { analyse } from 'scslre';

/** A pattern, and where it is from. */
export interface Pattern {
  readonly place: string;
  readonly source: string;
  readonly flags: string;
}

/** Calls of `RegExp` in the sources: what they make is seen only when they run. */
export interface MadeAt {
  readonly file: string;
  readonly line: number;
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
  readonly type?: string;
  readonly start: number;
  readonly regex?: { readonly pattern: string; readonly flags: string };
  readonly callee?: { readonly type: string; readonly name?: string };
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

/** Literals in a source file, and the places where it makes others. @throws Error where it cannot be parsed */
export function readSource(
  path: string,
  text = readFileSync(path, 'utf8'),
): { literals: Pattern[]; made: MadeAt[] } {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]!.message}`);
  const file = path.slice(root.length + 1);
  const literals: Pattern[] = [];
  const made: MadeAt[] = [];
  const lineOf = (at: number): number => text.slice(0, at).split('\n').length;
  walk(program, (node) => {
    if (node.type === 'Literal' && node.regex) {
      const { pattern: source, flags } = node.regex;
      literals.push({ place: `${file}:${lineOf(node.start)}`, source, flags });
    }
    const calls = node.type === 'NewExpression' || node.type === 'CallExpression';
    if (calls && node.callee?.name === 'RegExp') made.push({ file, line: lineOf(node.start) });
  });
  return { literals, made };
}

/** Patterns that files make when they are imported. They must not have been imported before. */
export async function madePatterns(files: readonly string[]): Promise<Pattern[]> {
  const patterns: Pattern[] = [];
  const Original = globalThis.RegExp;
  const note = (made: RegExp): RegExp => {
    const frame = /packages\/[^\s)]*?\.(?:ts|mjs|tsx):\d+/.exec(new Error('place').stack ?? '');
    if (frame) patterns.push({ place: frame[0], source: made.source, flags: made.flags });
    return made;
  };
  globalThis.RegExp = new Proxy(Original, {
    construct: (target, args: [string, string?]) => note(new target(...args)),
    apply: (target, _self, args: [string, string?]) => note(new target(...args)),
  });
  try {
    for (const file of files) await import(pathToFileURL(join(root, file)).href);
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

/** Patterns that functions make when they are called, with texts as they make them: an import shows none of these. */
const MADE_WHEN_CALLED: readonly (MadePlace & Pattern)[] = [
  made('packages/gateway/src/judge.ts', '^0a1b2c3d4e5f60718f (ATTACK|HARMLESS)\\.?$', ''),
  made('packages/guard/src/views/spellings.ts', spelling('\\S', '[_|]{1,3}'), 'gu'),
  made('packages/guard/src/views/spellings.ts', spelling('[\\p{L}\\p{N}]', '[.*]{1,3}'), 'gu'),
  made('packages/guard/src/views/spellings.ts', spelling('[\\p{L}\\p{N}]', '[ \\t]{2}'), 'gu'),
  made('packages/scan/src/dependencies/images/installed-packages.ts', '^Name[ \\t]*=[ \\t]*(\\S+)', 'm'),
  made('packages/scan/src/dependencies/images/installed-packages.ts', '^ID=["\']?([^"\'\\n]*)', 'm'),
  made('packages/server/src/demo/helpdesk.ts', '[^]{1,24}', 'g'),
  made('packages/server/src/open-inference-server.ts', '^/v2/models/m(?:/versions/1)?(/ready|/infer)?$', ''),
];

interface MadePlace {
  readonly file: string;
}

function made(file: string, source: string, flags: string): MadePlace & Pattern {
  return { file, place: file, source, flags };
}

/** As `together` in `spellings.ts` puts it together. */
function spelling(element: string, between: string): string {
  return `(?<![\\p{L}\\p{N}])${element}(?:${between}${element}(?![\\p{L}\\p{N}]))+`;
}

/** Every pattern of the product, each once, and the files whose patterns were not seen. */
export async function allPatterns(): Promise<{ patterns: readonly Pattern[]; unseen: readonly string[] }> {
  const read = productFiles().map((file) => readSource(file));
  const making = [...new Set(read.flatMap((one) => one.made.map(({ file }) => file)))];
  const called = new Set(MADE_WHEN_CALLED.map(({ file }) => file));
  const imported = await madePatterns(making);
  const seen = new Set(imported.map(({ place }) => place.slice(0, place.lastIndexOf(':'))));
  const patterns = new Map<string, Pattern>();
  for (const one of [...read.flatMap(({ literals }) => literals), ...imported, ...MADE_WHEN_CALLED])
    patterns.set(`/${one.source}/${one.flags}`, one);
  const unseen = making.filter((file) => !seen.has(file) && !called.has(file));
  return { patterns: [...patterns.values()], unseen };
}
