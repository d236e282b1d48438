import type { RuleName } from './allow-list.ts';
import type { Literals } from './literals.ts';
import type { Value } from './value.ts';

/** @returns in words why this state is refused, or `null` */
type StateRule = (state: ReadonlyMap<string, Value> | null, literals: Literals) => string | null;

const NAME = '[A-Za-z_][A-Za-z0-9_]*';
const FIRST_LINE = new RegExp(`^\\ndef _parse_args\\(self, ((?:${NAME}, )*) (loc=0|loc=0, scale=1)\\):\\n`);

/**
 * The text that scipy runs when the state of a distribution is set (`scipy/stats/_distn_infrastructure.py`,
 * `_attach_argparser_methods`) is what scipy wrote, but for the names of the distribution's own parameters.
 */
function isTemplate(text: string): boolean {
  const match = FIRST_LINE.exec(text);
  if (!match) return false;
  const [, shapes, taken] = match;
  return ['loc, scale', 'loc, 1'].some(
    (given) =>
      text ===
      `\ndef _parse_args(self, ${shapes} ${taken}):\n    return (${shapes}), ${given}\n\n` +
        `def _parse_args_rvs(self, ${shapes} ${taken}, size=None):\n    return self._argcheck_rvs(${shapes} ${given}, size=size)\n\n` +
        `def _parse_args_stats(self, ${shapes} ${taken}, moments='mv'):\n    return (${shapes}), ${given}, moments\n`,
  );
}

/** Classes that act on the state they are given, beyond keeping it. */
export const STATE_RULES: Partial<Readonly<Record<RuleName, StateRule>>> = {
  // Setting it changes the process that loads: a logger falls silent, a zone moves, a member of an enumeration says another value.
  shared: () => 'is one object for the whole process',
  enum: () => 'is one object for the whole process',
  distribution: (state, literals) => {
    const template = state?.get('_parse_arg_template');
    const text = template === undefined ? null : literals.string(template);
    return text !== null && isTemplate(text) ? null : 'runs text of its state that is not what scipy writes';
  },
  'no-formula': (state) => {
    if (state === null) return 'evaluates a formula, if its state has one';
    const named = ['formula', 'design_info', 'model_spec', 'frame'].find((key) => state.has(key));
    return named === undefined ? null : `evaluates the formula in its state (\`${named}\`)`;
  },
};
