import { CodedError } from '@sallyport/core';
import { isMember } from './structure.ts';

/** Members of the protocols that clients go through as a list. */
const LISTS = new Set(['choices', 'tool_calls']);
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
  if (name === 'index' && !Number.isSafeInteger(value)) refuse('an `index` that is no whole number');
  if ((name === 'message' || name === 'delta') && Array.isArray(value)) refuse(`\`${name}\` that is a list`);
}

/**
 * Refuses what clients may read otherwise than the gateway does: members in another case, an index that is no number, a
 * list that is none. Members that no protocol has pass, and are read as text.
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
    if (!CHOSEN.has(name)) checkShape(own);
  }
}
