import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { CodedError } from '@sallyport/core';

type Cedar = typeof import('@cedar-policy/cedar-wasm/nodejs');
const cedar = createRequire(import.meta.url)('@cedar-policy/cedar-wasm/nodejs') as Cedar;

const FOLDER = join(import.meta.dirname, '..', 'policies');
const SCHEMA = readFileSync(join(FOLDER, 'gateway.cedarschema'), 'utf8');
/** Decisions kept for one key; the oldest goes when one more comes. */
const CACHE_MAX = 1_000;

/** May this key do this with this system? */
export interface Request {
  readonly key: { readonly id: string; readonly systems: readonly string[]; readonly demo: boolean };
  readonly system: { readonly name: string; readonly demo: boolean; readonly dialect: string };
  readonly operation: string;
  readonly model: string;
  readonly stream: boolean;
}

/** The answer, and the policies it rests on. */
export interface Decision {
  readonly allowed: boolean;
  readonly policyIds: readonly string[];
}

/** The policies that ship with the product, with those of a folder behind them. @throws CodedError `policy-invalid` */
export function defaultPolicyText(folder?: string): string {
  const texts = [readFileSync(join(FOLDER, 'default.cedar'), 'utf8')];
  if (folder !== undefined) {
    let names: string[];
    try {
      names = readdirSync(folder)
        .filter((name) => name.endsWith('.cedar'))
        .sort();
    } catch (cause) {
      throw new CodedError('policy-invalid', `the policy folder \`${folder}\` cannot be read`, { cause });
    }
    for (const name of names) texts.push(`// ${name}\n${readFileSync(join(folder, name), 'utf8')}`);
  }
  return texts.join('\n');
}

/** A validated set of policies with a cache of decisions. */
export class PolicySet {
  /** First 12 hex digits of the SHA-256 of the text. */
  readonly version: string;
  readonly text: string;
  readonly #name: string;
  /** By key object: a key that changes is another object, so what was decided for the old one is never found. */
  readonly #cache = new WeakMap<object, Map<string, Decision>>();
  readonly #ids: ReadonlyMap<string, string>;

  private constructor(text: string, ids: ReadonlyMap<string, string>, name: string) {
    this.text = text;
    this.version = hash('sha256', text, 'hex').slice(0, 12);
    this.#ids = ids;
    this.#name = name;
  }

  /** Parses and validates. @throws CodedError `policy-invalid` with the place */
  static load(text: string): PolicySet {
    const checked = cedar.validate({ schema: SCHEMA, policies: { staticPolicies: text } });
    const problem =
      checked.type === 'failure'
        ? checked.errors[0]?.message
        : checked.validationErrors[0] &&
          `${checked.validationErrors[0].policyId}: ${checked.validationErrors[0].error.message}`;
    if (problem !== undefined && problem !== '')
      throw new CodedError('policy-invalid', `the policies are not valid: ${problem}`);
    const name = hash('sha256', text, 'hex');
    const parsed = cedar.preparsePolicySet(name, { staticPolicies: text });
    if (parsed.type === 'failure')
      throw new CodedError('policy-invalid', `the policies do not parse: ${parsed.errors[0]?.message}`);
    return new PolicySet(text, annotations(text), name);
  }

  /** Decides, from the cache where the same was asked before. Errors deny. */
  decide(request: Request): Decision {
    let own = this.#cache.get(request.key);
    if (!own) {
      own = new Map();
      this.#cache.set(request.key, own);
    }
    const { name, demo, dialect } = request.system;
    const asked = `${name} ${demo} ${dialect} ${request.operation} ${request.stream} ${request.model}`;
    const known = own.get(asked);
    if (known) return known;
    const uid = (type: string, id: string): { type: string; id: string } => ({ type, id });
    const system = (name: string, demo: boolean, dialect: string) => ({
      uid: uid('System', name),
      attrs: { name, demo, dialect },
      parents: [],
    });
    const answer = cedar.statefulIsAuthorized({
      principal: uid('Key', request.key.id),
      action: uid('Action', 'invoke'),
      resource: uid('System', request.system.name),
      context: { operation: request.operation, model: request.model, stream: request.stream },
      preparsedPolicySetId: this.#name,
      validateRequest: false,
      entities: [
        {
          uid: uid('Key', request.key.id),
          attrs: { demo: request.key.demo },
          parents: request.key.systems.map((name) => uid('System', name)),
        },
        system(request.system.name, request.system.demo, request.system.dialect),
      ],
    });
    const ok = answer.type === 'success' && answer.response.diagnostics.errors.length === 0;
    const decision: Decision = {
      allowed: ok && answer.response.decision === 'allow',
      policyIds:
        answer.type === 'success'
          ? answer.response.diagnostics.reason.map((id: string) => this.#ids.get(id) ?? id)
          : ['evaluation-failed'],
    };
    if (own.size >= CACHE_MAX) own.delete(own.keys().next().value!);
    own.set(asked, decision);
    return decision;
  }
}

/** Cedar numbers policies `policy0`, `policy1` …; people know them by their `@id`. */
function annotations(text: string): Map<string, string> {
  const parts = cedar.policySetTextToParts(text);
  const ids = new Map<string, string>();
  if (parts.type !== 'success') return ids;
  parts.policies.forEach((policy: string, i: number) => {
    const id = /@id\("([^"]{1,128})"\)/.exec(policy)?.[1];
    if (id) ids.set(`policy${i}`, id);
  });
  return ids;
}
