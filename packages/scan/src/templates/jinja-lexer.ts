import { PYTHON_ESCAPES } from '../text/python-escapes.ts';
/** One piece of a Jinja expression or statement. */
export interface Token {
  readonly kind: 'name' | 'text' | 'number' | 'sign';
  /** Of a text, what it stands for: escapes undone. */
  readonly value: string;
}

/** A stretch of a template: what is printed as it stands, or what is between braces. */
export interface Stretch {
  readonly kind: 'literal' | 'expression' | 'statement';
  readonly text: string;
  readonly tokens: readonly Token[];
}

const NAME = /[\p{ID_Start}_][\p{ID_Continue}]*/uy;
const NUMBER = /\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SIGNS = /\/\/|\*\*|==|!=|>=|<=|[-+*/%~|.,:()[\]{}<>=;]/y;
const TOKENS_MAX = 100_000;
/** A Python string literal's text: `\x5f`, `\u005f`, `\137` and the like are what they stand for. */
export function unescapeText(text: string): string {
  return text.replace(
    /\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{1,3}|N\{[^}]{1,64}\}|[\s\S])/g,
    (_, code: string) => {
      if (/^[xuU][0-9a-fA-F]+$/.test(code)) {
        const point = Number.parseInt(code.slice(1), 16);
        return point > 0x10ffff ? '?' : String.fromCodePoint(point);
      }
      if (/^[0-7]+$/.test(code)) return String.fromCharCode(Number.parseInt(code, 8));
      if (code.startsWith('N{')) return /LOW LINE/i.test(code) ? '_' : '?';
      return PYTHON_ESCAPES[code] ?? code;
    },
  );
}

/** Pieces of an expression, in order. What is no piece of one is passed over. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length && tokens.length < TOKENS_MAX; ) {
    const character = text[at]!;
    if (character === '"' || character === "'") {
      let end = at + 1;
      while (end < text.length && text[end] !== character) end += text[end] === '\\' ? 2 : 1;
      tokens.push({ kind: 'text', value: unescapeText(text.slice(at + 1, end)) });
      at = end + 1;
      continue;
    }
    let matched = false;
    for (const [kind, pattern] of [
      ['name', NAME],
      ['number', NUMBER],
      ['sign', SIGNS],
    ] as const) {
      pattern.lastIndex = at;
      const match = pattern.exec(text);
      if (!match) continue;
      // Python folds letters of other shapes to plain ones in names.
      tokens.push({ kind, value: kind === 'name' ? match[0].normalize('NFKC') : match[0] });
      at += match[0].length;
      matched = true;
      break;
    }
    if (!matched) at++;
  }
  return tokens;
}

/** A template in stretches. Comments are left out; a brace that does not close takes all that follows. */
export function stretchesOf(template: string): Stretch[] {
  const stretches: Stretch[] = [];
  let at = 0;
  while (at < template.length) {
    const open = template.indexOf('{', at);
    const next = open < 0 ? '' : (template[open + 1] ?? '');
    if (open < 0) {
      stretches.push({ kind: 'literal', text: template.slice(at), tokens: [] });
      break;
    }
    if (next !== '{' && next !== '%' && next !== '#') {
      const after = template.slice(open + 1).search(/\{[{%#]/);
      const end = after < 0 ? template.length : open + 1 + after;
      stretches.push({ kind: 'literal', text: template.slice(at, end), tokens: [] });
      at = end;
      continue;
    }
    if (open > at) stretches.push({ kind: 'literal', text: template.slice(at, open), tokens: [] });
    const close = closing(template, open + 2, next === '{' ? '}}' : next === '%' ? '%}' : '#}');
    if (next !== '#') {
      const text = template.slice(open + 2, close);
      stretches.push({
        kind: next === '{' ? 'expression' : 'statement',
        text,
        tokens: tokensOf(text),
      });
    }
    at = close + 2;
  }
  return stretches;
}

/** Where braces close that texts may hold too. */
function closing(template: string, from: number, mark: string): number {
  if (mark === '#}') {
    const end = template.indexOf(mark, from);
    return end < 0 ? template.length : end;
  }
  let depth = 0;
  for (let at = from; at < template.length; at++) {
    const character = template[at]!;
    if (character === '"' || character === "'") {
      for (at++; at < template.length && template[at] !== character; at++) if (template[at] === '\\') at++;
    } else if (depth === 0 && template.startsWith(mark, at)) return at;
    else if (character === '{' || character === '(' || character === '[') depth++;
    else if ((character === '}' || character === ')' || character === ']') && depth > 0) depth--;
  }
  return template.length;
}
