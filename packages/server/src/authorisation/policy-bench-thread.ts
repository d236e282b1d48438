import { parentPort, workerData } from 'node:worker_threads';
import { PolicySet, runPolicyTests } from '@sallyport/policy';
import type { PolicyTrial, TriedPolicies } from './policy-bench.ts';

const { text, tests } = workerData as PolicyTrial;

try {
  const set = PolicySet.load(text);
  const tried: TriedPolicies = { version: set.version, results: runPolicyTests(set, tests) };
  parentPort!.postMessage({ tried });
} catch (fault) {
  const { code, message } = fault as { code?: string; message: string };
  parentPort!.postMessage({ code: code ?? 'internal', message });
}
