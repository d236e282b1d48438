import type { Inspection } from '../inspection.ts';
import { dangerOf } from '../pickle/danger.ts';
import { asObject, type Json, type JsonObject, objectsIn, parsePythonJson } from '../text/json.ts';
import { printable } from '../text/printable.ts';

/** Functions of sizes that torch writes into what it exports, and those of sympy that they are made of. */
const FUNCTIONS: ReadonlySet<string> = new Set(
  (
    'FloorDiv ModularIndexing Where PythonMod Mod CleanDiv CeilToInt FloorToInt CeilDiv LShift RShift PowByNatural FloatPow ' +
    'FloatTrueDiv IntTrueDiv IsNonOverlappingAndDenseIndicator TruncToFloat TruncToInt RoundToInt RoundDecimal ToFloat Identity ' +
    'Symbol Dummy Str Max Min Abs Eq Ne Lt Le Gt Ge Equality Unequality LessThan GreaterThan StrictLessThan StrictGreaterThan And Or Not Xor ITE ' +
    'Piecewise ExprCondPair Pow Mul Add Integer Float Rational floor ceiling sign sqrt cbrt exp log log2 log10 sin cos tan sinh ' +
    'cosh tanh asin acos atan asinh acosh atanh atan2 abs min max int float round bool and or not cast_symbool_to_symint_guardless'
  ).split(' '),
);
const FAMILIES = /^(?:OpaqueUnaryFn_[a-z0-9]+|BitwiseFn_[a-z_]+|sym_\w+)$/;
const isKnown = (name: string): boolean => FUNCTIONS.has(name) || FAMILIES.test(name);
/** What a name may be that is called and is known to neither: a function of a later torch. */
const PERHAPS = /^[A-Z]\w*$/;
/** Words of Python that make more of an expression than arithmetic. */
const WORDS =
  /^(?:lambda|for|if|else|in|is|import|yield|await|async|def|class|del|from|with|exec|eval|assert)$/;
const PARTS =
  /(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)|([A-Za-z_]\w*)(\s*\()?|[-+*/%<>=!&|~^(),\s]+|([\s\S])/g;
const LENGTH_MAX = 65_536;

type Harm = 'calls' | 'unknown';

/** Symbols and numbers as sympy writes them in full: `Symbol('s77', integer=True)`, `Float('1.5', precision=53)`. */
const WRITTEN =
  /\b(Symbol|Dummy|Str)\('\w{1,128}'|\b(Float)\('[-+]?(?:\d{0,400}\.?\d{0,400}(?:e[-+]?\d{1,9})?|inf|nan)'/g;
const withoutNames = (expression: string): string =>
  expression.replace(WRITTEN, (_, symbol?: string, number?: string) => `${symbol ?? number}(0`);

/** What an expression of sizes holds besides arithmetic; sympy evaluates all of it. */
function harmIn(expression: string, words = WORDS): Harm | null {
  let harm: Harm | null = null;
  if (expression.length > LENGTH_MAX) return 'unknown';
  // What a bracket comes to is called.
  if (/\)\s*\(/.test(expression)) return 'calls';
  for (const [, , name, isCalled, other] of withoutNames(expression).matchAll(PARTS)) {
    if (other !== undefined) return 'calls';
    if (name === undefined) continue;
    if (name.startsWith('__') || name.endsWith('__')) return 'calls';
    if (isCalled !== undefined && !isKnown(name)) {
      if (!PERHAPS.test(name)) return 'calls';
      harm = 'unknown';
    } else if (words.test(name)) harm = 'unknown';
  }
  return harm;
}

/** Sizes of inputs as guards name them: `L['x'].size()[0]`. */
const INPUT =
  /\bL(?:\[(?:'[^'\\\n]{0,256}'|"[^"\\\n]{0,256}"|-?\d{1,9})\]|\.[A-Za-z]\w{0,128})+(?:\(\)(?:\[-?\d{1,9}\])?)?/g;
const MODULES = /(?<![\w.])(?:math\.(?=[a-z])|torch\.(?=sym_))/g;

/** What a guard holds besides arithmetic over sizes; it is a line of the program that is run. */
const harmInGuard = (guard: string): Harm | null =>
  harmIn(
    guard
      .slice(0, LENGTH_MAX + 1)
      .replace(INPUT, (part) =>
        /\(\)/.test(part) && !/\.(?:size|stride|storage_offset|item|numel|dim)\(\)/.test(part) ? part : 'x',
      )
      .replace(MODULES, 'sym_'),
    /^(?:lambda|for|if|else|import|yield|await|exec|eval)$/,
  );

/** Operators, below the module that they are taken from: any attribute is followed. */
const OPERATOR =
  /^(?:torch\.ops(?:\.\w+){1,2}(?:\.[A-Za-z]\w*)?|_operator\.(?!attrgetter|itemgetter|methodcaller|call$)[a-z]\w*|math\.[a-z]\w*|torch\.sym_\w+)$/;

function inspectOperator(inspection: Inspection, target: string, pointer: string): void {
  if (!/^(?:torch|_operator|math)/.test(target) || OPERATOR.test(target)) return;
  const dot = target.indexOf('.');
  if (dot < 0) return;
  if (/\.__\w+__(?:\.|$)/.test(target) || dangerOf(target.slice(0, dot), target.slice(dot + 1)) !== null)
    inspection.report('config-execution', `takes \`${printable(target)}\` for an operator`, { pointer });
}

const PLAIN_FACTORY = /^builtins:(?:dict|list|set|tuple|int|float|bool|str|frozenset)$|^collections:\w+$/;

/** How arguments are laid out: a document of its own, in which types are imported by their names. */
function inspectLayout(inspection: Inspection, text: string, pointer: string, depth: number): void {
  let root: Json;
  try {
    root = parsePythonJson(text);
  } catch {
    return;
  }
  for (const { object } of objectsIn(root)) {
    const { default_factory_module: module, default_factory_name: factory, fqn, context } = object;
    if (typeof module === 'string') imported(inspection, module, String(factory), pointer);
    if (object['__enum__'] !== undefined && typeof fqn === 'string') {
      const [of = '', ...rest] = fqn.split(':');
      imported(inspection, of, rest.join(':'), pointer);
    }
    if (typeof context === 'string' && depth > 0) inspectLayout(inspection, context, pointer, depth - 1);
  }
}

function imported(inspection: Inspection, module: string, name: string, pointer: string): void {
  if (PLAIN_FACTORY.test(`${module}:${name}`) || /^torch(?:\.|$)/.test(module)) return;
  const does = dangerOf(module, name) === null ? 'config-target' : 'config-execution';
  inspection.report(does, `imports \`${printable(`${module}.${name}`)}\` when it is loaded`, { pointer });
}

const LAYOUT_DEPTH = 4;

/** A program that torch exported (`.pt2`): expressions, guards and names in it are evaluated or imported when it is loaded. */
export function inspectExportedProgram(inspection: Inspection, root: Json): void {
  const fields = asObject(root);
  if (!fields || asObject(fields['graph_module']) === null) return;
  const tell = (harm: Harm | null, text: string, pointer: string): void => {
    if (harm === 'calls')
      inspection.report(
        'config-execution',
        'has an expression of sizes that is more than arithmetic, and is evaluated',
        {
          pointer,
        },
      );
    else if (harm)
      inspection.report(
        'config-target',
        `evaluates an expression of sizes that is not known (\`${printable(text)}\`)`,
        {
          pointer,
        },
      );
  };
  const guards = fields['guards_code'];
  for (const [index, guard] of (Array.isArray(guards) ? (guards as readonly Json[]) : []).entries())
    if (typeof guard === 'string') tell(harmInGuard(guard), guard, `/guards_code/${index}`);
  for (const { object, pointer } of objectsIn(root)) inspectPart(inspection, object, pointer, tell);
}

function inspectPart(
  inspection: Inspection,
  object: JsonObject,
  pointer: string,
  tell: (harm: Harm | null, text: string, pointer: string) => void,
): void {
  const expression = object['expr_str'];
  if (typeof expression === 'string') tell(harmIn(expression), expression, `${pointer}/expr_str`);
  for (const key of ['target', 'as_operator'])
    if (typeof object[key] === 'string') inspectOperator(inspection, object[key], `${pointer}/${key}`);
  for (const key of ['in_spec', 'out_spec'])
    if (typeof object[key] === 'string')
      inspectLayout(inspection, object[key], `${pointer}/${key}`, LAYOUT_DEPTH);
}

/** Whether an object is a node of a graph that torch exported, with an operator of torch or of numbers: what it calls is not code that it names. */
export const isExportedNode = ({ target, inputs, outputs, params }: JsonObject): boolean =>
  typeof target === 'string' &&
  Array.isArray(inputs) &&
  Array.isArray(outputs) &&
  params === undefined &&
  OPERATOR.test(target);
