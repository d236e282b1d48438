import { mostTelling } from '@sallyport/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type ReactElement, useEffect, useRef, useState } from 'react';
import { api, type ExchangeProof } from '../api.ts';
import { useCallers } from '../callers.ts';
import { verifyInclusion } from '../inclusion.ts';
import { queries } from '../queries.ts';
import { count, moment, plural, spend } from '../words.ts';
import { Fault, Waiting } from './notice.tsx';
import { outcomeTone, outcomeWord, Status } from './status.tsx';
import { Timeline } from './timeline.tsx';

/** One call: how it ended, each stage, what was seen, and the proof that the record holds it. */
export function ExchangePanel({ id, onClose }: { id: string; onClose: () => void }): ReactElement {
  const { data, error } = useQuery(queries.exchange(id));
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (id) title.current?.focus();
  }, [id]);
  return (
    <aside
      className="panel w-full max-w-xl overflow-y-auto"
      aria-labelledby="call-title"
      onKeyDown={(event) => event.key === 'Escape' && onClose()}
    >
      <div className="mb-3 flex items-start justify-between gap-3">
        <h2 id="call-title" ref={title} tabIndex={-1} className="break-all">
          Call {id}
        </h2>
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
      </div>
      <Fault fault={error} />
      {data ? <Facts proof={data} /> : error ? null : <Waiting what="the call" />}
    </aside>
  );
}

/** Kinds of tokens, in words. */
const KINDS = [
  ['cacheRead', 'Read from a cache'],
  ['cacheWrite', 'Written to a cache'],
  ['reasoning', 'Reasoning'],
  ['audio', 'Audio'],
] as const;

function Facts({ proof }: { proof: ExchangeProof }): ReactElement {
  const { exchange } = proof;
  const caller = useCallers().of(exchange.actor);
  const rows: readonly (readonly [string, string])[] = [
    ['Began', moment(exchange.at)],
    [
      'Caller',
      `${caller.name === null ? caller.actor : `${caller.name} (${caller.actor})`}${exchange.synthetic ? ', our own probe' : ''}`,
    ],
    ['System', `${exchange.system ?? 'none'}, ${exchange.mode}`],
    ['Operation', `${exchange.operation ?? 'none'}${exchange.stream ? ', stream' : ''}`],
    ['Model', exchange.model ?? 'none'],
    ['Tokens', `${count(exchange.inputTokens)} in, ${count(exchange.outputTokens)} out`],
    ...KINDS.flatMap(([kind, label]): [string, string][] =>
      exchange.tokenKinds[kind] > 0 ? [[label, count(exchange.tokenKinds[kind])]] : [],
    ),
    ['Spend', spend(exchange)],
  ];
  return (
    <div className="grid gap-5">
      <p className="flex flex-wrap gap-x-4">
        <Status tone={outcomeTone(exchange.outcome, exchange.action)}>
          {outcomeWord(exchange.outcome, exchange.action)}
        </Status>
        <span className="text-muted">
          {exchange.status ? `status ${exchange.status}` : ''} {exchange.code ?? ''}
          {exchange.action !== exchange.wouldBe ? `, enforcing would ${exchange.wouldBe}` : ''}
        </span>
      </p>
      <dl className="grid grid-cols-[max-content_1fr] gap-x-5 gap-y-1 text-sm">
        {rows.map(([term, value]) => (
          <div key={term} className="contents">
            <dt className="text-muted">{term}</dt>
            <dd className="break-all">{value}</dd>
          </div>
        ))}
      </dl>
      <section className="grid gap-2" aria-labelledby="stages-title">
        <h3 id="stages-title">Stages</h3>
        <Timeline timings={exchange.timingsMs} />
      </section>
      <section className="grid gap-2" aria-labelledby="seen-title">
        <h3 id="seen-title">{plural(exchange.detections.length, 'detection')}</h3>
        <ul className="grid gap-2">
          {mostTelling(exchange.detections).map((one) => (
            <li
              key={`${one.detector} ${one.technique} ${one.location.pointer} ${one.location.start}`}
              className="text-sm"
            >
              <strong className="font-mono">
                {one.detector}/{one.technique}
              </strong>{' '}
              {one.severity}, {Math.round(one.confidence * 100)} % sure
              <br />
              <span className="text-muted">
                at <code>{one.location.pointer || '/'}</code>, characters {one.location.start} to{' '}
                {one.location.end}
                {one.view ? `, seen as ${one.view}` : ''}; {one.references.join(', ')}
              </span>
            </li>
          ))}
        </ul>
      </section>
      <Proof proof={proof} />
      <Content proof={proof} />
    </div>
  );
}

function Proof({ proof }: { proof: ExchangeProof }): ReactElement {
  const [checks, setChecks] = useState<readonly boolean[] | null>(null);
  useEffect(() => {
    let gone = false;
    const { size, rootHash } = proof.checkpoint;
    void Promise.all(proof.entries.map((entry) => verifyInclusion(entry, size, rootHash))).then(
      (all) => gone || setChecks(all),
    );
    return () => {
      gone = true;
    };
  }, [proof]);
  return (
    <section className="grid gap-2" aria-labelledby="proof-title">
      <h3 id="proof-title">In the record</h3>
      <div role="status">
        <ul className="grid gap-1 text-sm">
          {proof.entries.map((entry, i) => (
            <li key={entry.index}>
              <Status tone={checks === null ? 'idle' : checks[i] ? 'good' : 'bad'}>
                {checks === null
                  ? 'checking'
                  : checks[i]
                    ? 'proven in this browser'
                    : 'the proof does not hold'}
              </Status>{' '}
              entry {count(entry.index)}, {String(entry.leaf['type'])}
            </li>
          ))}
        </ul>
      </div>
      <p className="text-sm text-muted break-all">
        against the log of {count(proof.checkpoint.size)} entries with root{' '}
        <code>{proof.checkpoint.rootHash}</code>
      </p>
      <details className="text-sm">
        <summary className="cursor-pointer text-muted">Entries and signed checkpoint</summary>
        <pre
          className="overflow-auto rounded-md bg-ground p-2"
          tabIndex={0}
          role="region"
          aria-label="Entries as recorded"
        >
          {proof.entries.map((entry) => JSON.stringify(entry.leaf, null, 2)).join('\n')}
          {'\n\n'}
          {proof.checkpoint.note}
        </pre>
      </details>
    </section>
  );
}

function Content({ proof }: { proof: ExchangeProof }): ReactElement {
  const open = useMutation({
    mutationFn: () =>
      api.get<ExchangeProof>(`/exchanges/${encodeURIComponent(proof.exchange.id)}?content=true`),
  });
  return (
    <section className="grid gap-2" aria-labelledby="content-title">
      <h3 id="content-title">Content</h3>
      {open.data ? null : (
        <p className="text-sm">
          <button type="button" className="button" onClick={() => open.mutate()} disabled={open.isPending}>
            Open the sealed content
          </button>{' '}
          <span className="text-muted">Who opened it is recorded.</span>
        </p>
      )}
      <Fault fault={open.error} />
      {open.data?.entries.map((entry) => (
        <div key={entry.index} className="text-sm">
          <p className="text-muted">
            {entry.leaf['type'] === 'exchange-outcome' ? 'Answer' : 'Request'},{' '}
            {entry.content === null || entry.content === undefined
              ? 'not kept'
              : entry.commitmentHolds
                ? 'as committed to in the log'
                : 'kept in part'}
          </p>
          {entry.content ? (
            <pre
              className="overflow-auto rounded-md bg-ground p-2 whitespace-pre-wrap break-all"
              tabIndex={0}
              role="region"
              aria-label={`Content of entry ${entry.index}`}
            >
              {entry.content}
            </pre>
          ) : null}
        </div>
      ))}
    </section>
  );
}
