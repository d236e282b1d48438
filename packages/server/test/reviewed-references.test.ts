import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';

/** Words in the names of members that may name a file, a secret, an address or another thing to be resolved. */
const SUSPECT =
  /path|file|folder|dir|ref|url|uri|secret|key|profile|echo|judge|source|location|place|origin|host|issuer|endpoint|command|module|socket|recipient|watch|path|^to$|^from$|^next$|image|script|proxy|server|store|bucket/i;

/**
 * Every such member that the API takes, and why it is safe. What is not here was not looked at: whoever adds one says
 * here by which rule it resolves, or renames it.
 */
const REVIEWED: Readonly<Record<string, string>> = {
  'GET /api/v1/exchanges ?from': 'a time',
  'GET /api/v1/exchanges ?to': 'a time',
  'GET /api/v1/exchanges/count ?from': 'a time',
  'GET /api/v1/exchanges/count ?to': 'a time',
  'POST /api/v1/backups.file': 'commands on the machine alone (requireOwn)',
  'POST /api/v1/backups.recipients[]': 'public keys; commands on the machine alone (requireOwn)',
  'POST /api/v1/backups/drill.file': 'commands on the machine alone (requireOwn)',
  'POST /api/v1/ci-runs.reference': 'a text that is kept',
  'POST /api/v1/integrations.manifest.origins[]':
    'its certificate is looked at without sending anything; nothing goes there before approval',
  'POST /api/v1/inventory.facts.source':
    'a text that is kept; compared with patterns of sources, never fetched',
  'POST /api/v1/keys.scope.hours.from': 'a time of day',
  'POST /api/v1/models/{name}/load.place': 'a system or endpoint that is known',
  'POST /api/v1/models/{name}/load.to':
    'commands on the machine alone; never into the installation (requireForeign)',
  'POST /api/v1/models/{name}/{label}/promote.place': 'a system or endpoint that is known',
  'POST /api/v1/places/rollback.place': 'a system or endpoint that is known',
  'POST /api/v1/places/withdraw.place': 'a system or endpoint that is known',
  'POST /api/v1/policies/explain.resource': 'a name in a policy',
  'POST /api/v1/policies/test.tests[].principal.command': 'a name in a policy',
  'POST /api/v1/policies/test.tests[].principal.key': 'a name in a policy',
  'POST /api/v1/programs/{id}/keys.scope.hours.from': 'a time of day',
  'POST /api/v1/scans.watch': 'a name of `inventory.watch` in the configuration file',
  'POST /api/v1/secret-origins.origin': 'goes nowhere before a second person approves',
  'POST /api/v1/secret-origins.ref': 'what `secrets` allows (References)',
  'POST /api/v1/secret-origins/{id}/approve.origin': 'must equal what was asked for',
  'POST /api/v1/secret-origins/{id}/approve.ref': 'must equal what was asked for',
  'POST /api/v1/systems.apiKeyRef': 'what `secrets` allows (References)',
  'POST /api/v1/systems.echo': 'a file in the folder `learned` (References)',
  'POST /api/v1/systems.judge.model': 'a name in a call to that system',
  'POST /api/v1/systems.judge.system': 'a system that is known',
  'POST /api/v1/systems.links.hosts[]': 'names that links in answers may lead to; nothing is resolved',
  'POST /api/v1/systems.privacy.restoreIntoTools.*[]': 'kinds of values, of a fixed list',
  'POST /api/v1/systems/{name}/settings.apiKeyRef': 'what `secrets` allows (References)',
  'POST /api/v1/systems/{name}/settings.urls[]':
    'as in a new system; a move needs the right to remove, and takes no secret along',
  'POST /api/v1/systems.profile': 'a file in the folder `learned` (References)',
  'POST /api/v1/systems.urls[]':
    'checked when connected to (safe-lookup); a secret goes only to origins it was bound to',
  'POST /api/v1/versions.facts.source':
    'a text that is kept; compared with patterns of sources, never fetched',
  'POST /api/v1/versions.from[]': 'a data set that is known',
  'POST /api/v1/versions.path': 'commands on the machine alone; never of the installation (requireForeign)',
  'GET /sign-on ?next': 'a page of the console; anything else is left (sign-on.test.ts)',
  'POST /sign-on.next': 'a page of the console; anything else is left (sign-on.test.ts)',
  'POST /api/v1/people/{id}/provider.issuer': 'compared with the issuer of `access.signOn`; never asked',
  'POST /token.refresh_token': 'a secret that is compared by its digest',
};

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

it('every member of the API that looks like a reference was looked at', () => {
  const document = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../../schema/openapi.json'), 'utf8'),
  ) as {
    components: { schemas: Record<string, Schema> };
    paths: Record<
      string,
      Record<
        string,
        {
          parameters?: { name: string; schema: Schema }[];
          requestBody?: { content: Record<string, { schema: Schema }> };
        }
      >
    >;
  };
  const found = new Set<string>();
  /** Members that hold a string, or strings, whatever lies between. */
  const walk = (schema: Schema, at: string, name: string, depth: number): void => {
    if (depth > 12) return;
    if (schema.$ref !== undefined)
      return walk(document.components.schemas[schema.$ref.split('/').at(-1)!]!, at, name, depth + 1);
    for (const one of [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])])
      walk(one, at, name, depth + 1);
    const isString = [schema.type].flat().includes('string');
    const names = /\.judge\./.test(at) ? 'judge' : name;
    if (isString && !schema.enum && schema.const === undefined && SUSPECT.test(names)) found.add(at);
    for (const [member, one] of Object.entries(schema.properties ?? {}))
      walk(one, `${at}.${member}`, member, depth + 1);
    if (schema.items) walk(schema.items, `${at}[]`, name, depth + 1);
    if (typeof schema.additionalProperties === 'object')
      walk(schema.additionalProperties, `${at}.*`, name, depth + 1);
  };
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, { parameters, requestBody }] of Object.entries(methods)) {
      const at = `${method.toUpperCase()} ${path}`;
      for (const { name, schema } of parameters ?? []) walk(schema, `${at} ?${name}`, name, 0);
      for (const { schema } of Object.values(requestBody?.content ?? {})) walk(schema, at, '', 0);
    }
  const unseen = [...found].filter((at) => !(at in REVIEWED)).sort();
  assert.deepEqual(unseen, [], 'say in REVIEWED by which rule each resolves');
  const gone = Object.keys(REVIEWED).filter((at) => !found.has(at));
  assert.deepEqual(gone, [], 'there are no such members any more');
});
