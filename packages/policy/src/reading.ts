import type { Entity, EntityUid, Question } from './question.ts';

/** Every name that stands in policies, from their trees as JSON: attributes, ids, operators, whatever it is. */
export const namesIn = (trees: string): ReadonlySet<string> =>
  new Set(Array.from(trees.matchAll(/"((?:[^"\\]|\\.)*)"/g), ([, name]) => name!));

const same = (a: EntityUid, b: EntityUid): boolean => a.type === b.type && a.id === b.id;

function named(
  values: Readonly<Record<string, unknown>>,
  names: ReadonlySet<string>,
): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) if (names.has(name)) kept[name] = value;
  return kept;
}

/**
 * What of a question some policies can read. An attribute is read by its name, and a parent by its id or because it is
 * itself asked about; the engine takes longer to take in what nobody reads than to decide. Compared with whole questions
 * in `test/equality.ts`.
 */
export function readable(question: Question, names: ReadonlySet<string>): Question {
  const { principal, resource, context, entities } = question;
  const kept: Entity[] = [];
  for (const { uid, attrs, parents } of entities) {
    const own = {
      uid,
      attrs: named(attrs, names),
      parents: parents.filter(
        (parent) => names.has(parent.id) || same(parent, resource) || same(parent, principal),
      ),
    };
    if (own.parents.length > 0 || Object.keys(own.attrs).length > 0) kept.push(own);
  }
  return { ...question, context: named(context, names), entities: kept };
}
