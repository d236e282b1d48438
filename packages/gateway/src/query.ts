import { CodedError } from '@sallyport/core';

/** A parameter of a query string. */
export type Parameter = readonly [name: string, value: string];

/** Parameters of one request. */
const PARAMETERS_MAX = 32;
const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}(?:\[\])?$/;
const VALUE = /^[\x20-\x7e]{0,256}$/;
/** Parameters that carry credentials: whose they are is settled here. */
const CREDENTIAL = new RegExp(
  [
    '^(?:(?:x[-_])?api[-_]?key|(?:ocp-apim-)?subscription-key|key|(?:access|auth|id|refresh)?[-_]?token)$',
    '^(?:auth(?:orization)?|sig(?:nature)?|client[-_]secret|secret|password)$',
  ].join('|'),
  'i',
);

/** What a query parameter is called in detections: no JSON pointer begins so. */
export const queryPointer = (name: string): string => `query-${name}`;

const refuse = (what: string): CodedError => new CodedError('query-invalid', what);

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw refuse('the query string is not escaped as URLs are');
  }
}

/**
 * Parameters of a query string that go on to the AI system, once they have been judged; credentials stay here.
 * @throws CodedError `query-invalid` for what two readers could take another for, or what is no short plain value
 */
export function forwardedQuery(raw: string): readonly Parameter[] {
  const parts = raw.split('&', PARAMETERS_MAX + 2).filter((part) => part !== '');
  if (parts.length > PARAMETERS_MAX) throw refuse(`the query string has over ${PARAMETERS_MAX} parameters`);
  const seen = new Set<string>();
  const parameters: Parameter[] = [];
  for (const part of parts) {
    const equals = part.indexOf('=');
    const name = decoded(equals < 0 ? part : part.slice(0, equals));
    const value = equals < 0 ? '' : decoded(part.slice(equals + 1));
    if (!NAME.test(name)) throw refuse('a query parameter has a name that no API has');
    if (seen.has(name) && !name.endsWith('[]')) throw refuse(`send the query parameter \`${name}\` once`);
    seen.add(name);
    if (CREDENTIAL.test(name)) continue;
    if (!VALUE.test(value)) throw refuse(`the query parameter \`${name}\` is no short plain value`);
    parameters.push([name, value]);
  }
  return parameters;
}

/** A path with the parameters of the system's own address, and those of the request that it leaves open. */
export function withQuery(path: string, own: URLSearchParams, parameters: readonly Parameter[]): string {
  const all = [...own, ...parameters.filter(([name]) => !own.has(name))];
  if (all.length === 0) return path;
  return `${path}?${all.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')}`;
}
