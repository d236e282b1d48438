import { setImmediate } from 'node:timers/promises';
import { DEFAULT_USAGE_LIMITS, HYBRID_GROUP } from '@sallyport/core';
import { roleRuleSteps } from '../authorisation/role-rules.ts';
import { knownSystems } from '../snapshot.ts';
import { withSyntheticKey } from '../synthetic-key.ts';
import type { Found, ProbeContext } from './probe-context.ts';

/** Asks about what lies outside every manifest: another place, another system, other data. */
export async function egressRefusal({ thirdParties, config }: ProbeContext): Promise<Found> {
  const live = (await thirdParties.list()).filter((one) => one.live);
  if (live.length === 0) return null;
  let asked = 0;
  const passed: string[] = [];
  for (const { name, manifest } of live) {
    const origin = manifest.origins[0]!;
    for (const call of [
      { origin, system: 'a-system-that-nobody-named' },
      { origin, dataClasses: ['a-class-that-nobody-named'] },
    ]) {
      asked++;
      if ((await thirdParties.decide(call, true)).allowed) passed.push(name);
    }
  }
  const required = config.access.manifests === 'required';
  const elsewhere = await thirdParties.decide({ origin: 'https://nobody.invalid' }, required);
  if (elsewhere.allowed)
    return {
      passed: false,
      detail: 'what no manifest names is let pass: set `access.manifests` to `required`',
    };
  return {
    passed: passed.length === 0,
    detail:
      passed.length === 0
        ? `all ${asked + 1} calls outside every manifest were refused`
        : `calls outside the manifest of ${passed.join(', ')} were let pass`,
  };
}

/** Connects to every listener and endpoint, and asks which protocol and key agreement it takes. */
export async function transport({ lookAtEndpoints }: ProbeContext): Promise<Found> {
  const states = await lookAtEndpoints();
  if (!states.some(({ name }) => name.startsWith('system:'))) return null;
  const wrong = states.find(({ problem }) => problem !== null);
  if (wrong) return { passed: false, detail: `\`${wrong.name}\`: ${wrong.problem}` };
  const over = states.filter(({ protocol }) => protocol !== null);
  // It takes the place of what was found while there was one that spoke TLS.
  if (over.length === 0)
    return {
      passed: null,
      detail: `a connection over TLS: all ${states.length} listeners and endpoints are on loopback, where nothing leaves this machine`,
    };
  const hybrid = over.filter(({ group }) => group === HYBRID_GROUP).length;
  return {
    passed: true,
    detail: `of ${states.length} listeners and endpoints ${over.length} speak TLS 1.3, ${states.length - over.length} are on loopback; ${hybrid} agree on keys in ${HYBRID_GROUP}`,
  };
}

/** Characters of an answer to a probe that are read. */
const PROBE_ANSWER_MAX = 4_096;

/** Calls the gateway with a synthetic key that must be refused with a certain code. */
export async function refusedCall(
  context: ProbeContext,
  kind: 'over-limit-call' | 'retired-key',
): Promise<Found> {
  const { gatewayUrl, installation, config } = context;
  const system = (await knownSystems(config, installation)).find(
    (one) => one.config.dialect === 'openai' && (kind === 'retired-key' || !one.demo),
  );
  if (gatewayUrl === null || !system) return null;
  const retired = kind === 'retired-key';
  const key = {
    actor: 'sallyport',
    name: `probe ${kind}`,
    system,
    limits: {
      ...DEFAULT_USAGE_LIMITS,
      requestsPerMinute: retired ? DEFAULT_USAGE_LIMITS.requestsPerMinute : 0,
    },
    lifeMs: 600_000,
    revoked: retired,
  };
  return withSyntheticKey(installation, context.publish, key, async (secret) => {
    const response = await fetch(`${gatewayUrl}/s/${system.name}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: system.name, messages: [{ role: 'user', content: 'probe' }] }),
      signal: AbortSignal.timeout(10_000),
    });
    const said = (await response.text().catch(() => '')).slice(0, PROBE_ANSWER_MAX);
    const wanted = retired ? 'key-revoked' : 'over-limit';
    const what = retired ? 'a call with a revoked key' : 'a synthetic call over its limit';
    // By the code, since an AI system may answer with the same status.
    const refused = response.headers.has('x-sallyport-exchange') && said.includes(`"code":"${wanted}"`);
    return {
      passed: response.status === (retired ? 401 : 400) && refused,
      detail: `${what} was answered with ${response.status}`,
    };
  });
}

/** Asks every route of the control plane without a session. */
export async function routePermissions({ askRoutes }: ProbeContext): Promise<Found> {
  if (!askRoutes) return null;
  const { asked, open } = await askRoutes();
  return open.length === 0
    ? {
        passed: true,
        detail: `all ${asked} routes of the control plane refuse callers who are not signed in`,
      }
    : {
        passed: false,
        detail: `${open.length} of ${asked} routes answer without a session, such as ${open[0]}`,
      };
}

/** Asks the policies in force what no role may do. */
export async function roleRules({ policies, signal }: ProbeContext): Promise<Found> {
  const steps = roleRuleSteps(policies);
  let step = steps.next();
  // Others have a turn between two actions.
  for (; !step.done; step = steps.next()) {
    if (signal.aborted) return null;
    await setImmediate();
  }
  const { asked, broken } = step.value;
  return broken.length === 0
    ? {
        passed: true,
        detail: `in ${asked} questions no role did with one factor what needs more, approved its own proposal, or administered as a program`,
      }
    : {
        passed: false,
        detail: `${broken.length} of ${asked} questions were answered against the rules: ${broken[0]}`,
      };
}
