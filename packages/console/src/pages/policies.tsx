import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactElement, useState } from 'react';
import type { Explanation, PolicyTestResults } from '../accounts.ts';
import { api } from '../api.ts';
import { Fault, Waiting } from '../parts/notice.tsx';
import { Status } from '../parts/status.tsx';
import { PeopleTabs } from '../parts/tabs.tsx';
import { queries } from '../queries.ts';

/** The policies that decide, why they decide as they do, and a bench to try others on. */
export function PoliciesPage(): ReactElement {
  const { data, error } = useQuery(queries.policies);
  return (
    <>
      <h1>Policies</h1>
      <PeopleTabs />
      <Explain />
      <Bench />
      <section className="panel grid gap-3" aria-labelledby="policies-title">
        <h2 id="policies-title">Policies that decide now</h2>
        <Fault fault={error} />
        {data ? (
          <>
            <p className="text-muted text-sm">
              Version <code>{data.version}</code>. What no policy permits is refused; what one forbids is
              refused whatever others permit. They lie in files; a set that does not validate, or fails its
              tests, never loads.
            </p>
            {data.policies.map((policy) => (
              <details key={policy.id}>
                <summary>
                  <Status tone={policy.effect === 'permit' ? 'good' : 'bad'}>{policy.effect}</Status>{' '}
                  {policy.id} <span className="text-muted text-sm">at the {policy.planes.join(' and ')}</span>
                </summary>
                <pre
                  className="overflow-x-auto p-2"
                  tabIndex={0}
                  role="region"
                  aria-label={`Policy ${policy.id}`}
                >
                  {policy.text.trim()}
                </pre>
              </details>
            ))}
          </>
        ) : error ? null : (
          <Waiting what="the policies" />
        )}
      </section>
    </>
  );
}

const LEVELS = ['', 'one factor', 'two factors', 'a passkey'];

function Explain(): ReactElement {
  const policies = useQuery(queries.policies);
  const people = useQuery(queries.people);
  const systems = useQuery(queries.systems);
  const explain = useMutation({
    mutationFn: (input: object) => api.post<Explanation>('/policies/explain', input),
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    explain.mutate(Object.fromEntries(new FormData(event.currentTarget)));
  };
  const { data } = explain;
  return (
    <section className="panel grid gap-3" aria-labelledby="explain-title">
      <h2 id="explain-title">May they?</h2>
      <form onSubmit={submit} className="flex flex-wrap items-end gap-3">
        <label className="field">
          <span>Who</span>
          <select className="input" name="principal">
            {(people.data ?? []).map(({ id, name }) => (
              <option key={id} value={`person:${name}`}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label className="field">
          <span>Does what</span>
          <select className="input" name="action" defaultValue="see-traffic">
            {(policies.data?.actions ?? []).map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label className="field">
          <span>With what</span>
          <select className="input" name="resource">
            <option value="organisation">everything</option>
            {(systems.data ?? []).map(({ name }) => (
              <option key={name} value={`system:${name}`}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" className="button main" disabled={explain.isPending}>
          Explain
        </button>
      </form>
      <Fault fault={explain.error} />
      {data ? (
        <div role="status" className="grid gap-2">
          <p>
            <Status tone={data.allowed ? 'good' : 'bad'}>{data.allowed ? 'permitted' : 'refused'}</Status>{' '}
            {data.policies.length > 0
              ? `by ${data.policies.map(({ id }) => id).join(', ')}`
              : data.allowed
                ? ''
                : 'no policy permits it'}
            {data.levelNeeded !== null ? `, proven with ${LEVELS[data.levelNeeded]} at least` : ''}
            {data.freshProof ? ', not more than five minutes ago' : ''}
          </p>
          {data.wouldPermit.length > 0 ? <p>Roles that would: {data.wouldPermit.join(', ')}.</p> : null}
          {data.policies.map(({ id, text }) => (
            <pre key={id} className="overflow-x-auto" tabIndex={0} role="region" aria-label={`Policy ${id}`}>
              {text}
            </pre>
          ))}
        </div>
      ) : null}
    </section>
  );
}

const EXAMPLE = {
  policies: `@id("nights")
forbid (principal is Person, action in Action::"operate", resource is System)
when { resource.environment == "production" && context.now.toTime() < duration("6h") };`,
  tests: `[
  { "name": "no changes to production at night",
    "principal": { "person": "ann", "roles": ["operator"] },
    "action": "change-systems",
    "resource": { "system": "chat", "environment": "production" },
    "at": "2026-11-20T03:00:00Z",
    "expect": "deny", "because": ["nights"] }
]`,
} as const;

function Bench(): ReactElement {
  const [wrong, setWrong] = useState<Error | null>(null);
  const run = useMutation({
    mutationFn: (input: object) => api.post<PolicyTestResults>('/policies/test', input),
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setWrong(null);
    try {
      run.mutate({ policies: form.get('policies'), tests: JSON.parse(String(form.get('tests'))) as unknown });
    } catch (fault) {
      setWrong(new Error(`the tests are not JSON: ${(fault as Error).message}`));
    }
  };
  return (
    <section className="panel grid gap-3" aria-labelledby="bench-title">
      <h2 id="bench-title">Test bench</h2>
      <p className="text-muted text-sm">
        Tries policies behind those that ship, against tests. Nothing is loaded: put what holds into files,
        with its tests beside it.
      </p>
      <form onSubmit={submit} className="grid gap-3">
        <label className="field">
          <span>Policies, in Cedar</span>
          <textarea
            className="input font-mono"
            name="policies"
            rows={5}
            defaultValue={EXAMPLE.policies}
            spellCheck={false}
          />
        </label>
        <label className="field">
          <span>Tests, in JSON</span>
          <textarea
            className="input font-mono"
            name="tests"
            rows={9}
            defaultValue={EXAMPLE.tests}
            spellCheck={false}
          />
        </label>
        <Fault fault={wrong ?? run.error} />
        <div>
          <button type="submit" className="button" disabled={run.isPending}>
            Run the tests
          </button>
        </div>
      </form>
      {run.data ? (
        <div role="status">
          <ul className="grid gap-1">
            {run.data.results.map((result) => (
              <li key={result.name}>
                <Status tone={result.passed ? 'good' : 'bad'}>{result.passed ? 'passed' : 'failed'}</Status>{' '}
                {result.name}
                {result.passed ? '' : `: expected ${result.expected}, got ${result.got}`}
              </li>
            ))}
          </ul>
        </div>
      ) : null}
    </section>
  );
}
