import { CodedError } from '@sallyport/core';
import { defaultPolicyText, PolicySet, readPolicyTests, runPolicyTests } from '@sallyport/policy';
import { loadConfig } from '@sallyport/server/local';
import { withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import { linesOf, print, printJson } from '../output.ts';

/** Holds policies against their tests, before anything loads them. */
export const policyTest: Command = {
  name: 'policy test',
  usage: 'policy test [FOLDER]',
  summary: 'validate the policies of a folder and run the tests beside them; needs no server',
  async run(options) {
    const folder = options.positionals[0] ?? loadConfig(options.config).policies;
    if (folder === undefined)
      throw new CodedError('usage', 'name a folder of policies, or set `policies` in sallyport.yaml');
    const set = PolicySet.load(defaultPolicyText(folder));
    const results = runPolicyTests(set, readPolicyTests(folder));
    const failed = results.filter(({ passed }) => !passed);
    if (options.json) printJson({ version: set.version, policies: set.policies.length, results });
    else {
      for (const { name, passed, expected, got } of results)
        print(passed ? `passed  ${name}` : `FAILED  ${name}: expected ${expected}, got ${got}`);
      print(
        `${set.policies.length} policies, version ${set.version}: ${results.length - failed.length} of ${results.length} tests hold`,
      );
    }
    return failed.length === 0 ? 0 : 1;
  },
};

interface Explanation {
  readonly allowed: boolean;
  readonly roles: readonly string[];
  readonly policies: readonly { readonly id: string; readonly effect: string; readonly text: string }[];
  readonly levelNeeded: number | null;
  readonly freshProof: boolean;
  readonly wouldPermit: readonly string[];
}

const LEVELS = ['', 'one factor', 'two factors', 'a factor that resists phishing'];

/** Says why somebody may do something, or may not. */
export const policyExplain: Command = {
  name: 'policy explain',
  usage: 'policy explain PRINCIPAL ACTION RESOURCE',
  summary:
    'why a person, program or key may or may not do something: person:ann read-content system:chat, key:ID invoke system:chat; exits 1 when refused',
  async run(options) {
    const [principal, action, resource] = options.positionals;
    if (principal === undefined || action === undefined || resource === undefined)
      throw new CodedError('usage', 'name who, what and with what: person:ann see-traffic system:chat');
    const said = await withClient(options, (client) =>
      client.call<Explanation>('POST', '/api/v1/policies/explain', { principal, action, resource }),
    );
    if (options.json) printJson(said);
    else {
      const { allowed, roles, policies, levelNeeded, freshProof, wouldPermit } = said;
      print(`${allowed ? 'permitted' : 'refused'}: ${principal} ${action} ${resource}`);
      if (roles.length > 0) print(`roles that count here: ${roles.join(', ')}`);
      if (levelNeeded !== null) print(`proven with ${LEVELS[levelNeeded]} at least`);
      if (freshProof) print('and again within the last five minutes');
      if (!allowed && policies.length === 0) print('no policy permits it');
      if (wouldPermit.length > 0) print(`roles that would permit it: ${wouldPermit.join(', ')}`);
      for (const { id, effect, text } of policies) print('', `${effect} by ${id}`, ...linesOf(text));
    }
    return said.allowed ? 0 : 1;
  },
};
