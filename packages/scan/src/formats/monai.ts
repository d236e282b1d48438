import type { Inspection } from '../inspection.ts';
import { pythonNames } from '../python/inspect-python.ts';
import { asObject, type Json, objectsIn, textsIn } from '../text/json.ts';
import { reportEvaluated } from './evaluated.ts';

/** A text of a bundle of MONAI that is Python: all behind the `$`. */
interface Expression {
  readonly text: string;
  readonly pointer: string;
}

const EXPRESSIONS_MAX = 20_000;
/** What only a bundle holds: a class by its name, an import, parts that its runner looks for. */
const IMPORT = /^\$\s*(?:import|from)\s/;
const PARTS = ['imports', 'run', 'initialize', 'finalize', 'bundle_root', 'validate', 'evaluate'];
/** What is nothing but Python that runs something; told wherever it stands. */
const PLAIN =
  /^\$\s{0,8}(?:exec|eval|(?:os|subprocess|builtins|importlib|runpy)(?:\.\w{1,64}){1,4})\s{0,8}\(|\b__import__\s{0,8}\(|__subclasses__/;
/** Another part of the bundle, by its place: to the reader of Python a name. */
const REFERENCE = /@(?:\w|#|::)+/g;

/** An address of a file with a variable in it: nothing in it is called. */
const isPath = (text: string): boolean => text.includes('/') && !/[()[\]]/.test(text);
const isExpression = (text: string): boolean => text.startsWith('$') && !isPath(text);
/** Resolvers of OmegaConf, which write it `${eval:…}`. */
const RESOLVER = /\{\s{0,8}(?:eval|exec)\s{0,8}:/g;

/** Whether something in a document says that it is a bundle. */
function isBundle(root: Json, found: readonly Expression[]): boolean {
  const parts = PARTS.some((key) =>
    [asObject(root)?.[key]].flat().some((one) => typeof one === 'string' && one.startsWith('$')),
  );
  if (parts || found.some(({ text }) => IMPORT.test(text))) return true;
  for (const { object } of objectsIn(root)) if (typeof object['_target_'] === 'string') return true;
  return false;
}

/** Bundles of MONAI: texts behind `$` are evaluated when a part is made. */
export function inspectMonai(inspection: Inspection, root: Json): void {
  if (asObject(root) === null) return;
  const found: Expression[] = [];
  let isCut = false;
  for (const one of textsIn(root, isExpression)) {
    isCut = found.length >= EXPRESSIONS_MAX;
    if (isCut) break;
    found.push(one);
  }
  if (found.length === 0) return;
  const isOne = isBundle(root, found);
  if (isCut && isOne) inspection.report('too-much', 'has more expressions than are read');
  const judged = found.filter(({ text }) => isOne || PLAIN.test(text));
  const imports = judged.filter(({ text }) => IMPORT.test(text));
  const others = judged.filter(({ text }) => !IMPORT.test(text));
  // What one imports, all may use.
  const names = pythonNames();
  for (const { text, pointer } of [...imports, ...others]) {
    const code = text.slice(1).trimStart().replace(RESOLVER, '{_:').replace(REFERENCE, referred);
    reportEvaluated(inspection, code, { pointer }, { what: '$', names });
  }
}

const referred = (name: string): string => `of_${name.replace(/\W/g, '_')}`;
