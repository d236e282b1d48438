import { CodedError, DEFAULT_USAGE_LIMITS, type Detection, mostTelling, nameOf } from '@sallyport/core';
import type { Connection } from '@sallyport/store';
import type { Control } from './control.ts';
import { credentialsOf } from './secrets/credentials.ts';
import { withSyntheticKey } from './synthetic-key.ts';

const CALL_MS = 120_000;

/** One stage of a call, in order. */
export interface ExplainedStage {
  readonly stage: string;
  readonly ms: number;
  readonly verdict: string;
}

/** A test call and what each stage made of it. */
export interface TriedCall {
  readonly exchange: string;
  readonly status: number;
  readonly outcome: string;
  readonly code: string | null;
  readonly stages: readonly ExplainedStage[];
  /** The answer as a caller would have it, cut at some length. */
  readonly answer: string;
}

const ANSWER_CHARACTERS_MAX = 4_000;

function requestFor(dialect: string, model: string, text: string): { path: string; body: unknown } {
  const messages = [{ role: 'user', content: text }];
  if (dialect === 'anthropic') return { path: '/v1/messages', body: { model, max_tokens: 256, messages } };
  if (dialect === 'ollama') return { path: '/api/chat', body: { model, stream: false, messages } };
  if (dialect === 'openai') return { path: '/v1/chat/completions', body: { model, messages } };
  throw new CodedError(
    'request-invalid',
    'a test call needs a system that takes messages; this one is a classifier',
  );
}

/**
 * Makes one call through both gates, as a program would, with a key that lives only for it. The exchange is synthetic:
 * it is recorded, and lights no control.
 * @throws CodedError `system-unknown`, `request-invalid`, `conflict` where too many keys of that system were made
 */
export async function tryCall(
  control: Control,
  actor: string,
  name: string,
  input: { text: string; model?: string | undefined },
): Promise<TriedCall> {
  const system = (await control.systems()).find((one) => one.name === name);
  if (!system) throw new CodedError('system-unknown', `no system \`${name.slice(0, 64)}\` is known`);
  if (control.gatewayUrl === null)
    throw new CodedError('request-invalid', 'no gateway runs; start one with `sallyport up`');
  const { path, body } = requestFor(
    system.config.dialect,
    input.model ?? system.config.models[0] ?? name,
    input.text,
  );
  const key = {
    actor,
    name: `test call of ${actor}`.slice(0, 128),
    system: { name, demo: system.demo },
    limits: DEFAULT_USAGE_LIMITS,
    lifeMs: CALL_MS,
    // As any other key of that system: its place stays taken for a while.
    requirePlace: (tx: Connection) => control.apiKeys.requirePlace(tx, { systems: [name] }),
    data: { systems: [name] },
  };
  return withSyntheticKey(
    control.installation,
    () => control.publish(),
    key,
    async (secret) => {
      const response = await fetch(`${control.gatewayUrl}/s/${name}${path}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${secret}`,
          'content-type': 'application/json',
          ...(system.config.dialect === 'anthropic' ? { 'anthropic-version': '2023-06-01' } : {}),
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(CALL_MS),
      });
      const answer = await response.text();
      const exchange = response.headers.get('x-sallyport-exchange') ?? '';
      return {
        exchange,
        status: response.status,
        answer: answer.slice(0, ANSWER_CHARACTERS_MAX),
        ...(await explain(control, exchange)),
      };
    },
  );
}

/** What each stage of a recorded exchange took and decided. */
async function explain(
  control: Control,
  id: string,
): Promise<{ outcome: string; code: string | null; stages: ExplainedStage[] }> {
  const { store, ledger } = control.installation;
  await control.installation.flush();
  const row = await store.exchanges.byId(id);
  if (!row) throw new CodedError('not-found', `the exchange \`${id}\` is not in the record yet`);
  const lack =
    row.code === 'upstream-credential-missing'
      ? ((await credentialsOf(control)).find(({ system }) => system === row.system)?.lack ?? null)
      : null;
  const seen = [...new Set(mostTelling(JSON.parse(row.detections) as Detection[]).map(nameOf))];
  const judged = `${row.action}${row.action === row.would_be ? '' : `, enforcing would ${row.would_be}`}${seen.length > 0 ? `: ${seen.join(', ')}` : ''}`;
  const verdicts: Readonly<Record<string, string>> = {
    authenticate: 'key known, live',
    read: 'read, well-formed',
    authorise: row.policy_ids ? `permitted by ${row.policy_ids}` : 'no policy permits it',
    limit: `${row.reserved_tokens} tokens reserved`,
    'inspect-input': row.code === 'input-denied' ? judged : row.outcome === 'denied' ? 'allow' : judged,
    'record-intent': `entry ${row.intent_index} of ${ledger.size}`,
    'first-byte': `status ${row.status}`,
    upstream: `status ${row.status}`,
    'inspect-output': row.code === 'output-denied' ? judged : 'passed',
    stream: row.code === 'output-denied' ? judged : 'passed',
    refuse: `${row.code ?? ''}${lack === null ? '' : `: ${lack}`}`,
    failed: row.code ?? '',
  };
  const stages = Object.entries(JSON.parse(row.timings) as Record<string, number>).map(([stage, ms]) => ({
    stage,
    ms,
    verdict: verdicts[stage] ?? '',
  }));
  if (row.outcome_index !== null)
    stages.push({
      stage: 'record-outcome',
      ms: 0,
      verdict: `${row.outcome}, entry ${row.outcome_index} of ${ledger.size}`,
    });
  return { outcome: row.outcome ?? 'in flight', code: row.code, stages };
}
