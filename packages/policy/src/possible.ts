/** A part of a policy's syntax tree, as Cedar writes it in JSON. */
type Tree = Readonly<Record<string, unknown>>;

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null;

/** Roles that a part names: one, or those of a list. */
function rolesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(rolesIn);
  if (!isTree(value)) return [];
  const { type, id } = value;
  return type === 'Role' && typeof id === 'string' ? [id] : Object.values(value).flatMap(rolesIn);
}

/**
 * What an expression says of whoever holds a role: true, false, or null where that hangs on anything else, such as the
 * address, the time, the resource, or another role, which they may hold besides.
 */
function held(role: string, expression: unknown): boolean | null {
  if (!isTree(expression)) return null;
  const [[operator, operands] = ['', null]] = Object.entries(expression);
  if (operator === 'Value') return typeof operands === 'boolean' ? operands : null;
  if (!isTree(operands)) return null;
  const of = (name: string): boolean | null => held(role, operands[name]);
  const [left, right] = [operands['left'], operands['right']];
  switch (operator) {
    case '!': {
      const inner = of('arg');
      return inner === null ? null : !inner;
    }
    case '&&':
      return of('left') === false || of('right') === false ? false : of('left') && of('right');
    case '||':
      return of('left') === true || of('right') === true ? true : of('left') === null ? null : of('right');
    case 'if-then-else': {
      const asked = of('if');
      if (asked !== null) return of(asked ? 'then' : 'else');
      return of('then') === of('else') ? of('then') : null;
    }
    case 'in':
    case 'is':
      return isTree(left) &&
        left['Var'] === 'principal' &&
        rolesIn(operator === 'in' ? right : operands['in']).includes(role)
        ? true
        : null;
    default:
      return null;
  }
}

/** A policy as far as it matters here. */
export interface PossiblePolicy {
  readonly effect: 'permit' | 'forbid';
  /** Syntax tree of its scope and conditions, as JSON. */
  readonly tree: string;
}

/**
 * Roles by which a policy could permit something, whatever the circumstances are: what it asks of the address, the time,
 * the resource or other roles may come to be so.
 */
export function rolesOf({ effect, tree }: PossiblePolicy): string[] {
  if (effect === 'forbid') return [];
  const { named, mayHold } = readPermit(tree);
  return named.filter(mayHold);
}

/**
 * Whether a policy could permit something to a holder of some roles, whatever the circumstances are. One that names no role
 * could permit it to anyone.
 */
export function couldPermit({ effect, tree }: PossiblePolicy, roles: ReadonlySet<string>): boolean {
  if (effect === 'forbid') return false;
  const { named, mayHold } = readPermit(tree);
  return named.length === 0 ? mayHold('') : named.some((role) => roles.has(role) && mayHold(role));
}

/** Roles that a permit names, and whether what it asks for may come to be so for a holder of one. */
function readPermit(tree: string): { named: string[]; mayHold: (role: string) => boolean } {
  const { principal, conditions = [] } = JSON.parse(tree) as {
    principal: Tree;
    conditions?: { kind: 'when' | 'unless'; body: unknown }[];
  };
  const scoped = rolesIn(principal);
  return {
    named: scoped.length > 0 ? scoped : rolesIn(conditions),
    mayHold: (role) => conditions.every(({ kind, body }) => held(role, body) !== (kind === 'unless')),
  };
}
