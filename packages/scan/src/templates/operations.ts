import {
  anyOf,
  asTexts,
  given,
  itemsOf,
  joined,
  KNOWN,
  list,
  MADE,
  made,
  mapped,
  type Texts,
  textOf,
  texts,
  type Value,
} from './value.ts';

const RANGE_MAX = 256;

const reversed = (text: string): string => [...text].reverse().join('');
const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1).toLowerCase();

/** Methods of texts and filters that make one text of another. */
const CHANGES: ReadonlyMap<string, (text: string) => string> = new Map([
  ['lower', (text) => text.toLowerCase()],
  ['upper', (text) => text.toUpperCase()],
  ['casefold', (text) => text.toLowerCase()],
  ['capitalize', capital],
  ['title', (text) => text.replace(/[A-Za-z]+/g, capital)],
  [
    'swapcase',
    (text) =>
      [...text].map((one) => (one === one.toLowerCase() ? one.toUpperCase() : one.toLowerCase())).join(''),
  ],
  ['string', (text) => text],
  ['safe', (text) => text],
  ['escape', (text) => text],
  ['e', (text) => text],
  ['forceescape', (text) => text],
  ['striptags', (text) => text],
  ['urlize', (text) => text],
  ['indent', (text) => text],
]);
const STRIPS = new Map<string, readonly [boolean, boolean]>([
  ['trim', [true, true]],
  ['strip', [true, true]],
  ['lstrip', [true, false]],
  ['rstrip', [false, true]],
]);

function stripped(text: string, [left, right]: readonly [boolean, boolean], set: string | null): string {
  const isOut = (one: string): boolean => (set === null ? /\s/.test(one) : set.includes(one));
  let from = 0;
  let to = text.length;
  while (left && from < to && isOut(text[from]!)) from++;
  while (right && to > from && isOut(text[to - 1]!)) to--;
  return text.slice(from, to);
}

/** What a text becomes by Python's `%` or `format`, for the plain forms of both. Null for others. */
function formatted(
  form: string,
  args: readonly Value[],
  named: ReadonlyMap<string, Value>,
  isPercent: boolean,
): Texts | null {
  let at = 0;
  let out: Texts = textOf('');
  let from = 0;
  const pattern = isPercent ? /%(?:\((\w+)\))?([sdc%])/g : /\{\{|\}\}|\{(\w*)\}/g;
  for (const match of form.matchAll(pattern)) {
    out = joined(out, textOf(form.slice(from, match.index)));
    from = match.index + match[0].length;
    if (match[0] === '%%' || match[0] === '{{' || match[0] === '}}') {
      out = joined(out, textOf(match[0][0]!));
      continue;
    }
    const key = match[1] ?? '';
    const value = /^\D/.test(key) ? named.get(key) : args[key === '' ? at++ : Number(key)];
    if (!value) return null;
    const isCharacter = isPercent && match[2] === 'c' && value.is === 'number';
    out = joined(
      out,
      isCharacter ? textOf(String.fromCodePoint(Math.min(0x10ffff, Math.max(0, value.value)))) : value,
    );
  }
  const rest = form.slice(from);
  return (isPercent ? rest.includes('%') : /[{}]/.test(rest)) ? null : joined(out, textOf(rest));
}

/** What `%` or `format` makes of a text and what it is given. */
export function format(
  form: Value,
  args: readonly Value[],
  named: ReadonlyMap<string, Value>,
  isPercent: boolean,
): Value {
  if (form.is !== 'texts' || form.rest !== KNOWN)
    return form.is === 'texts' && form.rest === MADE ? made : given;
  const all = form.texts.map((one) => formatted(one, args, named, isPercent));
  return all.includes(null) ? made : anyOf(all as Texts[]);
}

function replaced(value: Texts, [from, to]: readonly Value[]): Value {
  if (!from || !to) return made;
  const [old, fresh] = [asTexts(from), asTexts(to)];
  if (value.texts.length === 0) return value;
  if (old.rest !== KNOWN || fresh.rest !== KNOWN) return made;
  return texts(
    value.texts.flatMap((text) =>
      old.texts.flatMap((a) => fresh.texts.map((b) => (a === '' ? text : text.split(a).join(b)))),
    ),
    value.rest,
  );
}

/** The items of a value with a text between. */
export function joinAll(value: Value, between: Value): Value {
  const { items, isWhole } = itemsOf(value);
  if (!isWhole) return made;
  return items.reduce<Value>(
    (all, one, index) => joined(index === 0 ? all : joined(all, between), one),
    textOf(''),
  );
}

/** Items or characters from one place to another, as Python cuts them. */
export function sliced(value: Value, parts: readonly (Value | null)[]): Value {
  const [from, to, step] = parts.map((one) =>
    one === null ? null : one.is === 'number' ? one.value : Number.NaN,
  );
  if ([from, to, step].some((one) => typeof one === 'number' && Number.isNaN(one)))
    return value.is === 'texts' && value.texts.length > 0 ? made : value;
  const cut = <T>(all: readonly T[]): T[] => {
    const by = step ?? 1;
    if (by === 0) return [];
    const place = (at: number): number => (at < 0 ? at + all.length : at);
    const out: T[] = [];
    if (by > 0) {
      const end = Math.min(all.length, place(to ?? all.length));
      for (let at = Math.max(0, place(from ?? 0)); at < end; at += by) out.push(all[at]!);
    } else {
      const end = to === null || to === undefined ? -1 : Math.max(-1, place(to));
      for (let at = Math.min(all.length - 1, place(from ?? all.length - 1)); at > end; at += by)
        out.push(all[at]!);
    }
    return out;
  };
  if (value.is === 'texts') return mapped(value, (text) => cut([...text]).join(''));
  if (value.is !== 'list') return value;
  return value.isWhole ? list(cut(value.items)) : value;
}

/** What a filter or a method makes of a value. Null where it is neither known nor one that makes texts. */
export function changed(
  name: string,
  value: Value,
  args: readonly Value[],
  named: ReadonlyMap<string, Value>,
): Value | null {
  if (name === 'join') return joinAll(value, args[0] ?? named.get('d') ?? textOf(''));
  if (name === 'list' || name === 'sort' || name === 'unique') {
    const { items, isWhole } = itemsOf(value);
    return list(items, isWhole && name === 'list');
  }
  if (name === 'first' || name === 'last' || name === 'random' || name === 'min' || name === 'max') {
    const { items, isWhole } = itemsOf(value);
    const index = name === 'first' ? 0 : name === 'last' ? items.length - 1 : -1;
    return (isWhole ? items[index] : undefined) ?? anyOf(items);
  }
  if (name === 'default' || name === 'd') return args[0] ? anyOf([value, args[0]]) : value;
  if (name === 'reverse' && value.is === 'list') return { ...value, items: value.items.toReversed() };
  if (value.is === 'own') return made;
  if (value.is === 'list' && (name === 'map' || name === 'batch' || name === 'slice'))
    return list([made], false);
  if (value.is !== 'texts' && value.is !== 'number') return null;
  const own = asTexts(value);
  const change = CHANGES.get(name);
  if (change) return mapped(own, change);
  if (name === 'reverse') return mapped(own, reversed);
  if (name === 'replace') return replaced(own, args);
  const strips = STRIPS.get(name);
  if (strips) {
    const set = args[0] ?? named.get('chars');
    const sets = set ? asTexts(set) : null;
    if (sets && (sets.rest !== KNOWN || sets.texts.length !== 1)) return own.texts.length > 0 ? made : own;
    return mapped(own, (text) => stripped(text, strips, sets?.texts[0] ?? null));
  }
  if (name === 'removeprefix' || name === 'removesuffix') {
    const [part] = args[0] ? asTexts(args[0]).texts : [];
    if (part === undefined) return made;
    return mapped(own, (text) =>
      name === 'removeprefix'
        ? text.startsWith(part)
          ? text.slice(part.length)
          : text
        : text.endsWith(part)
          ? text.slice(0, text.length - part.length)
          : text,
    );
  }
  if (name === 'split' || name === 'rsplit' || name === 'splitlines') {
    const by = args[0] ? asTexts(args[0]).texts[0] : undefined;
    if (own.texts.length !== 1 || own.rest !== KNOWN) return list([own.texts.length > 0 ? made : own], false);
    const pieces = by === undefined || by === '' ? own.texts[0]!.split(/\s+/) : own.texts[0]!.split(by);
    return list(pieces.map(textOf));
  }
  // Whatever else makes of a text that is known is not followed.
  return own.texts.length > 0 || own.rest === MADE ? made : given;
}

/** Numbers in order, as Python's `range` has them; some number where there are many. */
export function range(values: readonly Value[]): Value {
  const numbers = values.map((one) => (one.is === 'number' ? one.value : Number.NaN));
  const [from, to, step] =
    numbers.length > 1 ? [numbers[0]!, numbers[1]!, numbers[2] ?? 1] : [0, numbers[0] ?? Number.NaN, 1];
  const count = Math.ceil((to - from) / step);
  if (!(count >= 0 && count <= RANGE_MAX)) return list([given], false);
  return list(Array.from({ length: count }, (_, at) => ({ is: 'number' as const, value: from + at * step })));
}

/** Whether a template's own texts are in a value. */
export const isTexted = (value: Value): boolean =>
  (value.is === 'texts' && (value.texts.length > 0 || value.rest === MADE)) ||
  (value.is === 'list' && value.items.some(isTexted));

/** What an operator makes of two values. */
export function pair(sign: string, left: Value, right: Value): Value {
  if (sign === '~') return joined(left, right);
  if (sign === '%' && isTexted(left))
    return format(
      left,
      right.is === 'list' ? right.items : [right],
      right.is === 'entries' ? right.entries : new Map(),
      true,
    );
  if (left.is === 'number' && right.is === 'number') {
    const [a, b] = [left.value, right.value];
    const value =
      sign === '+'
        ? a + b
        : sign === '-'
          ? a - b
          : sign === '*'
            ? a * b
            : sign === '/'
              ? a / b
              : sign === '//'
                ? Math.floor(a / b)
                : sign === '%'
                  ? a % b
                  : a ** b;
    return { is: 'number', value };
  }
  if (sign === '*') {
    const [text, times] = left.is === 'number' ? [right, left] : [left, right];
    if (times.is !== 'number') return isTexted(text) ? made : given;
    const count = Math.max(0, Math.min(64, times.value));
    if (text.is === 'texts') return count < times.value ? made : mapped(text, (one) => one.repeat(count));
    return text.is === 'list'
      ? list(Array.from({ length: count }, () => text.items).flat(), text.isWhole)
      : given;
  }
  if (sign !== '+') return given;
  if (left.is === 'list' && right.is === 'list')
    return list([...left.items, ...right.items], left.isWhole && right.isWhole);
  return isTexted(left) || isTexted(right) ? joined(left, right) : given;
}
