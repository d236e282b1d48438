import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { CodedError, clock, describeIssue } from '@sallyport/core';
import { z } from 'zod';
import type { Decision, PolicySet } from './policy-set.ts';
import {
  type Actor,
  type ControlRequest,
  type GatewayRequest,
  personActor,
  type SystemFacts,
  type Target,
} from './question.ts';
import { groupsOfAction } from './schema.ts';

// Loaded where tests are read: gateway workers read none.
const yaml = (): typeof import('yaml') => createRequire(import.meta.url)('yaml') as typeof import('yaml');

const FILES_MAX = 256;
const name = z.string().min(1).max(256);
const names = z.array(name).max(64);

const systemFacts = {
  demo: z.boolean().default(false),
  dialect: z.string().max(32).default('openai'),
  environment: z.string().max(64).default(''),
  dataClasses: names.default([]),
};

/** One test of policies, as `*.test.yaml` in their folder writes it. */
export const policyTestSchema = z.strictObject({
  name,
  /** One of: a key and its systems, a person or program and the roles it holds on what is asked about, a command. */
  principal: z.union([
    z.strictObject({ key: name, systems: names.default([]), demo: z.boolean().default(false) }),
    z.strictObject({
      person: name,
      roles: names.default([]),
      mastery: names.default([]),
      level: z.int().min(1).max(3).default(3),
      provenSecondsAgo: z.int().min(0).max(1_000_000).default(0),
    }),
    z.strictObject({ program: name, roles: names.default([]) }),
    z.strictObject({ command: name }),
  ]),
  /** `invoke` for calls through the gateway, else an action of the control plane. */
  action: name,
  resource: z.union([
    z.literal('organisation'),
    z.strictObject({ system: name, ...systemFacts }),
    z.strictObject({ dataset: name, dataClasses: names.default([]) }),
    z.strictObject({ person: name }),
    z.strictObject({ proposal: name, author: name }),
  ]),
  /** Of a call. */
  operation: z.string().max(64).default('chat.completions'),
  model: z.string().max(256).default(''),
  stream: z.boolean().default(false),
  /** When it is asked; now where absent. */
  at: z.iso.datetime().optional(),
  address: z.string().max(64).default('127.0.0.1'),
  expect: z.enum(['allow', 'deny']),
  /** Policies that must have decided; any where absent. */
  because: names.optional(),
});
export type PolicyTest = z.infer<typeof policyTestSchema>;
const fileSchema = z.strictObject({ tests: z.array(policyTestSchema).max(10_000) });

/** What became of one test. */
export interface PolicyTestResult {
  readonly name: string;
  readonly passed: boolean;
  readonly expected: string;
  readonly got: string;
}

type SystemTarget = { readonly kind: 'system' } & SystemFacts;

function targetOf({ resource }: PolicyTest): Exclude<Target, { kind: 'system' }> | SystemTarget {
  if (resource === 'organisation') return { kind: 'organisation' };
  if ('system' in resource) {
    const { system, ...facts } = resource;
    return { kind: 'system', name: system, ...facts };
  }
  if ('dataset' in resource) {
    const { dataset, dataClasses } = resource;
    return { kind: 'dataset', name: dataset, dataClasses };
  }
  if ('person' in resource) return { kind: 'person', id: resource.person };
  return { kind: 'proposal', id: resource.proposal, author: resource.author };
}

function actorOf(principal: Exclude<PolicyTest['principal'], { key: string }>): Actor {
  if ('command' in principal) return { kind: 'local', name: principal.command };
  if ('program' in principal)
    return { kind: 'program', id: principal.program, name: principal.program, roles: principal.roles };
  const { person: id, roles, mastery } = principal;
  return personActor({ id, name: id }, roles, roles, mastery);
}

/** What a test asks. @throws CodedError `policy-invalid` when it makes no sense */
export function requestOf(
  test: PolicyTest,
): { readonly gateway: GatewayRequest } | { readonly control: ControlRequest } {
  const nowMs = test.at === undefined ? clock.nowMs() : Date.parse(test.at);
  const target = targetOf(test);
  const { principal } = test;
  if (groupsOfAction(test.action) === null)
    throw new CodedError('policy-invalid', `test \`${test.name}\`: there is no action \`${test.action}\``);
  if ('key' in principal !== (test.action === 'invoke') || ('key' in principal && target.kind !== 'system'))
    throw new CodedError(
      'policy-invalid',
      `test \`${test.name}\`: keys invoke systems, and nothing else does`,
    );
  if ('key' in principal && target.kind === 'system') {
    const { operation, model, stream } = test;
    const key = { id: principal.key, systems: principal.systems, demo: principal.demo };
    return { gateway: { key, system: target, operation, model, stream, nowMs } };
  }
  return {
    control: {
      actor: actorOf(principal as Exclude<PolicyTest['principal'], { key: string }>),
      action: test.action,
      target,
      level: 'level' in principal ? principal.level : 0,
      provenSecondsAgo: 'provenSecondsAgo' in principal ? principal.provenSecondsAgo : 0,
      address: test.address,
      nowMs,
    },
  };
}

/** Decides what a test asks. */
export function decideTest(set: PolicySet, test: PolicyTest): Decision {
  const request = requestOf(test);
  return 'gateway' in request ? set.decide(request.gateway) : set.decideControl(request.control);
}

/** Runs tests. @throws CodedError `policy-invalid` when one makes no sense */
export function runPolicyTests(set: PolicySet, tests: readonly PolicyTest[]): PolicyTestResult[] {
  return tests.map((test) => {
    const { allowed, policyIds } = decideTest(set, test);
    const words = (verdict: string, ids: readonly string[] | undefined): string =>
      ids === undefined || ids.length === 0 ? verdict : `${verdict} by ${[...ids].sort().join(', ')}`;
    const got = words(allowed ? 'allow' : 'deny', policyIds);
    const expected = words(test.expect, test.because);
    const verdictHolds = allowed === (test.expect === 'allow');
    return {
      name: test.name,
      passed: verdictHolds && (test.because === undefined || got === expected),
      expected,
      got,
    };
  });
}

/** Reads the tests of a folder of policies (`*.test.yaml`). @throws CodedError `policy-invalid` */
export function readPolicyTests(folder: string): PolicyTest[] {
  let files: string[];
  try {
    files = readdirSync(folder)
      .filter((file) => /\.test\.ya?ml$/.test(file))
      .sort();
  } catch (cause) {
    throw new CodedError('policy-invalid', `the policy folder \`${folder}\` cannot be read`, { cause });
  }
  if (files.length > FILES_MAX)
    throw new CodedError('policy-invalid', `\`${folder}\` holds more than ${FILES_MAX} files of tests`);
  return files.flatMap((file) => {
    const path = join(folder, file);
    const document = yaml().parseDocument(readFileSync(path, 'utf8'), { uniqueKeys: true, strict: true });
    const problem = document.errors[0];
    if (problem) throw new CodedError('policy-invalid', `\`${path}\`: ${problem.message.split('\n')[0]}`);
    const read = fileSchema.safeParse(document.toJS({ maxAliasCount: 20 }) ?? { tests: [] });
    if (!read.success) throw new CodedError('policy-invalid', `\`${path}\`: ${describeIssue(read.error)}`);
    return read.data.tests;
  });
}

/**
 * Holds a set against the tests that lie beside its policies.
 * @throws CodedError `policy-invalid` naming the first that fails
 */
export function requirePolicyTests(set: PolicySet, folder: string | undefined): void {
  if (folder === undefined) return;
  const failed = runPolicyTests(set, readPolicyTests(folder)).find(({ passed }) => !passed);
  if (failed)
    throw new CodedError(
      'policy-invalid',
      `the policies fail their test \`${failed.name}\`: expected ${failed.expected}, got ${failed.got}`,
    );
}
