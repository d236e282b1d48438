import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withCedar } from './engine.ts';

/** Where the policies that ship with the product lie. */
export const POLICY_FOLDER = join(import.meta.dirname, '..', 'policies');
/** Where a policy decides: about calls, or about requests to the control plane. */
export type Plane = 'gateway' | 'control';
const schemaText = (plane: Plane): string =>
  readFileSync(join(POLICY_FOLDER, `${plane}.cedarschema`), 'utf8');
/** What policies may speak of in each place, in the schema language of Cedar. */
export const SCHEMAS: Readonly<Record<Plane, string>> = {
  gateway: schemaText('gateway'),
  control: schemaText('control'),
};

interface SchemaJson {
  readonly entityTypes: Readonly<Record<string, { readonly memberOfTypes?: readonly string[] }>>;
  readonly actions: Readonly<
    Record<
      string,
      {
        readonly memberOf?: readonly { readonly id: string }[];
        readonly appliesTo?: {
          readonly principalTypes: readonly string[];
          readonly resourceTypes: readonly string[];
        };
      }
    >
  >;
}

interface Schema {
  /** Groups that each action is in, directly or not. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  /** Types of which an entity of each type may be a descendant. */
  readonly above: ReadonlyMap<string, ReadonlySet<string>>;
  /** Actions that can be asked about, with who may ask and about what. */
  readonly actions: SchemaJson['actions'];
}

function schemaJson(text: string): SchemaJson {
  const answer = withCedar((cedar) => cedar.schemaToJson(text));
  if (answer.type === 'failure') throw new Error(`the schema is not valid: ${answer.errors[0]?.message}`);
  return (answer.json as unknown as Record<string, SchemaJson>)['']!;
}

let known: Schema | null = null;

/** Both schemas, read once. */
export function policySchema(): Schema {
  if (known) return known;
  const { entityTypes, actions } = Object.values(SCHEMAS)
    .map(schemaJson)
    .reduce((one, other) => ({
      entityTypes: { ...one.entityTypes, ...other.entityTypes },
      actions: { ...one.actions, ...other.actions },
    }));
  const groups = (name: string): string[] =>
    (actions[name]?.memberOf ?? []).flatMap(({ id }) => [id, ...groups(id)]);
  const above = (type: string): string[] =>
    (entityTypes[type]?.memberOfTypes ?? []).flatMap((one) => [one, ...above(one)]);
  known = {
    groups: new Map(Object.keys(actions).map((name) => [name, [...new Set(groups(name))]])),
    above: new Map(Object.keys(entityTypes).map((type) => [type, new Set(above(type))])),
    actions,
  };
  return known;
}

/** The groups of an action; null where there is no such action. */
export function groupsOfAction(action: string): readonly string[] | null {
  return policySchema().groups.get(action) ?? null;
}

/** The action that calls are; all others are of the control plane. */
export const INVOKE = 'invoke';

/** Where an action is decided. */
export const planeOf = (action: string): Plane => (action === INVOKE ? 'gateway' : 'control');
