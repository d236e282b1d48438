import { CodedError } from '@sallyport/core';
import { objectAt } from './fields.ts';
import { isMember } from './structure.ts';

/** Members of the protocols that clients go through as a list. */
const LISTS = new Set(['choices', 'tool_calls']);
/** Members that say which of several is meant: as numbers that not every reader tells from the next, they would mean two. */
const PLACES = new Set(['index', 'output_index', 'content_index', 'summary_index']);
/** The same, which may be texts. */
const IDS = new Set(['item_id', 'call_id']);
/** Members that hold what a model chose or what the request said. */
const CHOSEN = new Set([
  'input',
  'arguments',
  'parameters',
  'metadata',
  'tools',
  'instructions',
  'action',
  'outputs',
  // The shape of answers that the request asks for, what fills its template in, and what was said of files that were searched.
  'schema',
  'variables',
  'attributes',
]);

const refuse = (what: string): never => {
  throw new CodedError('upstream-invalid', `the answer has ${what}`);
};

function checkMember(name: string, value: unknown): void {
  // Some clients take a name in any case for the one that they look for.
  const plain = name.normalize('NFKC').toLowerCase();
  if (!isMember(name) && isMember(plain)) refuse(`a member that is \`${plain}\` in another case`);
  if (value === null || value === undefined) return;
  if (LISTS.has(name) && !Array.isArray(value)) refuse(`\`${name}\` that is no list`);
  const isPlace = PLACES.has(name) || (IDS.has(name) && typeof value === 'number');
  // Some clients count what is below zero from the end.
  const isBelow = name !== 'index' && PLACES.has(name) && Number(value) < 0;
  if (isPlace && (isBelow || !Number.isSafeInteger(value))) refuse(`an \`${name}\` that is no whole number`);
  if ((name === 'message' || name === 'delta') && Array.isArray(value)) refuse(`\`${name}\` that is a list`);
}

/** Refuses the call of a tool that is of two types, of which clients read one. */
function checkCall(call: Record<string, unknown>): void {
  const given = (name: string): boolean => {
    const own = call[name];
    return typeof own === 'object' && own !== null && Object.keys(own).length > 0;
  };
  if (given('function') && given('custom')) refuse('a call of a tool with both `function` and `custom`');
}

/**
 * Refuses what clients may read otherwise than the gateway does: members in another case, an index or numeric id that is no exact number, a
 * list that is none, a call of two types. Members that no protocol has pass, and are read as text.
 * @throws CodedError `upstream-invalid`
 */
export function checkShape(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const one of value) if (typeof one === 'object') checkShape(one);
    return;
  }
  for (const name in value) {
    const own = (value as Record<string, unknown>)[name];
    checkMember(name, own);
    // An item of a response, which events name by its id.
    if (name === 'item') checkMember('item_id', objectAt({ own }, 'own')['id']);
    if (name === 'tool_calls' && Array.isArray(own))
      for (const call of own) checkCall(objectAt({ call }, 'call'));
    if (!CHOSEN.has(name)) checkShape(own);
  }
}
